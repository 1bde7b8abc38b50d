"""Any order of the same postings gives the same balances at every instant."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bezant.kernel.database import Database
from bezant.ledger import Ledger, schemas
from bezant.ledger.history import Axis, History, Moment, Sums
from fixtures_ledger import IDS, new_bank
from integration.ledger.history.conftest import NAMES, START, snapshots_of
from past import Past

EXAMPLES = 12
HOURS = 8


@dataclass(frozen=True)
class Payment:
    """A posting that counts from an hour on."""

    debit: str
    credit: str
    amount: int
    hour: int
    pending: bool


payments = st.builds(
    lambda names, *rest: Payment(names[0], names[1], *rest),
    st.permutations(NAMES),
    st.integers(1, 50) | st.integers(2**100, 2**110),
    st.integers(0, HOURS),
    st.booleans(),
)
orders = st.lists(payments, min_size=1, max_size=40).flatmap(
    lambda first: st.tuples(st.just(first), st.permutations(first))
)


async def test_any_permutation_gives_the_same_balances_at_every_instant(
    ledger: Ledger, database: Database
) -> None:
    loop = asyncio.get_running_loop()
    history = History(database)

    async def balances(order: list[Payment], portion: int) -> list[dict[str, Sums]]:
        """By name, before the first and at each hour; a snapshot is written between portions."""
        bank = await (await new_bank(ledger, database)).create()
        for name in NAMES:
            await bank.open(name)
        key, seq = (bank.tenant_id, bank.book_id), 0
        for start in range(0, len(order), portion):
            items = [
                schemas.BatchTransaction(
                    [bank.leg(each.debit, each.credit, each.amount, pending=each.pending)],
                    id=IDS.new(),
                    effective_at=START + timedelta(hours=each.hour),
                )
                for each in order[start : start + portion]
            ]
            assert {result.status for result in await bank.batch(*items)} == {201}
            seq = (await history.head(*key)).seq
            await snapshots_of(database).write_book(*key, seq)
        past = await Past.read(database, *key)
        found = []
        for hour in range(-1, HOURS + 1):
            at = Moment(Axis.EFFECTIVE, START + timedelta(hours=hour), seq)
            book = await history.sums_of_book(*key, at)
            for no in past.accounts:
                assert await history.sums(*key, no, at) == book.get(no, Sums())
            found.append({past.accounts[no]: sums for no, sums in book.items()})
        return found

    async def check(first: list[Payment], second: list[Payment], portion: int) -> None:
        assert await balances(first, portion) == await balances(second, len(second))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(orders, st.integers(1, 20))
    def permute(both: tuple[list[Payment], list[Payment]], portion: int) -> None:
        asyncio.run_coroutine_threadsafe(check(*both, portion), loop).result(60)

    await asyncio.to_thread(permute)
