"""Rules that a user writes, and those that stand where none are given."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from bezant.ledger.schemas.terms import Amount

RULES_MAX: Final = 50
DAYS_MAX: Final = 366
MEMBERS_MAX: Final = 20

LineField = Literal[
    "code",
    "direction",
    "reference",
    "servicer_reference",
    "end_to_end_id",
    "remittance",
    "counterparty_name",
    "counterparty_account",
]
EntryField = Annotated[
    str,
    Meta(
        pattern=r"^(code|direction|counterparty|transaction|metadata\.[^\x00-\x1f]{1,64})\Z",
        max_length=73,
        description="`code`, `direction`, `counterparty` (the other account), `transaction`, or"
        " `metadata.` and a member of the transaction's metadata.",
        examples=["metadata.end_to_end_id"],
    ),
]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
Test = Literal["equals", "prefix", "contains", "pattern"]
"""`pattern` is matched in whole: `*` is any text, `?` one character, `#` one digit; all else is
itself. It takes time in proportion to the text, whatever is written."""

RuleCardinality = Literal["1:1", "1:n", "n:1"]
Cardinality = Literal["1:1", "1:n", "n:1", "n:m"]
"""Lines to entries; several to several only by hand."""


class LineCondition(Struct, frozen=True, forbid_unknown_fields=True):
    """A statement line counts only if this holds. Case and outer blanks say nothing."""

    field: LineField
    test: Test
    value: Text


class EntryCondition(Struct, frozen=True, forbid_unknown_fields=True):
    """A ledger entry counts only if this holds. Case and outer blanks say nothing."""

    field: EntryField
    test: Test
    value: Text


class Agreement(Struct, frozen=True, forbid_unknown_fields=True):
    """Fields that have to be the same on both sides, and not empty. Case and blanks say nothing.

    Attributes:
        how: `equals`; or `mentions`: the entry's text is one of the words of the line's.
    """

    line: LineField
    entry: EntryField
    how: Literal["equals", "mentions"] = "equals"


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """How lines and entries are found to be the same money.

    Attributes:
        name: what matches are explained by.
        priority: rules are tried from the lowest on; of equal ones, the first of the list.
        cardinality: lines to entries. `1:n`: one line is the sum of several entries.
        line: conditions on the lines, all of which hold.
        entry: conditions on the entries, all of which hold.
        agree: what has to be the same. For `1:n` and `n:1` the several share it; without any,
            combinations of at most `members_max` are tried, within limits.
        tolerance: by how many minor units the sums may differ.
        days: how far apart the dates may lie.
        date: which of the dates.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}\Z", max_length=40)]
    cardinality: RuleCardinality = "1:1"
    priority: Annotated[int, Meta(ge=0, le=1_000)] = 100
    line: Annotated[list[LineCondition], Meta(max_length=20)] = []
    entry: Annotated[list[EntryCondition], Meta(max_length=20)] = []
    agree: Annotated[list[Agreement], Meta(max_length=5)] = []
    tolerance: Amount = "0"
    days: Annotated[int, Meta(ge=0, le=DAYS_MAX)] = 3
    date: Literal["booking", "value"] = "booking"
    members_max: Annotated[int, Meta(ge=2, le=MEMBERS_MAX)] = 8


DEFAULT_RULES: Final = (
    Rule(
        "end-to-end-id",
        priority=10,
        agree=[Agreement("end_to_end_id", "metadata.end_to_end_id")],
        days=10,
    ),
    Rule(
        "bank-reference",
        priority=20,
        agree=[Agreement("servicer_reference", "metadata.servicer_reference")],
        days=10,
    ),
    Rule(
        "own-reference", priority=30, agree=[Agreement("reference", "metadata.reference")], days=10
    ),
    Rule(
        "reference-in-text",
        priority=40,
        agree=[Agreement("remittance", "metadata.reference", "mentions")],
        days=10,
    ),
    Rule(
        "batch",
        cardinality="1:n",
        priority=50,
        agree=[Agreement("reference", "metadata.batch")],
        days=10,
    ),
    Rule(
        "instalments",
        cardinality="n:1",
        priority=60,
        agree=[Agreement("reference", "metadata.reference")],
        days=10,
    ),
    Rule("amount-and-date", priority=90),
)
"""References first, from the strongest on; then batches; the amount alone comes last."""


def in_order(rules: "list[Rule] | tuple[Rule, ...]") -> list[Rule]:
    """The rules as they are tried."""
    return sorted(rules, key=lambda rule: rule.priority)
