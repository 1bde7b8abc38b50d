"""Dynamic registration (RFC 7591): by a software statement, or by a token that the tenant made."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from bezant.identity.clients import (
    CertificateRefused,
    Client,
    NewOAuthClient,
    Profile,
    insert_client,
)
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolRequest
from bezant.identity.issuers import Issuer
from bezant.identity.registration import metadata, store
from bezant.identity.registration.committing import Desk, manager_of
from bezant.identity.registration.domain import Limits, Once, Statement
from bezant.identity.registration.errors import RegistrationTokenInvalid
from bezant.identity.registration.metadata import ClientMetadata, invalid
from bezant.identity.registration.reading import (
    SignedRequests,
    bearer_of,
    members_of,
    refused_token,
)
from bezant.identity.registration.secrets import REGISTRATION, SECRET_BYTES, digest, write_secret
from bezant.identity.registration.statements import Statements
from bezant.kernel.calls import Answer

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


@dataclass(frozen=True, slots=True)
class Ground:
    """Why somebody may register: a statement, or a token.

    Attributes:
        actor: for the audit log.
    """

    actor: str
    profile: Profile
    limits: Limits
    statement: Statement | None = None
    token_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A client that may be registered."""

    client: Client
    new: NewOAuthClient
    said: ClientMetadata
    ground: Ground
    signed: Once | None

    @property
    def software(self) -> dict[str, str | None]:
        """Which software it is: by its statement if it has one, else by its own word."""
        known = self.said if self.ground.statement is None else self.ground.statement
        return {"software_id": known.software_id, "software_version": known.software_version}


class RegistrationEndpoint:
    """`POST {issuer}/register`."""

    def __init__(
        self,
        desk: Desk,
        statements: Statements,
        signed: SignedRequests,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._desk = desk
        self._statements = statements
        self._signed = signed
        self._random_bytes = random_bytes

    async def register(self, request: ProtocolRequest) -> ProtocolAnswer:
        """Register a client.

        Raises:
            OAuthError: in the words of RFC 7591, section 3.2.2, or `invalid_token`.
            RateLimited: too often.
        """
        desk, client_id = self._desk, self._desk.ids.new()
        desk.admit(request)
        members = members_of(request)
        ground = await self._ground(request, members)
        call = desk.call(request.issuer, client_id, ground.actor, "oauth_client.register")
        try:
            judged = await self._judge(request, members, ground, client_id)
        except OAuthError as error:
            await desk.refuse(call, error)
            raise
        token = write_secret(REGISTRATION, self._random_bytes(SECRET_BYTES))

        async def work(connection: "Connection") -> Answer:
            await self._write(connection, judged, digest(token))
            await desk.tell(connection, call, "oauth_client.registered", client_id)
            return Answer(201, b"")

        await desk.commit(call, work)
        told = information(request.issuer, judged.client, judged.new, judged.software, token)
        if ground.statement is not None:
            told["software_statement"] = members["software_statement"]
        return ProtocolAnswer.json(201, told)

    async def _ground(self, request: ProtocolRequest, members: Mapping[str, Any]) -> Ground:
        """Why this may be registered, if it may."""
        token, text = bearer_of(request), members.get("software_statement")
        tenant_id = request.issuer.tenant_id
        if token is not None and text is not None:
            raise OAuthError("invalid_request", "Register by a statement or by a token, not both.")
        if text is not None:
            statement = await self._statements.judge(tenant_id, text)
            actor = f"software_statement_issuer:{statement.issuer_id}"
            return Ground(actor, statement.profile, statement.limits, statement)
        if token is None:
            raise refused_token("An initial access token or a software statement is needed.")
        row = await self._desk.database.fetchrow(
            store.FIND_INITIAL, tenant_id, digest(token), self._desk.clock.now()
        )
        if row is None:
            raise refused_token("The token is unknown, used up, expired or revoked.")
        return Ground(
            f"initial_access_token:{row['token_id']}",
            Profile(row["profile"]),
            Limits(scopes=frozenset(row["scopes"])),
            token_id=row["token_id"],
        )

    async def _judge(
        self,
        request: ProtocolRequest,
        members: Mapping[str, Any],
        ground: Ground,
        client_id: UUID,
    ) -> Judged:
        """The client that would be, if all rules let it be."""
        desk, limits = self._desk, ground.limits
        signed = await self._check_signature(request, ground)
        said = metadata.read(members, limits)
        new = metadata.shape(said, ground.profile, limits)
        desk.check(new)
        metadata.require_within(new, limits)
        client = metadata.client_of(new, client_id, request.issuer.tenant_id, desk.clock.now())
        try:
            await desk.prove(client, request.certificate)
        except CertificateRefused as refused:
            raise invalid(str(refused)) from None
        return Judged(client, new, said, ground, signed)

    async def _check_signature(self, request: ProtocolRequest, ground: Ground) -> Once | None:
        if request.token is None:
            return None
        statement = ground.statement
        if statement is None or statement.software_id is None or not statement.limits.states_keys:
            # Keys that come with the request itself would prove nothing.
            raise invalid("A request is signed by the software that its statement has keys of.")
        stated = statement.limits.stated
        keys = (stated.get("jwks"), stated.get("jwks_uri"))
        return await self._signed.check(request, keys, [statement.software_id])

    async def _write(self, connection: "Connection", judged: Judged, token_hash: bytes) -> None:
        """Use up what lets the client register, and write it."""
        client, ground = judged.client, judged.ground
        now = self._desk.clock.now()
        if ground.token_id is not None:
            used = await connection.fetchrow(
                store.USE_INITIAL, client.tenant_id, ground.token_id, now
            )
            if used is None:
                raise RegistrationTokenInvalid("The token is used up.")
        await self._desk.use(connection, client.tenant_id, ground.statement, judged.signed)
        await insert_client(connection, client.tenant_id, client.id, judged.new, client.created_at)
        statement = ground.statement
        limits = ground.limits.settled(judged.new, is_stated=statement is not None)
        await connection.execute(
            store.INSERT_REGISTRATION,
            client.tenant_id,
            client.id,
            token_hash,
            msgspec.json.encode(limits),
            ground.token_id,
            None if statement is None else statement.issuer,
            None if statement is None else statement.jti,
            None if statement is None else statement.digest,
            judged.software["software_id"],
            judged.software["software_version"],
            client.created_at,
        )


def information(
    issuer: Issuer,
    client: Client,
    new: NewOAuthClient,
    software: Mapping[str, str | None],
    token: str,
) -> dict[str, Any]:
    """What a client is told of its registration (RFC 7592, section 3)."""
    return {
        "client_id": str(client.id),
        "client_id_issued_at": int(client.created_at.timestamp()),
        "registration_access_token": token,
        "registration_client_uri": manager_of(issuer, client),
        **metadata.describe(new),
        **{name: value for name, value in software.items() if value is not None},
    }
