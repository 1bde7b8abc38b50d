"""A client's management of its own registration (RFC 7592): reading, updating, deleting.

An update may never make a client more than it registered as: `Limits` holds for it as for the
registration, and how it authenticates, its profile and what its tokens are bound to stay.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bezant.identity.clients import (
    Binding,
    CertificateRefused,
    Client,
    Clients,
    NewOAuthClient,
    disable_client,
    replace_client,
)
from bezant.identity.grants import GrantService
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.registration import metadata, store
from bezant.identity.registration.committing import Desk
from bezant.identity.registration.domain import Limits, Once, Statement
from bezant.identity.registration.errors import RegistrationChanged, RegistrationTokenInvalid
from bezant.identity.registration.metadata import BY_CERTIFICATE, invalid
from bezant.identity.registration.reading import (
    SignedRequests,
    bearer_of,
    members_of,
    refused_token,
)
from bezant.identity.registration.registering import information
from bezant.identity.registration.secrets import REGISTRATION, SECRET_BYTES, digest, write_secret
from bezant.identity.registration.statements import Statements
from bezant.kernel.calls import Answer

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

# RFC 7592, section 2.2: what an update must not hold.
_NOT_ITS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
    "client_secret",
)

_limits: Final = msgspec.json.Decoder(Limits)


@dataclass(frozen=True, slots=True)
class Managed:
    """A client whose registration access token was presented.

    Attributes:
        token: the token.
        row: its registration.
    """

    client: Client
    token: str
    row: "asyncpg.Record"

    @property
    def software(self) -> dict[str, str | None]:
        """Which software it is: whatever an update says, it stays the same."""
        return {name: self.row[name] for name in ("software_id", "software_version")}


@dataclass(frozen=True, slots=True)
class Update:
    """What a client may become.

    Attributes:
        statement: a new one, if it came with one.
    """

    new: NewOAuthClient
    limits: Limits
    statement: Statement | None
    signed: Once | None


class ManagementEndpoint:
    """`{issuer}/register/{client}`."""

    def __init__(
        self,
        desk: Desk,
        clients: Clients,
        grants: GrantService,
        statements: Statements,
        signed: SignedRequests,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._desk = desk
        self._clients = clients
        self._grants = grants
        self._statements = statements
        self._signed = signed
        self._random_bytes = random_bytes

    async def read(self, request: ProtocolRequest) -> ProtocolAnswer:
        """Tell a client what it is registered as.

        Raises:
            OAuthError: `invalid_token`.
        """
        managed = await self._admit(request)
        client, row = managed.client, managed.row
        if row["former_token_hash"] not in {None, digest(managed.token)}:
            # The successor arrived: what it replaced has served its time.
            await self._desk.database.transaction(
                lambda connection: connection.execute(
                    store.FORGET_FORMER, client.tenant_id, client.id, row["token_hash"]
                )
            )
        new = metadata.registered(client)
        told = information(request.issuer, client, new, managed.software, managed.token)
        return ProtocolAnswer.json(200, told)

    async def update(self, request: ProtocolRequest) -> ProtocolAnswer:
        """Replace what a client is registered as, and its registration access token.

        Raises:
            OAuthError: in the words of RFC 7591, section 3.2.2, or `invalid_token`.
        """
        managed = await self._admit(request)
        desk, client = self._desk, managed.client
        actor = f"client:{client.id}"
        call = desk.call(request.issuer, client.id, actor, "oauth_client.update")
        members = members_of(request)
        try:
            update = await self._judge(request, managed, members)
        except OAuthError as error:
            await desk.refuse(call, error)
            raise
        token = write_secret(REGISTRATION, self._random_bytes(SECRET_BYTES))
        software = managed.software
        if update.statement is not None:
            software["software_version"] = update.statement.software_version

        async def work(connection: "Connection") -> Answer:
            await desk.use(connection, client.tenant_id, update.statement, update.signed)
            await self._write(connection, managed, update, digest(token), software)
            await desk.tell(connection, call, "oauth_client.updated", client.id)
            return Answer(200, b"")

        await desk.commit(call, work)
        told = information(request.issuer, client, update.new, software, token)
        if "software_statement" in members:
            told["software_statement"] = members["software_statement"]
        return ProtocolAnswer.json(200, told)

    async def delete(self, request: ProtocolRequest) -> ProtocolAnswer:
        """End a client, its grants and its tokens: within a second in every process.

        Raises:
            OAuthError: `invalid_token`.
        """
        managed = await self._admit(request)
        desk, client = self._desk, managed.client
        actor = f"client:{client.id}"
        call = desk.call(request.issuer, client.id, actor, "oauth_client.delete")

        async def work(connection: "Connection") -> Answer:
            now = desk.clock.now()
            deleted = await connection.fetchrow(
                store.DELETE_REGISTRATION, client.tenant_id, client.id, digest(managed.token), now
            )
            if deleted is None:
                raise RegistrationTokenInvalid("The client was deleted, or its token replaced.")
            await disable_client(connection, client.tenant_id, client.id, now)
            await self._grants.end_of_client(connection, client.tenant_id, client.id, now)
            await desk.tell(connection, call, "oauth_client.disabled", client.id)
            return Answer(204, b"")

        await desk.commit(call, work)
        return ProtocolAnswer.empty(204)

    async def _admit(self, request: ProtocolRequest) -> Managed:
        """The client whose registration access token this is; by certificate, with it too."""
        self._desk.admit(request)
        token, named = bearer_of(request), request.path["client"]
        client = await self._clients.find(request.issuer.tenant_id, named)
        row = None
        if client is not None:
            row = await self._desk.database.fetchrow(
                store.FIND_REGISTRATION, client.tenant_id, client.id
            )
        if client is None or row is None or token is None or not _fits(token, row):
            raise refused_token("There is no such client with such a token.")
        try:
            await self._desk.prove(client, request.certificate)
        except CertificateRefused as refused:
            raise refused_token(str(refused)) from None
        return Managed(client, token, row)

    async def _judge(
        self, request: ProtocolRequest, managed: Managed, members: Mapping[str, Any]
    ) -> Update:
        """What the client would become, if it may."""
        client = managed.client
        if members.get("client_id") != str(client.id):
            raise invalid("The client_id is that of the client.")
        if not members.keys().isdisjoint(_NOT_ITS):
            raise invalid("The issuer's own members are not the client's to change.")
        statement, limits = await self._statement(managed, members)
        said = metadata.read(_completed(members, client), limits)
        new = metadata.shape(said, client.profile, limits)
        self._desk.check(new)
        metadata.require_within(new, limits)
        kept = (client.authentication, client.binding, client.profile)
        if (new.authentication, new.binding, new.profile) != kept:
            raise invalid("How a client authenticates, and its profile, are registered for good.")
        signed = await self._check_signature(request, managed)
        if signed is None and not limits.states_keys and _changes_keys(client, new):
            raise invalid("Keys are changed by a request that one of the present keys signed.")
        try:
            at = client.created_at
            changed = metadata.client_of(new, client.id, client.tenant_id, at)
            await self._desk.prove(changed, request.certificate)
        except CertificateRefused as refused:
            raise invalid(str(refused)) from None
        return Update(new, limits, statement, signed)

    async def _statement(
        self, managed: Managed, members: Mapping[str, Any]
    ) -> tuple[Statement | None, Limits]:
        """The statement that comes with an update, if it is a new one; and what holds now."""
        row, text = managed.row, members.get("software_statement")
        limits, issuer = _limits.decode(row["limits"]), row["statement_issuer"]
        tenant_id = managed.client.tenant_id
        if issuer is None:
            if text is not None:
                raise _swapped("The client registered without a statement.")
            return None, limits
        # The tenant may trust the issuer no longer, or for less.
        trusted = await self._statements.trusted(tenant_id, issuer)
        if text is None or _is_same(text, row["statement_hash"]):
            narrowed = limits.scopes & frozenset(trusted.scopes)
            by_default = limits.scopes_by_default & narrowed
            return None, msgspec.structs.replace(
                limits, scopes=narrowed, scopes_by_default=by_default
            )
        statement = await self._statements.judge(tenant_id, text)
        is_its = statement.software_id is not None and statement.software_id == row["software_id"]
        if statement.issuer != issuer or not is_its:
            raise _swapped("The statement is about other software.")
        return statement, statement.limits.renewing(limits, managed.client)

    async def _check_signature(self, request: ProtocolRequest, managed: Managed) -> Once | None:
        """Whether one of the present keys signed the request."""
        if request.token is None:
            return None
        client, software_id = managed.client, managed.row["software_id"]
        signers = [str(client.id)]
        if software_id is not None and managed.row["statement_issuer"] is not None:
            signers.append(software_id)
        return await self._signed.check(request, (client.jwks, client.jwks_uri), signers)

    async def _write(
        self,
        connection: "Connection",
        managed: Managed,
        update: Update,
        token_hash: bytes,
        software: Mapping[str, str | None],
    ) -> None:
        """Write what was judged, if nothing of what that relied on has changed since."""
        client, row, statement = managed.client, managed.row, update.statement
        is_written = await replace_client(
            connection,
            client.tenant_id,
            client.id,
            update.new,
            at=self._desk.clock.now(),
            seen=row["changed_at"],
        )
        if not is_written:
            raise RegistrationChanged("Read the client, and ask again.")
        updated = await connection.fetchrow(
            store.UPDATE_REGISTRATION,
            client.tenant_id,
            client.id,
            digest(managed.token),
            token_hash,
            msgspec.json.encode(update.limits),
            row["statement_id"] if statement is None else statement.jti,
            row["statement_hash"] if statement is None else statement.digest,
            software["software_version"],
            row["token_hash"],
        )
        if updated is None:
            raise RegistrationChanged("Read the client, and ask again.")


def _fits(token: str, row: "asyncpg.Record") -> bool:
    """Whether a token is the registration's, or the one that it had before, unless that is gone."""
    presented, former = digest(token), row["former_token_hash"] or b""
    is_current = hmac.compare_digest(presented, row["token_hash"])
    return is_current or hmac.compare_digest(presented, former)


def _is_same(text: object, statement_hash: bytes) -> bool:
    if not isinstance(text, str):
        return False
    return hmac.compare_digest(hashlib.sha256(text.encode()).digest(), statement_hash)


def _completed(members: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """An update that leaves out what cannot change leaves it as it is."""
    completed = {name: value for name, value in members.items() if value is not None}
    completed.setdefault("token_endpoint_auth_method", client.authentication.value)
    bound = ("tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens")
    if completed.keys().isdisjoint(bound):
        completed[bound[client.binding is Binding.DPOP]] = True
    return completed


def _changes_keys(client: Client, new: NewOAuthClient) -> bool:
    """Whether an update has other keys; whoever shows its certificate may change them."""
    if client.authentication in BY_CERTIFICATE:
        return False
    present = None if client.jwks is None else dict(client.jwks)
    return (new.jwks, new.jwks_uri) != (present, client.jwks_uri)


def _swapped(reason: str) -> OAuthError:
    return OAuthError("invalid_software_statement", reason)
