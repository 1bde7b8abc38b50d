"""Collections that leave in one message: of one creditor, in one sequence, on one day."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from bezant.kernel.database import Database
from bezant.kernel.jobs import Again
from bezant.payments.direct_debits import batching
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.jobs import RUN
from bezant.payments.rails import Pending, Rejected, Unknown
from bezant.server.embedded import EmbeddedServers
from debiting import CREDITOR, DUE, ELSEWHERE, OTHER_CREDITOR, Collecting, open_collecting

S = DebitState
EVE = DUE - timedelta(days=1)


@pytest.fixture
async def desk(database: Database, run_folder: Path) -> AsyncIterator[Collecting]:
    async with open_collecting(database, run_folder) as desk:
        yield desk


async def collect(desk: Collecting, payee: UUID, **mandate: object) -> UUID:
    """A collection under a mandate of its own."""
    return await desk.collect(await desk.mandate(payee, ELSEWHERE, **mandate))


def messages(desk: Collecting) -> list[frozenset[UUID]]:
    """What was in each message that the scheme got."""
    return sorted(desk.scheme.messages.values(), key=lambda each: (-len(each), min(each)))


async def test_those_of_one_creditor_sequence_and_day_are_in_one_message(
    desk: Collecting,
) -> None:
    payee, other = await desk.open(), await desk.open()
    together = frozenset([await collect(desk, payee) for _ in range(5)])
    apart = [
        await collect(desk, payee, one_off=True),
        await collect(desk, payee, creditor_id=OTHER_CREDITOR),
        await collect(desk, other),
    ]
    await desk.wind_to(EVE)
    assert messages(desk) == [together, *sorted(frozenset([each]) for each in apart)]
    for _ in range(2):
        await desk.work()
    assert len(messages(desk)) == 4, "a repeat is the same message"
    assert {each.message for each in desk.scheme.presented.values()} == set(desk.scheme.messages)


async def test_a_message_has_so_many_and_the_rest_is_in_the_next(
    desk: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "SIZE_MAX", 2)
    payee = await desk.open()
    for _ in range(5):
        await collect(desk, payee)
    await desk.wind_to(EVE)
    assert [len(each) for each in messages(desk)] == [2, 2, 1]


async def test_who_comes_after_it_was_sent_is_in_another_message(desk: Collecting) -> None:
    payee = await desk.open()
    first = await collect(desk, payee)
    mandate = await desk.mandate(payee, ELSEWHERE)
    late = await desk.collect(mandate)
    # Its job is late: the message with the others has left.
    desk.clock.advance(seconds=(EVE - desk.clock.now().date()).days * 86_400)
    await desk.run(RUN.name, first)
    desk.clock.advance(seconds=int(batching.GATHERED_FOR.total_seconds()))
    await desk.sent()
    await desk.run(RUN.name, late)
    desk.clock.advance(seconds=int(batching.GATHERED_FOR.total_seconds()))
    await desk.sent()
    assert [set(each) for each in messages(desk)] == [{first}, {late}]


async def test_each_ends_by_its_own_answer(desk: Collecting) -> None:
    payee = await desk.open()
    settles, ends, unknown = [await collect(desk, payee) for _ in range(3)]
    desk.scheme.on_each = {ends: Rejected("AC04"), unknown: Unknown("TIMEOUT")}
    desk.scheme.on_present = Pending("scheme")
    await desk.wind_to(EVE)
    assert [len(each) for each in messages(desk)] == [3]
    assert await desk.state(ends) == (S.REJECTED, "AC04")
    assert (await desk.state(settles))[0] is S.PRESENTED
    *_, again = await desk.work()
    assert isinstance(again, Again)
    assert again.wait is None, "of one nothing is known: it is asked at once, in the same message"
    assert desk.scheme.asked[ends] == desk.scheme.asked[unknown] == 2


async def test_what_was_presented_before_there_were_batches_is_asked_about_by_itself(
    desk: Collecting, embedded_servers: EmbeddedServers
) -> None:
    payee = await desk.open()
    debit = await collect(desk, payee)
    await desk.wind_to(EVE)
    desk.scheme.messages.clear()
    desk.scheme.presented.clear()
    owner = await asyncpg.connect(embedded_servers.postgres.owner_url)
    forget = "DELETE FROM direct_debit_member WHERE tenant_id = $1"
    await owner.execute(forget, desk.bank.tenant_id)
    await owner.close()
    await desk.run(RUN.name, debit)
    assert desk.scheme.messages == {debit: frozenset([debit])}, "named as it was named then"


async def test_the_creditor_of_all_is_the_one_that_was_signed_for(desk: Collecting) -> None:
    payee = await desk.open()
    for _ in range(2):
        await collect(desk, payee)
    await desk.wind_to(EVE)
    says = {each.content.mandate.creditor_id for each in desk.scheme.presented.values()}
    assert says == {CREDITOR}
