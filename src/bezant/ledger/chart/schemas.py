"""Wire models of charts of accounts."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger.periods.schemas import ClosingAccount
from bezant.ledger.schemas import AccountType, Name

NODES_MAX = 2_000
ACCOUNTS_OF_NODE_MAX = 8_190

NodeCode = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z",
        max_length=32,
        description="The client's own code of a node.",
        examples=["1000.10"],
    ),
]
AccountRule = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9][A-Za-z0-9:._@-]{0,127}\*?|\*)\Z",
        max_length=129,
        description="An account's id, or the beginning of ids with `*` after it.",
        examples=["customers:*"],
    ),
]


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a chart.

    Attributes:
        code: orders it among its siblings.
        type: the type of the accounts that it takes; its parent's.
        parent: the code of the node that it is part of.
        accounts: which accounts of its type belong to it: ids, or beginnings of ids such as
            `customers:*`. The longest beginning wins, and an id wins over all of them.
    """

    code: NodeCode
    name: Name
    type: AccountType
    parent: NodeCode | None = None
    accounts: Annotated[list[AccountRule], Meta(max_length=ACCOUNTS_OF_NODE_MAX)] = []


class FinancialYear(Struct, frozen=True, forbid_unknown_fields=True):
    """When a financial year ends, and where its result goes then.

    Attributes:
        ends_in: the number of its last month.
        closing_entries_to: as `to` of closing entries.
    """

    ends_in: Annotated[int, Meta(ge=1, le=12)]
    closing_entries_to: ClosingAccount


class NewChart(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT …/chart`: the whole chart, from now on.

    Attributes:
        replaces: the version that it was made from; 0 for the first.
    """

    replaces: Annotated[int, Meta(ge=0, le=1_000_000)]
    nodes: Annotated[list[Node], Meta(max_length=NODES_MAX)]
    financial_year: FinancialYear | None = None


class Chart(Struct, frozen=True):
    """A version of a chart.

    Attributes:
        version: 0 while there is none.
        recorded_at: since when; until the next version.
        actor: who made it so.
    """

    version: int
    nodes: list[Node]
    financial_year: FinancialYear | None = None
    recorded_at: datetime | None = None
    actor: str | None = None


class ChartQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version; without any of these, the newest."""

    version: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    known_at: Annotated[Instant, Meta(description="The newest at this instant.")] | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.known_at, "known_at")


class Stored(Struct, frozen=True):
    """What is written down of a version."""

    nodes: list[Node]
    financial_year: FinancialYear | None = None
