"""Telling clients that a session has ended (OpenID Connect Back-Channel Logout 1.0).

A job for each client, made by the commit that ends the session. Each attempt signs anew, as tokens
are good for minutes and a receiver may be down for hours; the `jti` is the job's and stays, so that
a receiver which answered too late recognises the repeat.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from msgspec import Struct

from bezant.identity.clients import Clients
from bezant.identity.issuers import Issuers
from bezant.identity.signing import SigningKeys
from bezant.kernel.clock import Clock
from bezant.kernel.errors import Unavailable
from bezant.kernel.jobs import Again, Done, GiveUp, Handling, Job, JobKind, Outcome, RetryPolicy
from bezant.kernel.outbound import TargetRefused, read_target
from bezant.kernel.webhooks import Sender, SendFailed

TYPE: Final = "logout+jwt"
"""Section 2.4."""

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

VALID: Final = timedelta(minutes=2)
"""Section 4: preferably two minutes at most, against replays."""

_WAIT_MAX: Final = timedelta(hours=1)
_HEADERS: Final = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "Bezant-Logout/1",
    "Cache-Control": "no-store",
}


class Ended(Struct, frozen=True):
    """A session that has ended, for one of its clients."""

    session_id: UUID
    user_id: UUID
    client_id: UUID


TELL: Final = JobKind(
    "logout.tell",
    Ended,
    RetryPolicy(attempts_max=30, age_max=timedelta(days=1), first_s=2, wait_s_max=3600),
    attempt_s_max=30,
    at_once_max=8,
)


class LogoutTokens:
    """Delivers logout tokens, as webhooks are: to checked addresses, following no redirect.

    Args:
        allow_loopback: send to this machine too, for development.
    """

    def __init__(
        self,
        clients: Clients,
        issuers: Issuers,
        keys: SigningKeys,
        clock: Clock,
        sender: Sender,
        *,
        allow_loopback: bool,
    ) -> None:
        self._clients = clients
        self._issuers = issuers
        self._keys = keys
        self._clock = clock
        self._sender = sender
        self._allow_loopback = allow_loopback

    def handling(self) -> Handling[Ended]:
        """For the runner."""
        return Handling(TELL, self.tell)

    async def close(self) -> None:
        """Close connections."""
        await self._sender.close()

    async def tell(self, job: Job[Ended]) -> Outcome:
        """One attempt. Section 2.8: 200 is success; many frameworks make a 204 of it."""
        client = await self._clients.find(job.tenant_id, str(job.payload.client_id))
        # What the client is now counts: it may have been disabled, or want to know no more.
        if client is None or client.disabled_at is not None or client.logout_uri is None:
            return Done()
        try:
            target = read_target(client.logout_uri, allow_loopback=self._allow_loopback)
        except TargetRefused:
            return GiveUp("address_refused")
        try:
            token = await self._token(job)
        except Unavailable:
            return Again("signing_unavailable")
        body = urlencode({"logout_token": token}).encode("ascii")
        try:
            reply = await self._sender.post(target, _HEADERS, body)
        except SendFailed as failed:
            return Again(failed.reason)
        if reply.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
            return Done()
        return Again(f"answered {reply.status}", wait=_wait(reply.retry_after_s))

    async def _token(self, job: Job[Ended]) -> str:
        ended, now = job.payload, self._clock.now()
        claims: dict[str, Any] = {
            "iss": self._issuers.of(job.tenant_id).url,
            "aud": str(ended.client_id),
            "iat": int(now.timestamp()),
            "exp": int((now + VALID).timestamp()),
            "jti": str(job.id),
            "sub": str(ended.user_id),
            "sid": str(ended.session_id),
            "events": {EVENT: {}},
        }
        return await self._keys.sign(job.tenant_id, claims, typ=TYPE)


def _wait(retry_after_s: int | None) -> timedelta | None:
    return None if retry_after_s is None else min(timedelta(seconds=retry_after_s), _WAIT_MAX)
