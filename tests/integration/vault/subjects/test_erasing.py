"""Erasure: complete when it is answered, blocked with a reason, never half."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import msgspec
import pytest

from bezant.kernel.clock import ManualClock
from bezant.kernel.errors import Unavailable
from bezant.kernel.sealed import Sealing, SubjectErased
from bezant.vault.subjects.holdings import Described
from bezant.vault.subjects.schemas import RetentionChange
from fixtures_ledger import code
from fixtures_vault import Strongroom
from people import (
    EMAIL,
    ERASED,
    NAME,
    Person,
    counts,
    erase,
    everything,
    journal_of,
    opened,
    place,
    restart,
    seal,
    subjects_of,
)

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

DAY_S = 86_400


async def test_an_erased_person_is_neither_opened_found_nor_sealed(strongroom: Strongroom) -> None:
    person, other = await seal(strongroom), await seal(strongroom)
    answer = await erase(strongroom, person)
    assert answer.status == 200
    assert await counts(strongroom, person) == ERASED
    assert await opened(strongroom, person) == {}
    found = await strongroom.vault.fields.find(strongroom.call(), EMAIL, "grace@example.com")
    assert found == [other.references[EMAIL]]
    with pytest.raises(SubjectErased):
        await seal(strongroom, person.id)
    with pytest.raises(SubjectErased):
        await strongroom.vault.fields.replace(
            strongroom.call(), [Sealing(person.references[NAME], person.id, NAME, "G. Hopper")]
        )
    # The control: who shared everything but the identifier is untouched.
    assert await opened(strongroom, other) == everything(other)


async def test_what_remains_of_a_key_is_that_there_was_one(strongroom: Strongroom) -> None:
    person = await seal(strongroom)
    await erase(strongroom, person)
    [row] = await strongroom.keys.fetch(
        "SELECT state, wrapped, destroyed_at FROM subject_key"
        " WHERE tenant_id = $1 AND subject_id = $2",
        strongroom.tenant_id,
        person.id,
    )
    assert (row["state"], row["wrapped"]) == ("destroyed", None)
    assert row["destroyed_at"] == strongroom.clock.now()


async def test_an_erasure_happens_once(strongroom: Strongroom, erasures: Path) -> None:
    person = await seal(strongroom)
    first = await erase(strongroom, person, key="first")
    assert (await erase(strongroom, person, key="first")).body == first.body
    assert (await erase(strongroom, person, key="second")).body == first.body
    assert len(journal_of(erasures)) == 1


async def test_nobody_erases_another_tenants_subject(strongroom: Strongroom) -> None:
    person = await seal(strongroom)
    ours, strongroom.tenant_id = strongroom.tenant_id, uuid4()
    answer = await erase(strongroom, person)
    assert (answer.status, code(answer)) == (404, "SUBJECT_NOT_FOUND")
    strongroom.tenant_id = ours
    assert await opened(strongroom, person) == everything(person)


async def test_a_legal_hold_blocks_erasure_until_it_is_released(
    strongroom: Strongroom, erasures: Path
) -> None:
    person = await seal(strongroom)
    placed = await place(strongroom, person)
    before = await counts(strongroom, person)
    refused = await erase(strongroom, person)
    problem = msgspec.json.decode(refused.body)
    assert (refused.status, problem["code"]) == (409, "ERASURE_BLOCKED")
    assert (problem["blocked_by"], problem["reason"]) == ("hold", "case-1")
    assert await counts(strongroom, person) == before
    assert await opened(strongroom, person) == everything(person)
    assert journal_of(erasures) == []
    hold_id = UUID(problem["hold_id"])
    assert msgspec.json.decode(placed.body)["id"] == problem["hold_id"]
    subjects = subjects_of(strongroom)
    for _ in range(2):
        released = await subjects.release(strongroom.call(), person.id, hold_id)
        assert released.status == 200
    assert (await erase(strongroom, person)).status == 200
    assert await counts(strongroom, person) == ERASED


async def test_a_hold_ends_by_itself(strongroom: Strongroom, clock: ManualClock) -> None:
    person = await seal(strongroom)
    until = clock.now() + timedelta(days=1)
    await place(strongroom, person, until=until)
    refused = await erase(strongroom, person)
    assert msgspec.json.decode(refused.body)["until"] == until.isoformat()
    clock.advance(seconds=DAY_S)
    assert (await erase(strongroom, person)).status == 200
    assert code(await place(strongroom, await seal(strongroom), until=until)) == "HOLD_IN_THE_PAST"


async def test_an_erased_person_is_not_held(strongroom: Strongroom) -> None:
    person = await seal(strongroom)
    await erase(strongroom, person)
    assert code(await place(strongroom, person)) == "SUBJECT_ERASED"


async def test_a_hold_is_released_at_its_subject_only(strongroom: Strongroom) -> None:
    one, other = await seal(strongroom), await seal(strongroom)
    placed = msgspec.json.decode((await place(strongroom, one)).body)
    answer = await subjects_of(strongroom).release(strongroom.call(), other.id, UUID(placed["id"]))
    assert code(answer) == "LEGAL_HOLD_NOT_FOUND"
    assert (await erase(strongroom, one)).status == 409


async def test_a_duty_to_keep_blocks_erasure_until_its_day(
    strongroom: Strongroom, clock: ManualClock
) -> None:
    person = await seal(strongroom)
    retention = strongroom.vault.retention
    change = RetentionChange(10, "tax-law")
    await retention.change(strongroom.call(), "contact.name", change)
    clock.advance(seconds=9 * DAY_S)
    problem = msgspec.json.decode((await erase(strongroom, person)).body)
    assert (problem["code"], problem["blocked_by"]) == ("ERASURE_BLOCKED", "retention")
    assert (problem["reason"], problem["retained"]) == ("tax-law", "contact.name")
    assert problem["until"] == (clock.now() + timedelta(days=1)).isoformat()
    clock.advance(seconds=DAY_S)
    assert (await erase(strongroom, person)).status == 200
    rules = (await retention.rules(strongroom.tenant_id)).rules
    assert [(rule.field, rule.keep_days) for rule in rules] == [("contact.name", 10)]
    await retention.change(strongroom.call(), "contact.name", RetentionChange(0, "repealed"))
    assert (await retention.rules(strongroom.tenant_id)).rules == []
    assert (await erase(strongroom, await seal(strongroom))).status == 200


class Tokens:
    """Something else that is kept of people."""

    name = "tokens"

    def __init__(self) -> None:
        self.of: dict[UUID, list[Described]] = {}
        self.is_broken = False

    async def describe(self, tenant_id: UUID, subject_id: UUID) -> Sequence[Described]:
        del tenant_id
        return self.of.get(subject_id, [])

    async def forget(
        self,
        connection: "PoolConnectionProxy[asyncpg.Record]",
        tenant_id: UUID,
        subjects: Sequence[UUID],
    ) -> None:
        await connection.execute("SELECT $1::uuid", tenant_id)
        if self.is_broken:
            raise Unavailable("Switched off by a test.")
        for subject in subjects:
            self.of.pop(subject, None)


async def test_whatever_else_is_kept_goes_with_the_person_or_nothing_does(
    strongroom: Strongroom,
) -> None:
    tokens = Tokens()
    strongroom.vault._holdings.append(tokens)
    person = await seal(strongroom)
    tokens.of[person.id] = [{"last_four": "4242"}]
    tokens.is_broken = True
    with pytest.raises(Unavailable):
        await erase(strongroom, person, key="once")
    assert (await counts(strongroom, person))["vault_value"] == 2
    tokens.is_broken = False
    assert (await erase(strongroom, person, key="once")).is_replay
    assert tokens.of == {}
    assert await counts(strongroom, person) == ERASED


async def test_nothing_is_sealed_for_who_is_being_erased(strongroom: Strongroom) -> None:
    for _ in range(10):
        person = await seal(strongroom)
        sealing = [seal(strongroom, person.id) for _ in range(8)]
        answer, outcomes = await asyncio.gather(
            erase(strongroom, person), asyncio.gather(*sealing, return_exceptions=True)
        )
        assert answer.status == 200
        for outcome in outcomes:
            assert isinstance(outcome, Person | SubjectErased)
        # Whichever came first: what was sealed before is gone, and after it nothing was.
        assert await counts(strongroom, person) == ERASED


async def test_either_the_hold_or_the_erasure_comes_first(strongroom: Strongroom) -> None:
    for _ in range(10):
        person = await seal(strongroom)
        placed, erased = await asyncio.gather(place(strongroom, person), erase(strongroom, person))
        assert (placed.status, erased.status) in ((201, 409), (404, 200))
        left = await opened(strongroom, person)
        assert left == (everything(person) if placed.status == 201 else {})


async def test_a_start_completes_what_was_decided(strongroom: Strongroom, erasures: Path) -> None:
    people = [await seal(strongroom) for _ in range(3)]
    erasing = strongroom.vault._erasing

    async def die(*_: object) -> None:
        raise Unavailable("Killed.")

    erasing.carry_out = die  # type: ignore[assignment,method-assign]
    for person in people:
        with pytest.raises(Unavailable):
            await erase(strongroom, person)
    assert (await counts(strongroom, people[0]))["keys"] == 1
    await restart(strongroom, erasures)
    for person in people:
        assert await counts(strongroom, person) == ERASED
    assert len(journal_of(erasures)) == 3
    await restart(strongroom, erasures)
    assert len(journal_of(erasures)) == 3
