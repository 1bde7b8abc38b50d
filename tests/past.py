"""The past by brute force: every leg that counts, added up one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from bezant.kernel.database import Database
from bezant.ledger.history import Axis, BookSums, Entry, Moment, Span, Sums

LEGS = """
    SELECT t.transaction_id, t.seq, t.leg, t.kind, h.hold_id, t.debit_no, t.credit_no, t.amount,
        t.code, t.booking_date, t.value_date, t.effective_at, t.recorded_at
    FROM transfer t LEFT JOIN hold_event h ON h.tenant_id = t.tenant_id
        AND h.book_id = t.book_id AND h.seq = t.seq AND h.leg = t.leg
    WHERE t.tenant_id = $1 AND t.book_id = $2 ORDER BY t.seq, t.leg
"""
ACCOUNTS = "SELECT account_no, account_id FROM account WHERE tenant_id = $1 AND book_id = $2"
COLUMNS = {
    Axis.EFFECTIVE: "effective_at",
    Axis.BOOKING: "booking_date",
    Axis.VALUE: "value_date",
}


@dataclass
class Past:
    """A book's history as it was read once.

    Attributes:
        accounts: their names by number.
    """

    legs: list[Mapping[str, Any]]
    accounts: dict[int, str]

    @classmethod
    async def read(cls, database: Database, tenant_id: UUID, book_id: UUID) -> "Past":
        """All of it."""
        accounts = await database.fetch(ACCOUNTS, tenant_id, book_id)
        return cls(
            [dict(row) for row in await database.fetch(LEGS, tenant_id, book_id)],
            {row["account_no"]: row["account_id"] for row in accounts},
        )

    def no(self, account_id: str) -> int:
        """An account's number."""
        return next(no for no, name in self.accounts.items() if name == account_id)

    def sums(self, account_no: int, at: Moment) -> Sums:
        """An account's sums at a moment."""
        return self.sums_of_book(at).get(account_no, Sums())

    def sums_of_book(self, at: Moment) -> BookSums:
        """Everybody's."""
        book: dict[int, list[int]] = {}
        for leg in self.legs:
            if leg["seq"] <= at.seq and leg[COLUMNS[at.axis]] <= at.until:
                amount = int(leg["amount"])
                posted, pending = {
                    "posted": (amount, 0),
                    "pending": (0, amount),
                    "captured": (amount, -amount),
                    "voided": (0, -amount),
                    "expired": (0, -amount),
                }[leg["kind"]]
                for side, column in enumerate(("debit_no", "credit_no")):
                    sums = book.setdefault(leg[column], [0, 0, 0, 0, 0])
                    sums[side] += posted
                    sums[2 + side] += pending
                    sums[4] += 1
        return {no: Sums(*sums) for no, sums in book.items()}

    def entries(self, account_no: int, span: Span) -> list[Entry]:
        """All of a span."""
        found = []
        for leg in self.legs:
            counts = span.start <= leg[COLUMNS[span.axis]] <= span.end
            if (
                counts
                and leg["seq"] <= span.seq
                and account_no in (leg["debit_no"], leg["credit_no"])
            ):
                is_debit = leg["debit_no"] == account_no
                other = leg["credit_no" if is_debit else "debit_no"]
                found.append(
                    Entry(
                        leg["transaction_id"],
                        leg["seq"],
                        leg["leg"],
                        leg["kind"],
                        leg["hold_id"],
                        "debit" if is_debit else "credit",
                        self.accounts[other],
                        int(leg["amount"]),
                        leg["code"],
                        leg["booking_date"],
                        leg["value_date"],
                        leg["effective_at"],
                        leg["recorded_at"],
                    )
                )
        return sorted(found, key=lambda entry: entry.position(span.axis))


def midnight(day: date) -> datetime:
    """Its beginning, UTC."""
    return datetime.combine(day, time(), UTC)
