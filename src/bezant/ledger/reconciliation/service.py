"""What may be asked of statements and reconciliations."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel import audit, idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, write_rows
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling
from bezant.kernel.sealing import SecretSealer
from bezant.ledger.reconciliation import schemas, store
from bezant.ledger.reconciliation.accounts import AccountRow, find_account
from bezant.ledger.reconciliation.domain import Side, age_bucket, age_days
from bezant.ledger.reconciliation.errors import (
    ImportNotFound,
    PeriodEmpty,
    ReconciliationNotFound,
    StatementLineNotFound,
)
from bezant.ledger.reconciliation.importing import Importer, Upload
from bezant.ledger.reconciliation.manual import ByHand
from bezant.ledger.reconciliation.preparing import TEXT_FIELDS
from bezant.ledger.reconciliation.rules import DEFAULT_RULES
from bezant.ledger.reconciliation.running import KIND, Asked, Runner
from bezant.ledger.reconciliation.secrecy import AccountKey, StatementKey, statement_key

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

STATEMENTS_SHOWN_MAX: Final = 100
_NOTHING_ERASED: Final = (None,) * len(TEXT_FIELDS)


class ReconciliationService:
    """Statements of accounts, and what of them is in the book.

    Args:
        database: as the application's role.
        clock: tells when.
        ids: names reconciliations and jobs.
        sealer: seals the accounts' keys.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, sealer: SecretSealer) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._sealer = sealer
        self._importer = Importer(database, clock, sealer)
        self._runner = Runner(database, clock, sealer)
        self._by_hand = ByHand(database, clock, sealer)

    def handling(self) -> Handling[Asked]:
        """Who carries reconciliations out: for the job runner."""
        return self._runner.handling()

    async def import_statement(
        self, call: Call, book_id: UUID, account_id: str, upload: Upload
    ) -> Answer:
        """`POST …/accounts/{account}/imports`; see `Importer.run`."""
        return await self._importer.run(call, book_id, account_id, upload)

    async def imports(
        self, tenant_id: UUID, book_id: UUID, account_id: str, *, after: str | None, limit: int
    ) -> schemas.Imports:
        """`GET …/accounts/{account}/imports`."""
        account = await find_account(self._database, tenant_id, book_id, account_id)
        rows = await self._database.fetch(
            store.FIND_IMPORTS, tenant_id, book_id, account.no, int(after or 0), limit + 1
        )
        found = [schemas.import_of(row) for row in rows[:limit]]
        return schemas.Imports(found, str(found[-1].no) if len(rows) > limit else None)

    async def import_details(
        self, tenant_id: UUID, book_id: UUID, account_id: str, import_no: int
    ) -> schemas.ImportDetails:
        """`GET …/accounts/{account}/imports/{import}`.

        Raises:
            ImportNotFound: the account has no such import.
        """
        account = await find_account(self._database, tenant_id, book_id, account_id)
        place = (tenant_id, book_id, account.no)
        row = await self._database.fetchrow(store.FIND_IMPORTS, *place, import_no - 1, 1)
        if row is None or row["import_no"] != import_no:
            raise ImportNotFound(f"No import {import_no}.")
        key = await statement_key(self._database, self._sealer, place)
        rows = await self._database.fetch(
            store.FIND_STATEMENTS_OF_IMPORT, *place, import_no, STATEMENTS_SHOWN_MAX
        )
        added = [_statement(each, key) for each in rows]
        return schemas.ImportDetails(schemas.import_of(row), added)

    async def line(
        self, call: Call, book_id: UUID, account_id: str, line_no: int
    ) -> schemas.StatementLineView:
        """`GET …/accounts/{account}/statement-lines/{line}`. What it says is audited as read.

        Raises:
            StatementLineNotFound: the account has no such line.
            Unavailable: the audit log cannot be written.
        """
        account = await find_account(self._database, call.tenant_id, book_id, account_id)
        place = (call.tenant_id, book_id, account.no)
        rows = await self._database.fetch(store.FIND_LINES, *place, [line_no])
        if not rows:
            raise StatementLineNotFound(f"No line {line_no}.")
        [row] = rows
        texts = _NOTHING_ERASED
        if row["content"] is not None:
            key = await statement_key(self._database, self._sealer, place)
            texts = msgspec.json.decode(key.open(row["content"], row["identity"]), type=tuple)
            await audit.write(self._database, self._clock, call, Answer(200, b""))
        return schemas.StatementLineView(
            row["line_no"],
            row["place"],
            row["booking_date"],
            row["value_date"],
            str(int(row["amount"])),
            *texts,
        )

    async def reconcile(self, call: Call, book_id: UUID, new: schemas.NewReconciliation) -> Answer:
        """`POST …/reconciliations` -> 202 `Reconciliation`, which a job carries out.

        Raises:
            AccountNotFound: the book has no such account.
            PeriodEmpty: it ends before it begins.
        """
        if new.period.first is not None and new.period.first > new.period.last:
            raise PeriodEmpty("The period ends before it begins.", field="period.from")
        account = await find_account(self._database, call.tenant_id, book_id, new.account)
        place = (call.tenant_id, book_id, account.no)
        key = await statement_key(self._database, self._sealer, place)
        head = await self._database.fetchrow(store.FIND_HEAD, call.tenant_id, book_id)
        assert head is not None, "a book has a lane"
        rules = list(new.rules or DEFAULT_RULES)

        async def work(connection: "Connection") -> Answer:
            at, reconciliation_id = self._clock.now(), self._ids.new()
            numbers = await connection.fetchrow(store.FIND_NUMBERS, *place)
            assert numbers is not None, "a query of maxima has a row"
            await connection.execute(
                store.INSERT_RECONCILIATION,
                call.tenant_id,
                book_id,
                reconciliation_id,
                account.no,
                new.period.first,
                new.period.last,
                head["seq"],
                numbers["statements"],
                numbers["lines"],
                key.seal(rules, reconciliation_id.bytes),
                at,
                call.actor,
            )
            job = KIND.row(
                self._ids.new(),
                call.tenant_id,
                Asked(book_id, reconciliation_id),
                at=at,
                key=f"{book_id}/{account.no}",
                order=_milliseconds(reconciliation_id),
            )
            await write_rows(connection, call.tenant_id, [job])
            return Answer.of(
                schemas.Reconciliation(
                    id=reconciliation_id,
                    account=account.id,
                    asset=account.asset,
                    period=new.period,
                    seq=head["seq"],
                    status="running",
                    rules=rules,
                    asked_at=at,
                    author=call.actor,
                    ended_at=None,
                    summary=None,
                ),
                202,
            )

        return await idempotency.once(self._database, self._clock, call, work)

    async def reconciliation(
        self, tenant_id: UUID, book_id: UUID, reconciliation_id: UUID
    ) -> schemas.Reconciliation:
        """`GET …/reconciliations/{reconciliation}`."""
        row = await self._row(tenant_id, book_id, reconciliation_id)
        key = await self._key(tenant_id, book_id, row)
        rules = schemas.RULES.decode(key.open(row["rules"], reconciliation_id.bytes))
        summary = row["summary"]
        return schemas.Reconciliation(
            id=reconciliation_id,
            account=row["account_id"],
            asset=row["asset"],
            period=schemas.Period(row["last_date"], row["first_date"]),
            seq=row["seq"],
            status="running" if summary is None else "done",
            rules=rules,
            asked_at=row["asked_at"],
            author=row["author"],
            ended_at=row["ended_at"],
            summary=None if summary is None else msgspec.json.decode(summary, type=schemas.Summary),
        )

    async def matches(
        self,
        tenant_id: UUID,
        book_id: UUID,
        reconciliation_id: UUID,
        *,
        after: str | None,
        limit: int,
    ) -> schemas.Matches:
        """`GET …/reconciliations/{reconciliation}/matches`."""
        row = await self._row(tenant_id, book_id, reconciliation_id)
        key = await self._key(tenant_id, book_id, row)
        rows = await self._database.fetch(
            store.FIND_MATCHES, tenant_id, book_id, reconciliation_id, int(after or 0), limit + 1
        )
        found = [_match(each, key, reconciliation_id) for each in rows[:limit]]
        return schemas.Matches(found, str(found[-1].no) if len(rows) > limit else None)

    async def breaks(
        self,
        tenant_id: UUID,
        book_id: UUID,
        reconciliation_id: UUID,
        *,
        after: str | None,
        limit: int,
    ) -> schemas.Breaks:
        """`GET …/reconciliations/{reconciliation}/breaks`, as old as they are today."""
        row = await self._row(tenant_id, book_id, reconciliation_id)
        account = await self._account(tenant_id, book_id, row)
        today = self._clock.now().astimezone(account.zone).date()
        rows = await self._database.fetch(
            store.FIND_BREAKS, tenant_id, book_id, reconciliation_id, int(after or 0), limit + 1
        )
        found = [_break(each, today) for each in rows[:limit]]
        return schemas.Breaks(found, str(found[-1].no) if len(rows) > limit else None)

    async def match(
        self, call: Call, book_id: UUID, reconciliation_id: UUID, new: schemas.NewMatch
    ) -> Answer:
        """`POST …/reconciliations/{reconciliation}/matches`; see `ByHand.match`."""
        row = await self._row(call.tenant_id, book_id, reconciliation_id)
        return await self._by_hand.match(call, book_id, row, new)

    async def undo(
        self,
        call: Call,
        book_id: UUID,
        reconciliation_id: UUID,
        match_no: int,
        asked: schemas.NewUndoing,
    ) -> Answer:
        """`POST …/matches/{match}/undo`; see `ByHand.undo`."""
        row = await self._row(call.tenant_id, book_id, reconciliation_id)
        return await self._by_hand.undo(call, book_id, row, match_no, asked)

    async def _row(
        self, tenant_id: UUID, book_id: UUID, reconciliation_id: UUID
    ) -> "asyncpg.Record":
        row = await self._database.fetchrow(
            store.FIND_RECONCILIATION, tenant_id, book_id, reconciliation_id
        )
        if row is None:
            raise ReconciliationNotFound(f"No reconciliation {reconciliation_id}.")
        return row

    async def _key(self, tenant_id: UUID, book_id: UUID, row: "asyncpg.Record") -> StatementKey:
        account: AccountKey = (tenant_id, book_id, row["account_no"])
        return await statement_key(self._database, self._sealer, account)

    async def _account(self, tenant_id: UUID, book_id: UUID, row: "asyncpg.Record") -> AccountRow:
        return await find_account(self._database, tenant_id, book_id, row["account_id"])


