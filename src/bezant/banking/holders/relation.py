"""Owning an account, as policies know it."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.holders import store
from bezant.kernel.database import Database
from bezant.ledger import schemas


class _Named(Struct, frozen=True):
    """An account as a path names it."""

    book: UUID
    account: schemas.AccountId


class OwnsAccount:
    """Whether a user is a holder of the account in a path.

    One look-up by the whole key for each request, and nothing is remembered: who is removed reads
    nothing from then on.

    Attributes:
        name: what policies call it.
        parameters: of the paths that it is about.

    Args:
        database: the primary one; a replica may not know of a removal yet.
    """

    name: Final = "owns_account"
    parameters: Final = frozenset({"book", "account"})

    def __init__(self, database: Database) -> None:
        self._database = database

    async def holds(self, tenant_id: UUID, user_id: UUID, names: Mapping[str, str]) -> bool:
        """Whether the user owns the account.

        Raises:
            Unavailable: that cannot be known now.
        """
        try:
            named = msgspec.convert(dict(names), _Named, strict=False)
        except msgspec.ValidationError:
            return False  # what is no identifier identifies nothing
        row = await self._database.fetchrow(
            store.FIND, tenant_id, named.book, named.account, user_id
        )
        return row is not None
