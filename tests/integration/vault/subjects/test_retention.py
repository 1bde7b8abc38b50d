"""Values that were kept for as long as they may be leave, unless something keeps them."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.sealed import Normal, SealedField, Sealing
from bezant.vault.subjects.schemas import RetentionChange
from fixtures_vault import Strongroom
from people import Person, place

if TYPE_CHECKING:
    import asyncpg

DAY_S = 86_400
SHORT = SealedField("visit.email", index=Normal.EMAIL, keep_days=30)


@pytest.fixture(autouse=True)
async def others(owner: "asyncpg.Connection[asyncpg.Record]") -> None:
    """What other tests have left is never due: a sweep visits every tenant."""
    await owner.execute("UPDATE vault_value SET expires_at = NULL")


async def visit(room: Strongroom) -> Person:
    """Somebody whose address is kept for thirty days."""
    subject_id, reference = uuid4(), uuid4()
    sealing = Sealing(reference, subject_id, SHORT, "visitor@example.com")
    await room.vault.fields.seal(room.call(), [sealing])
    await room.vault.fields.keep(room.tenant_id, [reference])
    return Person(subject_id, {SHORT: reference})


async def found(room: Strongroom) -> list[UUID]:
    return await room.vault.fields.find(room.call(), SHORT, "visitor@example.com")


async def test_a_value_is_erased_when_its_time_is_over(
    strongroom: Strongroom, clock: ManualClock
) -> None:
    person = await visit(strongroom)
    reference = person.references[SHORT]
    clock.advance(seconds=29 * DAY_S)
    assert await strongroom.vault.retention.sweep() == 0
    assert await found(strongroom) == [reference]
    clock.advance(seconds=DAY_S)
    assert await strongroom.vault.retention.sweep() == 1
    assert await found(strongroom) == []
    opened = await strongroom.vault.fields.open(strongroom.call(), [reference])
    assert opened.values == {}
    [row] = await strongroom.database.fetch(
        "SELECT actor, purpose FROM audit_entry WHERE tenant_id = $1 AND action = $2",
        strongroom.tenant_id,
        "sealed_value.expire",
    )
    assert (row["actor"], row["purpose"]) == ("platform", "retention")


async def test_a_former_value_leaves_in_its_own_time(
    strongroom: Strongroom, clock: ManualClock
) -> None:
    person = await visit(strongroom)
    reference = person.references[SHORT]
    clock.advance(seconds=20 * DAY_S)
    rectified = Sealing(reference, person.id, SHORT, "visitor@example.org")
    await strongroom.vault.fields.replace(strongroom.call(), [rectified])
    clock.advance(seconds=10 * DAY_S)
    assert await strongroom.vault.retention.sweep() == 1
    opened = await strongroom.vault.fields.open(strongroom.call(), [reference])
    assert opened.values == {reference: "visitor@example.org"}
    search = strongroom.vault.fields.find(strongroom.call(), SHORT, "visitor@example.org")
    assert await search == [reference]
    clock.advance(seconds=20 * DAY_S)
    assert await strongroom.vault.retention.sweep() == 1


async def test_a_hold_keeps_values_beyond_their_time(
    strongroom: Strongroom, clock: ManualClock
) -> None:
    person, other = await visit(strongroom), await visit(strongroom)
    assert (await place(strongroom, person)).status == 201
    clock.advance(seconds=31 * DAY_S)
    assert await strongroom.vault.retention.sweep() == 1
    assert await found(strongroom) == [person.references[SHORT]]
    assert other.references[SHORT] not in await found(strongroom)


async def test_a_duty_to_keep_is_longer_than_a_right_to_forget(
    strongroom: Strongroom, clock: ManualClock
) -> None:
    person = await visit(strongroom)
    change = RetentionChange(60, "tax-law")
    await strongroom.vault.retention.change(strongroom.call(), SHORT.name, change)
    clock.advance(seconds=59 * DAY_S)
    assert await strongroom.vault.retention.sweep() == 0
    assert await found(strongroom) == [person.references[SHORT]]
    clock.advance(seconds=DAY_S)
    assert await strongroom.vault.retention.sweep() == 1
