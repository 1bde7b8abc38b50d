"""Requests that nobody is to be asked about (`prompt=none`; OpenID Connect Core, section 3.1.2.1).

They succeed where the browser's own session is what was asked for and the user has consented to as
much before. What is given so hangs on that consent: it ends with it.
"""

import os
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import msgspec

from bezant.identity.authorization.committing import commit
from bezant.identity.authorization.deciding import take, wanted
from bezant.identity.authorization.domain import AuthorizationRequest
from bezant.identity.authorization.giving import Giving
from bezant.identity.authorization.ports import Visitors
from bezant.identity.authorization.responses import Responses
from bezant.identity.authorization.secrets import SECRET_BYTES, write_secret
from bezant.identity.http import ProtocolRequest
from bezant.identity.logins import Login
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_SAID: Final = {
    "login_required": "The user has to log in.",
    "consent_required": "The user has to consent.",
    "interaction_required": "The user has to be asked about this.",
}


class Waiting(NamedTuple):
    """A request that a browser came with.

    Attributes:
        browser: what its interaction is bound to.
    """

    id: UUID
    browser: str
    asked: AuthorizationRequest
    begun_at: datetime


class Silent:
    """Answers without a page."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        giving: Giving,
        responses: Responses,
        visitors: Visitors,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._giving = giving
        self._responses = responses
        self._visitors = visitors
        self._random_bytes = random_bytes

    async def decide(self, request: ProtocolRequest, waiting: Waiting) -> str:
        """The URL that the browser is sent to, with a code or with what stands in its way."""
        login = await self._login(request, waiting)
        issuer, asked = request.issuer, waiting.asked
        code = write_secret(self._random_bytes(SECRET_BYTES))
        # Before the commit: where the answer cannot be signed, nothing has been decided.
        url = await self._responses.url(issuer, asked, {"code": code})

        async def work(connection: "Connection") -> str | None:
            at = self._clock.now()
            await take(connection, issuer.tenant_id, waiting.id, waiting.browser, at)
            if login is None:
                return "login_required"
            return await self._give(connection, issuer.tenant_id, asked, login, code, at)

        error = await commit(self._database, work)
        if error is None:
            return url
        told = {"error": error, "error_description": _SAID[error]}
        return await self._responses.url(issuer, asked, told)

    async def _login(self, request: ProtocolRequest, waiting: Waiting) -> Login | None:
        """Who is logged in, if that is who was asked for, as strongly and as newly."""
        login, asked = await self._visitors.login(request), waiting.asked
        now = self._clock.now()
        if login is None or not asked.is_met_by(login, begun_at=waiting.begun_at, now=now):
            return None
        hint, tenant_id = asked.login_hint, request.issuer.tenant_id
        is_other = hint is not None and not await self._visitors.is_called(
            tenant_id, login.user_id, hint
        )
        return None if is_other else login

    async def _give(
        self,
        connection: "Connection",
        tenant_id: UUID,
        asked: AuthorizationRequest,
        login: Login,
        code: str,
        at: datetime,
    ) -> str | None:
        """Give what is covered by a consent; the error, where it is not."""
        if asked.details:
            # A payment or a mandate is approved by who looks at it, each time.
            return "interaction_required"
        new = wanted(asked, login)
        consent = await self._giving.covering(connection, tenant_id, new, at)
        if consent is None:
            return "consent_required"
        new = msgspec.structs.replace(new, until=consent.until, derived_from=consent.id)
        is_given = await self._giving.give(connection, tenant_id, asked, new, code, at)
        return None if is_given else "login_required"
