"""A book's reversals: what legs claim to take back, held against the legs that they name."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from bezant.ledger.domain import Kind as LegKind
from bezant.ledger.feed.history import Row
from bezant.ledger.reversals.domain import MOVING
from bezant.ledger.verify import store
from bezant.ledger.verify.findings import Kind

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.ledger.verify.replay import Replay

    Connection = PoolConnectionProxy[asyncpg.Record]

_ORIGINALS_AT_ONCE: Final = 1_000


class Claim(NamedTuple):
    """A leg that takes back another one."""

    seq: int
    leg: int
    kind: str
    debit_no: int
    credit_no: int
    amount: int
    code: str
    effective_at: datetime


@dataclass(slots=True)
class ReversalReplay:
    """What history says is taken back.

    Originals come before their reversals, and are too many to be kept in case one follows. So the
    claims are kept, and held against the originals in a second look at these alone.

    Attributes:
        claims: by the transaction and the number of the leg that they name.
        events: how many legs take back another one.
    """

    claims: dict[UUID, dict[int, list[Claim]]] = field(default_factory=dict)
    events: int = 0

    def claim(self, leg: Row) -> None:
        """Note a leg that takes back another one."""
        self.events += 1
        claim = Claim(
            leg["seq"],
            leg["leg"],
            leg["kind"],
            leg["debit_no"],
            leg["credit_no"],
            int(leg["amount"]),
            leg["code"],
            leg["effective_at"],
        )
        of_original = self.claims.setdefault(leg["original_id"], {})
        of_original.setdefault(leg["original_leg"], []).append(claim)

    def differences(self, originals: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Where and how claims differ from the legs that they name. Each original comes once."""
        for row in originals:
            claims = self.claims.get(row["transaction_id"], {}).pop(row["leg"], [])
            for claim in claims:
                if (broken := _difference(claim, row)) is not None:
                    yield f"seq {claim.seq}, leg {claim.leg}", broken
            taken = sum(claim.amount for claim in claims)
            if taken > int(row["amount"]):
                yield (
                    f"seq {row['seq']}, leg {row['leg']}",
                    f"reversals take back {taken} of {row['amount']}",
                )

    def unfounded(self) -> Iterator[tuple[str, str]]:
        """The claims that name a leg which was not among the originals."""
        for transaction_id, legs in self.claims.items():
            for no, claims in legs.items():
                for claim in claims:
                    place = f"seq {claim.seq}, leg {claim.leg}"
                    yield place, f"takes back leg {no} of transaction {transaction_id}: no such leg"


def _difference(claim: Claim, original: Row) -> str | None:
    """How a leg is not what takes back the original; None when it is."""
    sides = original["credit_no"], original["debit_no"]
    if (claim.debit_no, claim.credit_no) != sides or claim.code != original["code"]:
        return f"is not the opposite of seq {original['seq']}, leg {original['leg']}"
    if claim.kind != LegKind.POSTED or original["original_id"] is not None:
        return f"cannot take back seq {original['seq']}, leg {original['leg']}"
    if original["kind"] not in MOVING:
        return f"takes back seq {original['seq']}, leg {original['leg']}, which moved nothing"
    if claim.seq <= original["seq"] or claim.effective_at < original["effective_at"]:
        return f"comes before seq {original['seq']}, which it takes back"
    return None


async def compare_reversals(connection: "Connection", tenant_id: UUID, replay: "Replay") -> None:
    """Every reversal against its original, and that no link stands beside no leg."""
    await compare_originals(connection, tenant_id, replay)
    counted = await connection.fetchrow(store.COUNT_REVERSALS, tenant_id, replay.book_id)
    assert counted is not None
    if counted["reversals"] != replay.reversals.events:
        replay.find(
            Kind.REVERSAL_BROKEN,
            "reversals",
            f"{counted['reversals']} stored; {replay.reversals.events} legs take back another one",
        )


async def compare_originals(connection: "Connection", tenant_id: UUID, replay: "Replay") -> None:
    """Every reversal that history has against the leg that it names."""
    reversals = replay.reversals
    named = iter(list(reversals.claims))
    while some := list(islice(named, _ORIGINALS_AT_ONCE)):
        rows = await connection.fetch(store.FIND_ORIGINALS, tenant_id, replay.book_id, some)
        for place, detail in reversals.differences(rows):
            replay.find(Kind.REVERSAL_BROKEN, place, detail)
    for place, detail in reversals.unfounded():
        replay.find(Kind.REVERSAL_BROKEN, place, detail)
