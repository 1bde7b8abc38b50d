"""Wire models of statements and reconciliations. Amounts are minor units, signed."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.ledger.reconciliation.domain import Reason, Side, place_of
from bezant.ledger.reconciliation.rules import RULES_MAX, Cardinality, Rule
from bezant.ledger.schemas.terms import AccountId, Amount

if TYPE_CHECKING:
    import asyncpg

ITEMS_MAX = 1_000
RELATED_MAX = 10

EntryPlace = Annotated[
    str,
    Meta(
        pattern=r"^[1-9][0-9]{0,17}\.(0|[1-9][0-9]{0,4})\Z",
        max_length=24,
        description="An entry of the account by its place in the book: `seq.leg`.",
        examples=["17.0"],
    ),
]
LineNo = Annotated[int, Meta(ge=1, le=2**53 - 1, description="A line of the account's statements.")]
Note = Annotated[
    str, Meta(min_length=1, max_length=500, description="Why, for people; no personal data.")
]


class Import(Struct, frozen=True):
    """A file as it was imported.

    Attributes:
        lines: that it holds.
        lines_added: those that were not there yet.
    """

    no: int
    format: str
    lines: int
    lines_added: int
    statements: int
    statements_added: int
    imported_at: datetime
    author: str


class Imports(Struct, frozen=True):
    """A page of imports, oldest first."""

    imports: list[Import]
    next: str | None


class ImportedStatement(Struct, frozen=True):
    """A statement that an import added. `opening` and `closing` are None where none are told.

    Attributes:
        id: the bank's identifier; empty where it has none.
        number: the bank's number.
    """

    no: int
    id: str
    number: str
    first_date: date
    last_date: date
    opening: str | None
    closing: str | None
    movements: str
    lines: int


class ImportDetails(Struct, frozen=True):
    """An import, and the first of the statements that it added."""

    imported: Import
    added: list[ImportedStatement]


class StatementLineView(Struct, frozen=True):
    """A line with what it says; the texts are None once they are erased."""

    no: int
    place: int
    booking_date: date
    value_date: date
    amount: str
    code: str | None
    reference: str | None
    servicer_reference: str | None
    end_to_end_id: str | None
    remittance: str | None
    counterparty_name: str | None
    counterparty_account: str | None


class Period(
    Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}
):
    """Booking dates in the book's time zone, both included; without `from`, from the beginning."""

    last: date
    first: date | None = None


