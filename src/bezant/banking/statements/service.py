"""The use cases of customers' statements."""

from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from bezant.banking.accounts import AccountService, BankAccount, ledger_account
from bezant.banking.statements import schemas, store
from bezant.banking.statements.batches import StatementBatches
from bezant.banking.statements.domain import Cycle, CycleVersion, StatementPeriod, periods
from bezant.banking.statements.errors import (
    BalanceConfirmationNotFound,
    BalanceNotFinal,
    CustomerStatementNotFound,
)
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.http import Document
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.ledger import Axis, Ledger, statements

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

_DAY: Final = timedelta(days=1)
_DISCLOSED: Final = Answer(200, b"")


class CustomerStatements:
    """Accounts' statements by the customers' periods, and confirmations of balances.

    No statement is stored: its days follow from the account's opening and its cycle, its figures
    from the ledger.

    Args:
        database: connected as the application's role.
        accounts: whose statements they are.
        ledger: that knows what is on them.
    """

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, accounts: AccountService, ledger: Ledger
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._accounts = accounts
        self._ledger = ledger
        self._batches = StatementBatches(database)

    async def cycle(self, tenant_id: UUID, account_id: UUID) -> schemas.StatementCycle:
        """How often an account's statements end.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        account, zone = await self._account(tenant_id, account_id)
        rows = await self._database.fetch(store.FIND_CYCLES, tenant_id, account_id)
        return _cycle(_versions(rows), _opened(account, zone), self._today(zone))

    async def set_cycle(self, call: Call, account_id: UUID, new: schemas.NewCycle) -> Answer:
        """Change it from tomorrow on (200 `StatementCycle`); what was stated stays as it is.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        account, zone = await self._account(call.tenant_id, account_id)
        now, today = self._clock.now(), self._today(zone)
        changed = CycleVersion(new.cycle, today + _DAY)

        async def work(connection: "Connection") -> Answer:
            rows = await connection.fetch(store.FIND_CYCLES, call.tenant_id, account_id)
            version = rows[-1]["version"] + 1 if rows else 1
            await connection.execute(
                store.INSERT_CYCLE, call.tenant_id, account_id, version, changed.cycle,
                changed.since, now, call.actor,
            )  # fmt: skip
            versions = [*_versions(rows), changed]
            return Answer.of(_cycle(versions, _opened(account, zone), today))

        return await once(self._database, self._clock, call, work)

    async def page(
        self, tenant_id: UUID, account_id: UUID, *, after: str | None, limit: int
    ) -> schemas.CustomerStatements:
        """The statements of an account that are complete, after the one numbered `after`.

        Raises:
            BankAccountNotFound: the tenant has no such account.
        """
        account, zone = await self._account(tenant_id, account_id)
        start = 0 if after is None else int(after)
        stated = await self._periods(tenant_id, account, zone)
        found = [period for period in stated if period.number > start]
        shown = list(islice(found, limit))
        return schemas.CustomerStatements(
            [schemas.CustomerStatement(each.number, each.start, each.end) for each in shown],
            str(shown[-1].number) if len(found) > limit else None,
        )

    async def statement(
        self, call: Call, account_id: UUID, number: int, asset: str, part: statements.Part
    ) -> statements.schemas.Statement:
        """A page of a statement, transfer by transfer; those of one batch say so.

        Raises:
            BankAccountNotFound: the tenant has no such account.
            CustomerStatementNotFound: its period is not over, or the account has no such asset.
        """
        account, period = await self._stated(call.tenant_id, account_id, number, asset)
        asked = _asked(call, account, asset, period)
        page = await self._ledger.statements.page(call, asked, part)
        transfers = [each.hold_id or each.transfer_id for each in page.entries]
        found = await self._batches.of(call.tenant_id, account_id, transfers)
        entries = [
            msgspec.structs.replace(each, batch_id=found.get(transfer))
            for each, transfer in zip(page.entries, transfers, strict=True)
        ]
        return msgspec.structs.replace(page, entries=entries)

    async def file(
        self, call: Call, account_id: UUID, number: int, asset: str, kind: str
    ) -> Document:
        """A whole statement as a file, under the number that the customer knows the account by.

        The audit entry is durable before the answer.

        Raises:
            BankAccountNotFound: the tenant has no such account.
            CustomerStatementNotFound: its period is not over, or the account has no such asset.
            StatementTooLong: more entries than such a file may have.
            StatementNotRepresentable: the format cannot say it.
        """
        account, period = await self._stated(call.tenant_id, account_id, number, asset)
        await audit.write(self._database, self._clock, call, _DISCLOSED)
        known = self._accounts.opened_number(call.tenant_id, account.place)
        asked = msgspec.structs.replace(
            _asked(call, account, asset, period),
            printed=statements.Printed(known.iban or known.bban, known.iban is not None, number),
        )
        batches = await self._batches.finder(call.tenant_id, account_id)
        return await self._ledger.statements.file(call, asked, kind, batches)

    async def confirm(
        self, call: Call, account_id: UUID, new: schemas.NewBalanceConfirmation
    ) -> Answer:
        """Confirm what was booked at the end of a day (201 `BalanceConfirmation`).

        Raises:
            BankAccountNotFound: the tenant has no such account.
            BalanceNotFinal: the day is not over, or the account was not open on it.
        """
        account, zone = await self._account(call.tenant_id, account_id)
        last = min(self._today(zone) - _DAY, _closed(account, zone) or date.max)
        if not _opened(account, zone) <= new.on <= last:
            raise BalanceNotFinal("A day that is over, on which the account was open.", field="on")
        day = StatementPeriod(0, new.on, new.on)
        balances = [await self._balance(call, account, asset, day) for asset in account.assets]
        confirmation = schemas.BalanceConfirmation(
            self._ids.new(), account_id, new.on, new.purpose, balances, self._clock.now()
        )

        async def work(connection: "Connection") -> Answer:
            await connection.execute(
                store.INSERT_CONFIRMATION, call.tenant_id, confirmation.id, account_id, new.on,
                new.purpose, msgspec.json.encode(balances), confirmation.confirmed_at, call.actor,
            )  # fmt: skip
            return Answer.of(confirmation, 201)

        return await once(self._database, self._clock, call, work)

    async def confirmation(
        self, tenant_id: UUID, confirmation_id: UUID
    ) -> schemas.BalanceConfirmation:
        """A confirmation as it was given.

        Raises:
            BalanceConfirmationNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.FIND_CONFIRMATION, tenant_id, confirmation_id)
        if row is None:
            raise BalanceConfirmationNotFound("There is no such confirmation.")
        return schemas.BalanceConfirmation(
            row["confirmation_id"],
            row["account_id"],
            row["on_day"],
            row["purpose"],
            msgspec.json.decode(row["balances"], type=list[schemas.ConfirmedBalance]),
            row["confirmed_at"],
        )

    async def _balance(
        self, call: Call, account: BankAccount, asset: str, day: StatementPeriod
    ) -> schemas.ConfirmedBalance:
        part = statements.Part("booked", None, 1)
        found = await self._ledger.statements.page(call, _asked(call, account, asset, day), part)
        return schemas.ConfirmedBalance(asset, found.closing.balance, found.scale, found.known_seq)

    async def _stated(
        self, tenant_id: UUID, account_id: UUID, number: int, asset: str
    ) -> tuple[BankAccount, StatementPeriod]:
        account, zone = await self._account(tenant_id, account_id)
        stated = await self._periods(tenant_id, account, zone)
        if asset not in account.assets or not 0 < number <= len(stated):
            raise CustomerStatementNotFound("There is no such statement.")
        return account, stated[number - 1]

    async def _periods(
        self, tenant_id: UUID, account: BankAccount, zone: ZoneInfo
    ) -> list[StatementPeriod]:
        rows = await self._database.fetch(store.FIND_CYCLES, tenant_id, account.id)
        opened, closed = _opened(account, zone), _closed(account, zone)
        return list(periods(_versions(rows), opened, self._today(zone) - _DAY, closed))

    async def _account(self, tenant_id: UUID, account_id: UUID) -> tuple[BankAccount, ZoneInfo]:
        account = await self._accounts.account(tenant_id, account_id)
        book = await self._ledger.book(tenant_id, account.book_id)
        return account, ZoneInfo(book.time_zone)

    def _today(self, zone: ZoneInfo) -> date:
        return self._clock.now().astimezone(zone).date()


def _opened(account: BankAccount, zone: ZoneInfo) -> date:
    return account.opened_at.astimezone(zone).date()


def _closed(account: BankAccount, zone: ZoneInfo) -> date | None:
    """The last day that anything can be stated of; None while it is open."""
    return None if account.closed_at is None else account.closed_at.astimezone(zone).date()


def _versions(rows: "list[asyncpg.Record]") -> list[CycleVersion]:
    return [CycleVersion(Cycle(row["cycle"]), row["since"]) for row in rows]


def _cycle(versions: list[CycleVersion], opened: date, today: date) -> schemas.StatementCycle:
    held = [CycleVersion(Cycle.MONTH, opened), *versions]
    current = next(each for each in reversed(held) if each.since <= today)
    following = versions[-1] if versions and versions[-1].since > today else None
    after = None if following is None else schemas.StatementCycle(following.cycle, following.since)
    return schemas.StatementCycle(current.cycle, current.since, after)


def _asked(
    call: Call, account: BankAccount, asset: str, period: StatementPeriod
) -> statements.Asked:
    return statements.Asked(
        call.tenant_id,
        account.book_id,
        ledger_account(account.id, asset),
        statements.Period(Axis.BOOKING, period.start, period.end),
        None,
        with_content=False,
    )
