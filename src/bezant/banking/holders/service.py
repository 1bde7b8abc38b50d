"""Adding, listing and removing the holders of accounts."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.banking.holders import store
from bezant.banking.holders.errors import AlreadyHolder, HolderNotFound, UnknownUser
from bezant.banking.holders.schemas import Holder, Holders, NewHolder
from bezant.identity.users import is_known
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.outbox import event

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.ledger import Ledger

    Connection = PoolConnectionProxy[asyncpg.Record]

_BEFORE_ALL: Final = UUID(int=0)


class HolderService:
    """Who owns the accounts of a tenant's books.

    Args:
        database: connected as the application's role.
        ledger: tells which accounts there are; they are never removed.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, ledger: "Ledger") -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger

    async def add(self, call: Call, book_id: UUID, account_id: str, new: NewHolder) -> Answer:
        """Make a user a holder (201 `Holder`).

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        await self._ledger.account(call.tenant_id, book_id, account_id)
        holder = Holder(new.user_id, self._clock.now(), call.actor)

        async def work(connection: "Connection") -> Answer:
            if not await is_known(connection, call.tenant_id, new.user_id):
                raise UnknownUser("There is no such user.", field="user_id")
            added = await connection.execute(
                store.INSERT, call.tenant_id, book_id, account_id, new.user_id, holder.added_at,
                holder.added_by,
            )  # fmt: skip
            if added != "INSERT 0 1":
                raise AlreadyHolder("The user holds the account as it is.")
            await self._tell(connection, call, "account.holder_added", (book_id, account_id), new)
            return Answer.of(holder, 201)

        return await once(self._database, self._clock, call, work)

    async def remove(self, call: Call, book_id: UUID, account_id: str, user_id: UUID) -> Answer:
        """Make a user no holder any more (200 `Holder`, as they were). It holds at once."""

        async def work(connection: "Connection") -> Answer:
            named = (call.tenant_id, book_id, account_id, user_id)
            row = await connection.fetchrow(store.FIND, *named)
            if row is None:
                raise HolderNotFound("The user does not hold the account.")
            removed = await connection.execute(store.DELETE, *named)
            assert removed == "DELETE 1", "read in this transaction"
            former = NewHolder(user_id)
            await self._tell(
                connection, call, "account.holder_removed", (book_id, account_id), former
            )
            return Answer.of(_holder(row))

        return await once(self._database, self._clock, call, work)

    async def page(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, after: str | None, limit: int
    ) -> Holders:
        """An account's holders after the user with the identifier `after`.

        Raises:
            AccountNotFound: the book, if there is such a book, has no such account.
        """
        await self._ledger.account(tenant_id, book_id, account_id)
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._database.fetch(
            store.LIST, tenant_id, book_id, account_id, start, limit + 1
        )
        holders = [_holder(row) for row in rows[:limit]]
        return Holders(holders, str(holders[-1].user_id) if len(rows) > limit else None)

    async def _tell(
        self,
        connection: "Connection",
        call: Call,
        kind: str,
        account: tuple[UUID, str],
        holder: NewHolder,
    ) -> None:
        book_id, account_id = account
        subject = f"/v1/books/{book_id}/accounts/{account_id}"
        row = event(self._ids.new(), kind, subject, self._clock.now(), holder)
        await write_rows(connection, call.tenant_id, [row])


def _holder(row: "asyncpg.Record") -> Holder:
    return Holder(row["user_id"], row["added_at"], row["added_by"])
