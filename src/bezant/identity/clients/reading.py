"""Finding clients."""

import json
from typing import TYPE_CHECKING
from uuid import UUID

from bezant.identity.clients import store
from bezant.identity.clients.domain import Authentication, Binding, Client, Profile
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg


class Clients:
    """A tenant's clients, as they are now: a client that was disabled is so at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: UUID, client_id: str) -> Client | None:
        """The client, disabled or not; None where there is none."""
        try:
            identifier = UUID(client_id)
        except ValueError:
            return None
        if str(identifier) != client_id:
            return None
        row = await self._database.fetchrow(store.FIND, tenant_id, identifier)
        return None if row is None else client_of(row, tenant_id)


def client_of(row: "asyncpg.Record", tenant_id: UUID) -> Client:
    """The client of a row."""
    subject = row["tls_subject_member"]
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
        post_logout_redirect_uris=tuple(row["post_logout_redirect_uris"]),
        logout_uri=row["backchannel_logout_uri"],
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
    )
