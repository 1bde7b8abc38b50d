"""Finding clients."""

import json
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.identity.clients import store
from bezant.identity.clients.domain import (
    Authentication,
    Backchannel,
    Binding,
    Client,
    Profile,
)
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg


_READ_MAX: Final = 1_000
_backchannel: Final = msgspec.json.Decoder(Backchannel)


class Clients:
    """A tenant's clients, as they are now: a client that was disabled is so at once.

    The row is read each time; what it says is read again only if it changed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: dict[tuple[UUID, UUID], tuple[asyncpg.Record, Client]] = {}

    async def find(self, tenant_id: UUID, client_id: str) -> Client | None:
        """The client, disabled or not; None where there is none."""
        try:
            identifier = UUID(client_id)
        except ValueError:
            return None
        if str(identifier) != client_id:
            return None
        row = await self._database.fetchrow(store.FIND, tenant_id, identifier)
        if row is None:
            return None
        held = self._read.get((tenant_id, identifier))
        if held is not None and held[0] == row:
            return held[1]
        client = client_of(row, tenant_id)
        self._read[tenant_id, identifier] = (row, client)
        if len(self._read) > _READ_MAX:
            del self._read[next(iter(self._read))]
        return client


def client_of(row: "asyncpg.Record", tenant_id: UUID) -> Client:
    """The client of a row."""
    subject, backchannel = row["tls_subject_member"], row["backchannel"]
    return Client(
        id=row["client_id"],
        tenant_id=tenant_id,
        name=row["name"],
        profile=Profile(row["profile"]),
        authentication=Authentication(row["authentication"]),
        binding=Binding(row["binding"]),
        redirect_uris=tuple(row["redirect_uris"]),
        grant_types=frozenset(row["grant_types"]),
        scopes=frozenset(row["scopes"]),
        jwks=None if row["jwks"] is None else json.loads(row["jwks"]),
        jwks_uri=row["jwks_uri"],
        tls_subject=None if subject is None else (subject, row["tls_subject"]),
        exchange_audiences=frozenset(row["exchange_audiences"]),
        impersonates=row["exchange_impersonates"],
        backchannel=None if backchannel is None else _backchannel.decode(backchannel),
        post_logout_redirect_uris=tuple(row["post_logout_redirect_uris"]),
        logout_uri=row["backchannel_logout_uri"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )
