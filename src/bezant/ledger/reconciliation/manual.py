"""Matches that people make and take apart: new records, each with its author and reason."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from bezant.kernel import idempotency
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.sealing import SecretSealer
from bezant.ledger.domain import Kind
from bezant.ledger.reconciliation import schemas, store
from bezant.ledger.reconciliation.accounts import sign_of
from bezant.ledger.reconciliation.domain import Match, Side, entry_key, place_of
from bezant.ledger.reconciliation.errors import (
    AlreadyReconciled,
    AmountsDiffer,
    MatchNotFound,
    MatchUndone,
    ReconciliationRunning,
    UnknownItem,
)
from bezant.ledger.reconciliation.running import item_columns, match_columns
from bezant.ledger.reconciliation.secrecy import AccountKey, statement_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

MANUAL: Final = "manual"
_MOVED: Final = frozenset({Kind.POSTED, Kind.CAPTURED})


class ByHand:
    """Matching and undoing by people.

    Args:
        database: as the application's role.
        clock: tells when.
        sealer: opens the accounts' keys.
    """

    def __init__(self, database: Database, clock: Clock, sealer: SecretSealer) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer

    async def match(
        self, call: Call, book_id: UUID, row: "asyncpg.Record", new: schemas.NewMatch
    ) -> Answer:
        """Put lines and entries together: 201 `MatchView`.

        Raises:
            ReconciliationRunning: rules are at work on the account.
            UnknownItem: the account has no such line or entry, or it moved no money.
            AmountsDiffer: by more than the tolerance.
            AlreadyReconciled: one of them is in a match.
        """
        account = (call.tenant_id, book_id, row["account_no"])
        key = await statement_key(self._database, self._sealer, account)
        reconciliation: UUID = row["reconciliation_id"]

        async def work(connection: "Connection") -> Answer:
            await _refuse_running(connection, account)
            found = await _found(connection, account, sign_of(row["type"]), new)
            last = await connection.fetchrow(
                store.FIND_LAST_MATCH, call.tenant_id, book_id, reconciliation
            )
            assert last is not None, "a maximum has a row"
            number = last["match_no"] + 1
            at = self._clock.now()
            reason = key.seal(new.reason, schemas.note_place(reconciliation, number))
            await connection.execute(
                store.INSERT_MATCHES,
                call.tenant_id,
                book_id,
                reconciliation,
                row["account_no"],
                call.actor,
                reason,
                at,
                [number],
                *match_columns([found]),
            )
            await _claim(connection, account, reconciliation, found, number)
            return Answer.of(_view(found, number, call.actor, new, at), 201)

        return await idempotency.once(self._database, self._clock, call, work)

    async def undo(
        self,
        call: Call,
        book_id: UUID,
        row: "asyncpg.Record",
        match_no: int,
        asked: schemas.NewUndoing,
    ) -> Answer:
        """Take a match apart: 200 `Undoing`. What was in it only people put together again.

        Raises:
            ReconciliationRunning: rules are at work on the account.
            MatchNotFound: the reconciliation has no such match.
            MatchUndone: it was taken apart before.
        """
        account = (call.tenant_id, book_id, row["account_no"])
        key = await statement_key(self._database, self._sealer, account)
        reconciliation: UUID = row["reconciliation_id"]

        async def work(connection: "Connection") -> Answer:
            await _refuse_running(connection, account)
            match = await connection.fetchrow(
                store.FIND_MATCHES, call.tenant_id, book_id, reconciliation, match_no - 1, 1
            )
            if match is None or match["match_no"] != match_no:
                raise MatchNotFound(f"No match {match_no}.")
            if match["undone_at"] is not None:
                raise MatchUndone(f"Match {match_no} was undone before.")
            at = self._clock.now()
            await connection.execute(
                store.INSERT_UNDOING,
                call.tenant_id,
                book_id,
                reconciliation,
                match_no,
                row["account_no"],
                call.actor,
                key.seal(asked.reason, schemas.note_place(reconciliation, match_no)),
                at,
            )
            for side, keys in ((Side.LINE, match["lines"]), (Side.ENTRY, match["entries"])):
                await connection.execute(
                    store.DELETE_RECONCILED,
                    *account,
                    side,
                    [int(each) for each in keys.split()],
                    reconciliation,
                    match_no,
                )
            return Answer.of(schemas.Undoing(call.actor, asked.reason, at))

        return await idempotency.once(self._database, self._clock, call, work)


async def _refuse_running(connection: "Connection", account: AccountKey) -> None:
    row = await connection.fetchrow(store.FIND_UNFINISHED, *account)
    if row is not None:
        raise ReconciliationRunning(
            f"Reconciliation {row['reconciliation_id']} of this account has not ended."
        )


async def _found(
    connection: "Connection", account: AccountKey, sign: int, new: schemas.NewMatch
) -> Match:
    """The match that is asked for, as the records have it."""
    keys = {entry_key(*_place(text)) for text in new.entries}
    places = [place_of(key) for key in sorted(keys)]
    lines = await connection.fetch(store.FIND_LINES, *account, list({*new.lines}))
    entries = await connection.fetch(
        store.FIND_ENTRIES, *account, [seq for seq, _ in places], [leg for _, leg in places]
    )
    moved = [entry for entry in entries if entry["kind"] in _MOVED and entry["amount"]]
    _check_all(new.lines, (line["line_no"] for line in lines), "lines")
    _check_all(keys, (entry_key(entry["seq"], entry["leg"]) for entry in moved), "entries")
    ours = sum(int(line["amount"]) for line in lines)
    theirs = sum(
        int(entry["amount"]) * (sign if entry["debit_no"] == account[2] else -sign)
        for entry in moved
    )
    if abs(ours - theirs) > int(new.tolerance):
        raise AmountsDiffer(
            f"The lines come to {ours}, the entries to {theirs}.",
            lines=ours,
            entries=theirs,
            difference=ours - theirs,
        )
    days = [each["booking_date"].toordinal() for each in (*lines, *moved)]
    return Match(
        rule=MANUAL,
        cardinality=schemas.cardinality_of(len(lines), len(moved)),
        lines=tuple(sorted({*new.lines})),
        entries=tuple(sorted(keys)),
        agreed=(),
        difference=ours - theirs,
        days=max(days) - min(days),
    )


def _view(
    found: Match, number: int, author: str, new: schemas.NewMatch, at: datetime
) -> schemas.MatchView:
    return schemas.MatchView(
        no=number,
        rule=found.rule,
        cardinality=found.cardinality,
        lines=list(found.lines),
        entries=[schemas.place_text(key) for key in found.entries],
        agreed=[],
        difference=str(found.difference),
        days=found.days,
        author=author,
        reason=new.reason,
        matched_at=at,
        undone=None,
    )


def _place(text: str) -> tuple[int, int]:
    seq, _, leg = text.partition(".")
    # No leg has such a number; an entry that cannot be is answered as one that is not there.
    return int(seq) & (1 << 48) - 1, min(int(leg), 32_767)


def _check_all(asked: "Iterable[int]", found: "Iterable[int]", field: str) -> None:
    if missing := {*asked} - {*found}:
        raise UnknownItem(
            f"{len(missing)} of the {field} are not the account's, or moved no money.", field=field
        )


async def _claim(
    connection: "Connection",
    account: AccountKey,
    reconciliation: UUID,
    found: Match,
    number: int,
) -> None:
    try:
        await connection.execute(
            store.INSERT_RECONCILED, *account, reconciliation, *item_columns([found], [number])
        )
    except asyncpg.UniqueViolationError:
        raise AlreadyReconciled("A line or an entry is in a match; undo that first.") from None
