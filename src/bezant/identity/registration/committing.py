"""What registration and management have in common: their rules, limits, audit and answers."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.clients import (
    CertificateJudge,
    CertificateRefused,
    Client,
    InvalidClientMetadata,
    InvalidRedirectUri,
    NewOAuthClient,
    check_client,
)
from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.issuers import Endpoint, Issuer
from bezant.identity.jose import KeyFetcher
from bezant.identity.proofs import UsedProofs
from bezant.identity.registration.domain import Once, Statement
from bezant.identity.registration.errors import (
    RegistrationChanged,
    RegistrationTokenInvalid,
    SignedRequestUsed,
    SoftwareStatementUsed,
)
from bezant.identity.registration.metadata import BY_CERTIFICATE
from bezant.identity.registration.reading import refused_token
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.http import RateLimited, TokenBuckets
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_OF_ONE_CALL: Final = ("audit_entry_pkey", "oauth_client_pkey")

PER_S_MAX: Final = 5
BURST_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """What requests about registrations are served with.

    Attributes:
        fetcher: tells where keys would be fetched.
        used: tells statements and signed requests that were used before.
        judge: knows certificates; None where none are taken.
        buckets: how often an address may come; each attempt may have keys fetched.
    """

    database: Database
    clock: Clock
    ids: Ids
    fetcher: KeyFetcher
    used: UsedProofs
    judge: CertificateJudge | None
    buckets: TokenBuckets

    def admit(self, request: ProtocolRequest) -> None:
        """Let an address ask.

        Raises:
            RateLimited: not at this rate.
        """
        wait_s = self.buckets.take(f"{request.issuer.tenant_id} {request.address}")
        if wait_s:
            raise RateLimited("Fewer registrations at a time.", retry_after_s=int(wait_s) + 1)

    def check(self, new: NewOAuthClient) -> None:
        """The rules of all clients.

        Raises:
            OAuthError: `invalid_redirect_uri`, `invalid_client_metadata`.
        """
        if new.authentication in BY_CERTIFICATE and self.judge is None:
            raise OAuthError("invalid_client_metadata", "No certificates are taken here.")
        try:
            check_client(new, self.fetcher)
        except InvalidRedirectUri as refused:
            raise OAuthError("invalid_redirect_uri", refused.detail) from None
        except InvalidClientMetadata as refused:
            raise OAuthError("invalid_client_metadata", refused.detail) from None

    async def prove(self, client: Client, certificate: PresentedCertificate | None) -> None:
        """Who authenticates by a certificate shows it here too: nobody registers another's.

        Raises:
            CertificateRefused: it is not there, or not the client's.
        """
        if client.authentication not in BY_CERTIFICATE:
            return
        if self.judge is None or certificate is None:
            raise CertificateRefused("Show the client's certificate, at the mTLS endpoint.")
        await self.judge.judge(client, certificate)

    def call(self, issuer: Issuer, client_id: UUID, actor: str, action: str) -> Call:
        """A call, for the audit log."""
        resource = f"/id/{issuer.tenant_id}/{Endpoint.REGISTRATION}/{client_id}"
        return Call(self.ids.new(), issuer.tenant_id, actor, action, resource, "http")

    async def refuse(self, call: Call, error: OAuthError) -> None:
        """Write down what somebody who is trusted was refused."""
        await audit.write(self.database, self.clock, call, Answer(error.status, b""))

    async def commit(self, call: Call, work: "Callable[[Connection], Awaitable[Answer]]") -> None:
        """Do what was judged, with its audit entry.

        Raises:
            OAuthError: something changed since, or is used up.
        """
        try:
            answer = await once(self.database, self.clock, call, work)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name not in _OF_ONE_CALL:
                raise
            # These keys are of this call alone: its first commit took effect, and the answer to
            # that was lost. What would be told of it is known.
            return
        _require_done(answer)

    async def use(
        self,
        connection: "Connection",
        tenant_id: UUID,
        statement: Statement | None,
        signed: Once | None,
    ) -> None:
        """Use up what is good for one use, within the commit.

        Raises:
            SoftwareStatementUsed: it was used before.
            SignedRequestUsed: it was.
        """
        use = self.used.use_within
        if statement is not None and not await use(
            connection, tenant_id, statement.use, statement.until
        ):
            raise SoftwareStatementUsed("A software statement makes one client.")
        if signed is not None and not await use(connection, tenant_id, signed.name, signed.until):
            raise SignedRequestUsed("Sign a new request.")

    async def tell(self, connection: "Connection", call: Call, kind: str, client_id: UUID) -> None:
        """An event about a client."""
        row = event(self.ids.new(), kind, f"/v1/oauth-clients/{client_id}", self.clock.now())
        await write_rows(connection, call.tenant_id, [row])


def manager_of(issuer: Issuer, client: Client) -> str:
    """Where a client manages its registration: with its certificate, where it has one."""
    url = issuer.at(Endpoint.REGISTRATION)
    if client.authentication in BY_CERTIFICATE:
        url = issuer.at_mtls(Endpoint.REGISTRATION) or url
    return f"{url}/{client.id}"


def _require_done(answer: Answer) -> None:
    """Go on if the commit did what it should.

    Raises:
        OAuthError: it was declined.
    """
    if not answer.is_refusal:
        return
    code = msgspec.json.decode(answer.body, type=dict[str, Any])["code"]
    if code == RegistrationTokenInvalid.code:
        raise refused_token("The token is unknown, used up, expired or revoked.")
    if code == SoftwareStatementUsed.code:
        raise OAuthError("invalid_software_statement", "It was used before.")
    if code == SignedRequestUsed.code:
        raise OAuthError("invalid_client_metadata", "The signed request was used before.")
    assert code == RegistrationChanged.code
    raise OAuthError("invalid_request", RegistrationChanged.title, HTTPStatus.CONFLICT)
