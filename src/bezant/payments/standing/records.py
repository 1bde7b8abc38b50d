"""Standing orders as rows of a commit."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.database import Row, RowKind
from bezant.kernel.ids import derived_id
from bezant.kernel.jobs import JobKind, RetryPolicy
from bezant.ledger import Draft, ReadKind, Seen, first_instant
from bezant.payments.standing import schemas, store
from bezant.payments.standing.errors import StandingOrderNotFound
from bezant.payments.standing.rules import Rule
from bezant.payments.standing.schemas import Status

STANDING: Final = ReadKind("standing_order", store.READ)

_STANDING: Final = RowKind("standing_order", store.SAVE, key_columns=1)
_OCCURRENCE: Final = RowKind("standing_occurrence", store.INSERT_OCCURRENCES)


class Run(Struct, frozen=True):
    """The payload of a job: which day of a standing order to pay."""

    standing_id: UUID
    no: int


RUN: Final = JobKind(
    "standing_order.run",
    Run,
    # A job is made as soon as its day is known, so its age says nothing; a refusal is recorded at
    # once, so what is repeated is what could not be asked.
    RetryPolicy(
        attempts_max=1_000_000,
        age_max=timedelta(days=366 * 8_000),
        first_s=5,
        factor=2,
        wait_s_max=900,
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing order as it stands.

    Attributes:
        row_version: goes up with every change.
        amount: of the next payment, in minor units.
        sealed: what it says of the two sides.
        next_no: the occurrence that comes next; the one after the last once it has ended.
        next_on: its day.
    """

    id: UUID
    book_id: UUID
    debtor_account: UUID
    status: Status
    row_version: int
    rule: Rule
    asset: str
    amount: int
    sealed: bytes
    next_no: int
    next_on: date
    made: int
    failed: int
    created_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Standing":
        """It from its row, or as an item of the same batch has left it."""
        if "standing" in row:
            standing: Standing = row["standing"]
            return standing
        return cls(
            id=row["key"],
            book_id=row["ledger_book"],
            debtor_account=row["debtor_account"],
            status=Status(row["status"]),
            row_version=row["row_version"],
            rule=msgspec.json.decode(row["rule"], type=Rule),
            asset=row["asset"],
            amount=int(row["amount"]),
            sealed=row["sealed"],
            next_no=row["next_no"],
            next_on=row["next_on"],
            made=row["made"],
            failed=row["failed"],
            created_at=row["created_at"],
        )

    def after(self, next_on: date | None, *, is_made: bool) -> "Standing":
        """It with one day more dealt with."""
        return replace(
            self,
            status=Status.COMPLETED if next_on is None else self.status,
            row_version=self.row_version + 1,
            next_no=self.next_no + 1,
            next_on=next_on or self.next_on,
            made=self.made + is_made,
            failed=self.failed + (not is_made),
        )

    def view(self) -> schemas.StandingOrder:
        """The wire form."""
        is_active = self.status is Status.ACTIVE
        return schemas.StandingOrder(
            id=self.id,
            status=self.status,
            debtor_account=self.debtor_account,
            asset=self.asset,
            amount=str(self.amount),
            rule=self.rule,
            upcoming=self.rule.upcoming(self.next_no) if is_active else [],
            made=self.made,
            failed=self.failed,
            created_at=self.created_at,
        )


def payment_id(standing_id: UUID, no: int) -> UUID:
    """The payment of an occurrence: the same at every attempt, so it is made at most once."""
    return derived_id(b"standing order" + standing_id.bytes + no.to_bytes(8, "big"))


def standing_of(seen: Seen, standing_id: UUID) -> Standing:
    """A standing order as the items before have left it.

    Raises:
        StandingOrderNotFound: the tenant has no such, or it is of another book.
    """
    row = seen.row(STANDING, standing_id)
    if row is None or Standing.of(row).book_id != seen.draft.book.book_id:
        raise StandingOrderNotFound("There is no such standing order.")
    return Standing.of(row)


def saved(seen: Seen, standing: Standing) -> Row:
    """Its row, which the items after this one see."""
    seen.amend(STANDING, standing.id, {"key": standing.id, "standing": standing})
    values = (
        standing.id,
        standing.book_id,
        standing.debtor_account,
        standing.status,
        standing.row_version,
        msgspec.json.encode(standing.rule),
        standing.asset,
        standing.amount,
        standing.sealed,
        standing.next_no,
        standing.next_on,
        standing.made,
        standing.failed,
        standing.created_at,
    )
    return Row(_STANDING, values)


def occurrence_row(
    standing: Standing, day: date, order_id: UUID | None, code: str | None, at: datetime
) -> Row:
    """That the next day of a standing order was dealt with."""
    return Row(_OCCURRENCE, (standing.id, standing.next_no, day, order_id, code, at))


def job_of(draft: Draft, standing: Standing) -> tuple[Row, ...]:
    """The job of the day that comes next, if one does."""
    if standing.status is not Status.ACTIVE:
        return ()
    job = RUN.row(
        draft.ids.new(),
        draft.book.tenant_id,
        Run(standing.id, standing.next_no),
        at=draft.at,
        run_at=first_instant(standing.next_on, draft.book.time_zone),
        unique=f"{standing.id}:{standing.next_no}",
    )
    return (job,)