def _milliseconds(uuid7: UUID) -> int:
    """When an identifier was made: reconciliations of an account run in this order."""
    return uuid7.int >> 80


def _statement(row: "asyncpg.Record", key: StatementKey) -> schemas.ImportedStatement:
    texts = msgspec.json.decode(key.open(row["texts"], row["identity"]), type=tuple[str, str, str])
    return schemas.ImportedStatement(
        no=row["statement_no"],
        id=texts[0],
        number=texts[1],
        first_date=row["first_date"],
        last_date=row["last_date"],
        opening=_numeral(row["opening"]),
        closing=_numeral(row["closing"]),
        movements=str(int(row["movements"])),
        lines=row["lines"],
    )


def _match(row: "asyncpg.Record", key: StatementKey, reconciliation_id: UUID) -> schemas.MatchView:
    place = schemas.note_place(reconciliation_id, row["match_no"])
    undone = None
    if row["undone_at"] is not None:
        undone = schemas.Undoing(
            row["undone_by"], _note(row["undone_reason"], key, place) or "", row["undone_at"]
        )
    return schemas.MatchView(
        no=row["match_no"],
        rule=row["rule"],
        cardinality=row["cardinality"],
        lines=[int(key) for key in row["lines"].split()],
        entries=[schemas.place_text(int(key)) for key in row["entries"].split()],
        agreed=row["agreed"].split("\n") if row["agreed"] else [],
        difference=str(int(row["difference"])),
        days=row["days"],
        author=row["author"],
        reason=_note(row["reason"], key, place),
        matched_at=row["matched_at"],
        undone=undone,
    )


def _note(sealed: bytes | None, key: StatementKey, place: bytes) -> str | None:
    return None if sealed is None else msgspec.json.decode(key.open(sealed, place), type=str)


def _break(row: "asyncpg.Record", today: date) -> schemas.BreakView:
    side, related_side = Side(row["side"]), Side(row["related_side"])
    days = age_days(row["booking_date"], today)
    related = [int(key) for key in row["related"].split()]
    resolved = None
    if row["resolved_in"] is not None:
        resolved = schemas.Resolution(row["resolved_in"], row["resolved_by"])
    return schemas.BreakView(
        no=row["break_no"],
        side=side,
        line=row["item"] if side is Side.LINE else None,
        entry=schemas.place_text(row["item"]) if side is Side.ENTRY else None,
        amount=str(int(row["amount"])),
        booking_date=row["booking_date"],
        age_days=days,
        age=age_bucket(days),
        reason=row["reason"],
        related_side=related_side,
        related=[
            str(key) if related_side is Side.LINE else schemas.place_text(key) for key in related
        ],
        resolved=resolved,
    )


def _numeral(amount: Decimal | None) -> str | None:
    return None if amount is None else str(int(amount))
