"""Acting for an account, as policies know it."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.banking.accounts import account_behind
from bezant.banking.mandates import store
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database


class _Named(Struct, frozen=True):
    """A ledger account as a path names it."""

    book: UUID
    account: str


class HoldsMandate:
    """Whether a user is a party who may act for the bank account behind a ledger account.

    In any role: a holder acts for an account too. One look-up for each request, and nothing is
    remembered: a mandate that ends opens nothing from then on.

    Attributes:
        name: what policies call it.
        parameters: of the paths that it is about.

    Args:
        database: the primary one; a replica may not know of an end yet.
        clock: by which mandates begin and end.
    """

    name: Final = "holds_mandate"
    parameters: Final = frozenset({"book", "account"})

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def holds(self, tenant_id: UUID, user_id: UUID, names: Mapping[str, str]) -> bool:
        """Whether the user may act for the account.

        Raises:
            Unavailable: that cannot be known now.
        """
        try:
            named = msgspec.convert(dict(names), _Named, strict=False)
        except msgspec.ValidationError:
            return False  # what is no identifier identifies nothing
        account_id = account_behind(named.account)
        if account_id is None:
            return False  # no customer's
        row = await self._database.fetchrow(
            store.FIND_OF_USER, tenant_id, user_id, account_id, named.book, self._clock.now()
        )
        return row is not None
