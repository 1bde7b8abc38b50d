"""Which line of a report each account adds to, remembered: neither changes.

An account's asset and type never change, nor does a version of a chart. So a process reads the
accounts of a book once for each version, and later only those that were opened since.
"""

from array import array
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from bezant.ledger.chart import Chart
from bezant.ledger.queries import Source
from bezant.ledger.reports import store
from bezant.ledger.schemas import AccountType

PLACEMENTS_HELD_MAX: Final = 100
"""Books, each by a version of its chart, that a process remembers; four bytes for each account."""


class Place(NamedTuple):
    """A line of a report: of one asset and type; `code` is None where no node takes the account."""

    asset: str
    type: AccountType
    code: str | None


@dataclass(slots=True)
class Placement:
    """The lines of a book by a version of its chart.

    Attributes:
        places: every line that an account adds to.
        of_accounts: the number of its line, for each account in the order of opening.
        last: the id and the opening of the last account.
    """

    places: list[Place] = field(default_factory=list)
    of_accounts: "array[int]" = field(default_factory=lambda: array("I"))
    last: tuple[str, datetime] | None = None
    _numbers: dict[Place, int] = field(default_factory=dict)

    def add(self, place: Place) -> None:
        """The next account's line."""
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self.places)
            self.places.append(place)
        self.of_accounts.append(number)


class Placements:
    """Those that a process remembers."""

    def __init__(self) -> None:
        self._held: dict[tuple[UUID, UUID, int], Placement] = {}

    async def of(self, source: Source, key: tuple[UUID, UUID], chart: Chart) -> Placement:
        """The lines of every account that a source shows."""
        name = (*key, chart.version)
        placement = self._held.pop(name, Placement())
        if not await _extend(source, key, chart, placement):
            placement = Placement()
            await _extend(source, key, chart, placement)
        self._held[name] = placement
        while len(self._held) > PLACEMENTS_HELD_MAX:
            del self._held[next(iter(self._held))]
        return placement


async def _extend(
    source: Source, key: tuple[UUID, UUID], chart: Chart, placement: Placement
) -> bool:
    """Take in accounts that were opened since; False where the last one is not what it was.

    So it is after a failover that lost openings, whose numbers others got, and on a replica that is
    behind.
    """
    known = len(placement.of_accounts)
    rows = await source.fetch(store.FIND_ACCOUNTS, *key, max(known, 1))
    if known:
        if not rows or (rows[0]["account_id"], rows[0]["opened_at"]) != placement.last:
            return False
        del rows[0]
    for row in rows:
        kind = AccountType(row["type"])
        placement.add(Place(row["asset"], kind, chart.code_of(row["account_id"], kind)))
        placement.last = row["account_id"], row["opened_at"]
    return True
