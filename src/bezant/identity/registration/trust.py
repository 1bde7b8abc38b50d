"""Whom a tenant trusts to register clients: issuers of software statements, and tokens it made."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.identity.clients import (
    Authentication,
    ClientKeysChange,
    InvalidClientMetadata,
    Profile,
    check_keys,
    check_scopes,
)
from bezant.identity.jose import KeyFetcher
from bezant.identity.registration import store
from bezant.identity.registration.errors import (
    InitialAccessTokenNotFound,
    StatementIssuerExists,
    StatementIssuerInvalid,
    StatementIssuerNotFound,
)
from bezant.identity.registration.schemas import (
    InitialAccessToken,
    InitialAccessTokens,
    IssuedInitialAccessToken,
    NewInitialAccessToken,
    NewStatementIssuer,
    Registration,
    Registrations,
    StatementIssuer,
    StatementIssuers,
)
from bezant.identity.registration.secrets import INITIAL, SECRET_BYTES, digest, write_secret
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)


class TrustService:
    """What lets clients register themselves, as a tenant's administrators see it.

    Writes are audited. Whoever lets clients ask for scopes of the API holds these scopes.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        fetcher: KeyFetcher,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._fetcher = fetcher
        self._random_bytes = random_bytes

    async def trust(
        self, call: Call, new: NewStatementIssuer, *, granted: frozenset[str] | None = None
    ) -> Answer:
        """Take an issuer's statements from now on (201 `StatementIssuer`)."""
        issuer_id = self._ids.new()

        async def work(connection: "Connection") -> Answer:
            check_scopes(new.scopes, granted)
            self._check_keys(new)
            made = StatementIssuer(
                id=issuer_id,
                issuer=new.issuer,
                jwks=new.jwks,
                jwks_uri=new.jwks_uri,
                profile=new.profile,
                scopes=sorted({*new.scopes}),
                created_at=self._clock.now(),
            )
            inserted = await connection.fetchrow(
                store.INSERT_ISSUER,
                call.tenant_id,
                made.id,
                made.issuer,
                None if made.jwks is None else json.dumps(made.jwks).encode(),
                made.jwks_uri,
                made.profile.value,
                made.scopes,
                made.created_at,
            )
            if inserted is None:
                raise StatementIssuerExists("Remove the issuer to change its keys.", field="issuer")
            await self._tell(connection, call, "software_statement_issuer.created", issuer_id)
            return Answer.of(made, 201)

        return await once(self._database, self._clock, call, work)

    async def distrust(self, call: Call, issuer_id: UUID) -> Answer:
        """Take no further statement of an issuer (200 `StatementIssuer`, as it was).

        Clients that it let register stay; they can be updated no more.
        """

        async def work(connection: "Connection") -> Answer:
            row = await connection.fetchrow(store.DELETE_ISSUER, call.tenant_id, issuer_id)
            if row is None:
                raise StatementIssuerNotFound("There is no such issuer.")
            await self._tell(connection, call, "software_statement_issuer.removed", issuer_id)
            return Answer.of(issuer_of(row))

        return await once(self._database, self._clock, call, work)

    async def issue(
        self, call: Call, new: NewInitialAccessToken, *, granted: frozenset[str] | None = None
    ) -> Answer:
        """Make an initial access token (201 `IssuedInitialAccessToken`).

        What is stored of the answer has no text of it, so that a database that leaks lets nobody
        register.
        """
        token_id, text = self._ids.new(), write_secret(INITIAL, self._random_bytes(SECRET_BYTES))

        async def work(connection: "Connection") -> Answer:
            check_scopes(new.scopes, granted)
            now = self._clock.now()
            made = InitialAccessToken(
                id=token_id,
                name=new.name,
                profile=new.profile,
                scopes=sorted({*new.scopes}),
                uses_left=new.uses,
                created_at=now,
                expires_at=now + timedelta(seconds=new.expires_in_s),
            )
            await connection.execute(
                store.INSERT_INITIAL,
                call.tenant_id,
                made.id,
                digest(text),
                made.name,
                made.profile.value,
                made.scopes,
                made.uses_left,
                made.created_at,
                made.expires_at,
            )
            await self._tell(connection, call, "initial_access_token.created", token_id)
            return Answer.of(IssuedInitialAccessToken(made), 201)

        answer = await once(self._database, self._clock, call, work)
        if answer.is_refusal or answer.is_replay:
            return answer
        issued = answer.value(IssuedInitialAccessToken)
        return Answer.of(msgspec.structs.replace(issued, token=text), answer.status)

    async def revoke(self, call: Call, token_id: UUID) -> Answer:
        """Let nobody register by a token any more (200 `InitialAccessToken`); again is no error."""

        async def work(connection: "Connection") -> Answer:
            found = await connection.fetchrow(store.READ_INITIAL, call.tenant_id, token_id)
            if found is None:
                raise InitialAccessTokenNotFound("There is no such token.")
            token = _token_of(found)
            if token.revoked_at is None:
                token = msgspec.structs.replace(token, revoked_at=self._clock.now())
                await connection.execute(
                    store.REVOKE_INITIAL, call.tenant_id, token_id, token.revoked_at
                )
                await self._tell(connection, call, "initial_access_token.revoked", token_id)
            return Answer.of(token)

        return await once(self._database, self._clock, call, work)

    async def issuers(self, tenant_id: UUID, *, after: str | None, limit: int) -> StatementIssuers:
        """A tenant's issuers, oldest first, after the one with the identifier `after`."""
        rows = await self._page(store.LIST_ISSUERS, tenant_id, after, limit)
        page = [issuer_of(row) for row in rows[:limit]]
        return StatementIssuers(page, str(page[-1].id) if len(rows) > limit else None)

    async def tokens(
        self, tenant_id: UUID, *, after: str | None, limit: int
    ) -> InitialAccessTokens:
        """A tenant's initial access tokens, in the same way."""
        rows = await self._page(store.LIST_INITIAL, tenant_id, after, limit)
        page = [_token_of(row) for row in rows[:limit]]
        return InitialAccessTokens(page, str(page[-1].id) if len(rows) > limit else None)

    async def registrations(
        self, tenant_id: UUID, *, after: str | None, limit: int
    ) -> Registrations:
        """Which of a tenant's clients registered themselves, in the same way."""
        rows = await self._page(store.LIST_REGISTRATIONS, tenant_id, after, limit)
        page = [_registration_of(row) for row in rows[:limit]]
        return Registrations(page, str(page[-1].client_id) if len(rows) > limit else None)

    async def _page(
        self, statement: str, tenant_id: UUID, after: str | None, limit: int
    ) -> "list[asyncpg.Record]":
        start = _BEFORE_ALL if after is None else UUID(after)
        return await self._database.fetch(statement, tenant_id, start, limit + 1)

    def _check_keys(self, new: NewStatementIssuer) -> None:
        """The rules of clients' keys hold for those of issuers too."""
        keys = ClientKeysChange(new.jwks, new.jwks_uri)
        try:
            check_keys(Authentication.PRIVATE_KEY_JWT, Profile.FAPI2, keys, self._fetcher)
        except InvalidClientMetadata as refused:
            raise StatementIssuerInvalid(
                refused.detail.replace("client", "issuer"), field=refused.field
            ) from None

    async def _tell(self, connection: "Connection", call: Call, kind: str, subject: UUID) -> None:
        path = "software-statement-issuers" if "issuer" in kind else "initial-access-tokens"
        row = event(self._ids.new(), kind, f"/v1/{path}/{subject}", self._clock.now())
        await write_rows(connection, call.tenant_id, [row])


def issuer_of(row: "asyncpg.Record") -> StatementIssuer:
    """The issuer of a row."""
    return StatementIssuer(
        id=row["issuer_id"],
        issuer=row["issuer"],
        jwks=None if row["jwks"] is None else json.loads(row["jwks"]),
        jwks_uri=row["jwks_uri"],
        profile=Profile(row["profile"]),
        scopes=list(row["scopes"]),
        created_at=row["created_at"],
    )


def _token_of(row: "asyncpg.Record") -> InitialAccessToken:
    return InitialAccessToken(
        id=row["token_id"],
        name=row["name"],
        profile=Profile(row["profile"]),
        scopes=list(row["scopes"]),
        uses_left=row["uses_left"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


def _registration_of(row: "asyncpg.Record") -> Registration:
    return Registration(
        client_id=row["client_id"],
        initial_access_token=row["initial_access_token"],
        software_statement_issuer=row["statement_issuer"],
        software_statement_id=row["statement_id"],
        software_id=row["software_id"],
        software_version=row["software_version"],
        registered_at=row["registered_at"],
        deleted_at=row["deleted_at"],
    )