class NewReconciliation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/reconciliations`. Without rules the default ones are taken."""

    account: AccountId
    period: Period
    rules: Annotated[list[Rule], Meta(min_length=1, max_length=RULES_MAX)] | None = None

    def __post_init__(self) -> None:
        """Matches are explained by the names of rules.

        Raises:
            ValueError: two rules of one name.
        """
        names = [rule.name for rule in self.rules or ()]
        if len({*names}) < len(names):
            raise ValueError("Invalid field `rules`: each has a name of its own")


class Tally(Struct, frozen=True):
    """A count, and the signed sum of the amounts."""

    count: int
    amount: str


class Explained(Struct, frozen=True):
    """What the difference of the balances is made of; the sum of all is the difference.

    Attributes:
        opening: by how much the balances differed before the period.
        gaps: what the stated balances moved without a line: a statement is missing.
        matched: what matched lines come to more than their entries: tolerated differences, and
            matches with something outside the period.
        missing_in_ledger: lines without a match.
        missing_in_statement: entries without a match, taken off.
    """

    opening: str
    gaps: str
    matched: str
    missing_in_ledger: str
    missing_in_statement: str


class Summary(Struct, frozen=True):
    """What a reconciliation came to, when it ended.

    Attributes:
        lines: open ones that it looked at.
        entries: open ones that it looked at.
        by_rule: matches by the name of their rule.
        by_reason: breaks by their reason.
        statement_closing: the last that is stated within the period; None where none is.
        ledger_closing: the account's booked balance at the period's end.
        difference: statement less ledger; None without a stated balance.
        explained: None without a stated balance.
    """

    lines: int
    entries: int
    matches: int
    breaks: int
    by_rule: dict[str, int]
    by_reason: dict[str, Tally]
    statement_opening: str | None
    statement_closing: str | None
    ledger_opening: str
    ledger_closing: str
    difference: str | None
    explained: Explained | None


class Reconciliation(Struct, frozen=True):
    """A reconciliation. `status` is `running` until there is a summary, then `done`."""

    id: UUID
    account: str
    asset: str
    period: Period
    seq: int
    status: str
    rules: list[Rule]
    asked_at: datetime
    author: str
    ended_at: datetime | None
    summary: Summary | None


class Undoing(Struct, frozen=True):
    """Who took a match apart, why, and when."""

    author: str
    reason: str
    undone_at: datetime


class MatchView(Struct, frozen=True):
    """A match and its explanation.

    Attributes:
        rule: its rule's name, or `manual`.
        agreed: the fields that were the same, each as `line=entry`.
        difference: what the lines come to more than the entries.
        days: the most days between a line and an entry.
        author: `rules`, or who matched by hand.
    """

    no: int
    rule: str
    cardinality: str
    lines: list[int]
    entries: list[str]
    agreed: list[str]
    difference: str
    days: int
    author: str
    reason: str | None
    matched_at: datetime
    undone: Undoing | None


class Matches(Struct, frozen=True):
    """A page of matches, in the order in which they were found."""

    matches: list[MatchView]
    next: str | None


class Resolution(Struct, frozen=True):
    """The match that a break found later."""

    reconciliation: UUID
    match: int


class BreakView(Struct, frozen=True):
    """A line or an entry without a match.

    Attributes:
        line: its number; None for an entry.
        entry: its place; None for a line.
        age_days: since its booking date, in the book's time zone.
        age: `0-1`, `2-7`, `8-30` or `>30`.
        related: lines by number or entries by place: what it was held against.
        resolved: None as long as it is open.
    """

    no: int
    side: Side
    line: int | None
    entry: str | None
    amount: str
    booking_date: date
    age_days: int
    age: str
    reason: Reason
    related_side: Side
    related: list[str]
    resolved: Resolution | None


class Breaks(Struct, frozen=True):
    """A page of breaks: lines first, then entries."""

    breaks: list[BreakView]
    next: str | None


class NewMatch(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/matches`: lines and entries that somebody says are the same money.

    Attributes:
        tolerance: by how much they may differ; the difference is kept.
    """

    lines: Annotated[list[LineNo], Meta(min_length=1, max_length=ITEMS_MAX)]
    entries: Annotated[list[EntryPlace], Meta(min_length=1, max_length=ITEMS_MAX)]
    reason: Note
    tolerance: Amount = "0"


class NewUndoing(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/matches/{match}/undo`."""

    reason: Note


def import_of(row: "asyncpg.Record") -> Import:
    """The wire form of a row."""
    return Import(
        no=row["import_no"],
        format=row["format"],
        lines=row["lines"],
        lines_added=row["lines_added"],
        statements=row["statements"],
        statements_added=row["statements_added"],
        imported_at=row["imported_at"],
        author=row["author"],
    )


def place_text(key: int) -> str:
    """An entry's place as the wire has it: `seq.leg`."""
    seq, leg = place_of(key)
    return f"{seq}.{leg}"


def note_place(reconciliation_id: UUID, match_no: int) -> bytes:
    """What a match's notes are sealed for."""
    return reconciliation_id.bytes + match_no.to_bytes(8)


def cardinality_of(lines: int, entries: int) -> Cardinality:
    """How many stand for how many: `1:1`, `1:n`, `n:1`, or `n:m` by hand."""
    if lines == 1:
        return "1:1" if entries == 1 else "1:n"
    return "n:1" if entries == 1 else "n:m"


RULES = msgspec.json.Decoder(list[Rule])
