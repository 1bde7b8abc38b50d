"""Drills: databases from before an erasure come back, and the data stay unreadable."""

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from bezant.kernel.sealed import SubjectErased
from bezant.ledger.reports.schemas import At
from bezant.ledger.reports.service import Reports
from bezant.ledger.verify import BookReport
from bezant.server.embedded import EmbeddedServers
from bezant.vault.subjects.journal import FILE
from fixtures_ledger import Bank
from fixtures_vault import Strongroom
from people import (
    EMAIL,
    ERASED,
    TABLES,
    Person,
    counts,
    dump,
    erase,
    everything,
    journal_of,
    opened,
    place,
    restart,
    restore,
    seal,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Connection = asyncpg.Connection[asyncpg.Record]

KEYS = ("subject_key",)


@pytest.fixture
async def keys_owner(
    strongroom: Strongroom,  # noqa: ARG001 - the schema has to be there
    embedded_servers: EmbeddedServers,
) -> "AsyncIterator[Connection]":
    """A connection of the role that owns the database of keys."""
    connection = await asyncpg.connect(embedded_servers.keys.owner_url)
    yield connection
    await connection.close()


async def test_a_main_database_from_before_an_erasure_stays_unreadable(
    strongroom: Strongroom, owner: "Connection", erasures: Path
) -> None:
    person, kept = await seal(strongroom), await seal(strongroom)
    backup = await dump(owner, strongroom.tenant_id, TABLES)
    assert (await erase(strongroom, person)).status == 200
    await restore(owner, strongroom.tenant_id, backup)
    # The ciphertext is back, and already its key is not.
    assert (await counts(strongroom, person))["vault_value"] == 2
    assert await opened(strongroom, person) == {}
    await restart(strongroom, erasures)
    # And now it is gone as well; whoever was not erased is there.
    assert await counts(strongroom, person) == ERASED
    assert await opened(strongroom, kept) == everything(kept)
    found = await strongroom.vault.fields.find(strongroom.call(), EMAIL, "grace@example.com")
    assert found == [kept.references[EMAIL]]
    with pytest.raises(SubjectErased):
        await seal(strongroom, person.id)


async def test_a_database_of_keys_from_before_an_erasure_is_brought_up_to_it(
    strongroom: Strongroom, keys_owner: "Connection", erasures: Path
) -> None:
    person, kept = await seal(strongroom), await seal(strongroom)
    backup = await dump(keys_owner, strongroom.tenant_id, KEYS)
    await erase(strongroom, person)
    await restore(keys_owner, strongroom.tenant_id, backup)
    assert (await counts(strongroom, person))["keys"] == 1  # the control: it would open again
    await restart(strongroom, erasures)
    assert await counts(strongroom, person) == ERASED
    assert await opened(strongroom, kept) == everything(kept)


async def test_both_databases_from_before_an_erasure_stay_unreadable(
    strongroom: Strongroom, owner: "Connection", keys_owner: "Connection", erasures: Path
) -> None:
    person, kept = await seal(strongroom), await seal(strongroom)
    backup = await dump(owner, strongroom.tenant_id, TABLES)
    keys_backup = await dump(keys_owner, strongroom.tenant_id, KEYS)
    await erase(strongroom, person)
    await restore(owner, strongroom.tenant_id, backup)
    await restore(keys_owner, strongroom.tenant_id, keys_backup)
    # The control: without the journal, this restore undoes the erasure.
    assert await opened(strongroom, person) == everything(person)
    await restart(strongroom, erasures)
    assert await opened(strongroom, person) == {}
    assert await counts(strongroom, person) == ERASED
    assert await opened(strongroom, kept) == everything(kept)
    assert len(journal_of(erasures)) == 1


async def test_databases_from_before_the_person_was_known_take_nothing_in_for_it(
    strongroom: Strongroom, owner: "Connection", keys_owner: "Connection", erasures: Path
) -> None:
    backup = await dump(owner, strongroom.tenant_id, TABLES)
    keys_backup = await dump(keys_owner, strongroom.tenant_id, KEYS)
    person = await seal(strongroom)
    await erase(strongroom, person)
    await restore(owner, strongroom.tenant_id, backup)
    await restore(keys_owner, strongroom.tenant_id, keys_backup)
    await restart(strongroom, erasures)
    with pytest.raises(SubjectErased):
        await seal(strongroom, person.id)
    assert await counts(strongroom, person) == ERASED


async def test_a_hold_that_a_restore_brings_back_does_not_undo_an_erasure(
    strongroom: Strongroom, owner: "Connection", erasures: Path, keys_owner: "Connection"
) -> None:
    del keys_owner
    person = await seal(strongroom)
    held = msgspec.json.decode((await place(strongroom, person)).body)
    backup = await dump(owner, strongroom.tenant_id, TABLES)
    await owner.execute("DELETE FROM vault_hold WHERE tenant_id = $1", strongroom.tenant_id)
    await erase(strongroom, person)
    await restore(owner, strongroom.tenant_id, backup)
    await restart(strongroom, erasures)
    assert await counts(strongroom, person) == ERASED
    assert held["released_at"] is None


async def test_a_backup_from_within_an_erasure_is_completed(
    strongroom: Strongroom, owner: "Connection", keys_owner: "Connection", erasures: Path
) -> None:
    person = await seal(strongroom)
    keys_backup = await dump(keys_owner, strongroom.tenant_id, KEYS)
    erasing = strongroom.vault._erasing
    carry_out = erasing.carry_out

    async def nothing(*_: object) -> None:
        """As if it were killed here."""

    erasing.carry_out = nothing  # type: ignore[assignment,method-assign]
    await erase(strongroom, person)
    backup = await dump(owner, strongroom.tenant_id, TABLES)
    assert strongroom.vault._journal is not None
    await carry_out(strongroom.vault._journal, strongroom.tenant_id, person.id)
    await restore(owner, strongroom.tenant_id, backup)
    await restore(keys_owner, strongroom.tenant_id, keys_backup)
    await restart(strongroom, erasures)
    assert await counts(strongroom, person) == ERASED
    assert len(journal_of(erasures)) == 1  # the journal had it: it is not decided twice


async def test_a_restore_of_many_erasures_takes_as_many_commits_as_it_has_to(
    strongroom: Strongroom,
    owner: "Connection",
    erasures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bezant.vault.subjects.erasing.BATCH_MAX", 3)
    people = [await seal(strongroom) for _ in range(8)]
    backup = await dump(owner, strongroom.tenant_id, TABLES)
    for person in people[:7]:
        await erase(strongroom, person)
    await restore(owner, strongroom.tenant_id, backup)
    await restart(strongroom, erasures)
    for person in people[:7]:
        assert await counts(strongroom, person) == ERASED
    assert await opened(strongroom, people[7]) == everything(people[7])


async def books_of(bank: Bank) -> tuple[BookReport, bytes]:
    """What the operator's check says, and the trial balance that accountants look at."""
    balance = await Reports(bank.ledger).trial_balance(bank.tenant_id, bank.book_id, At())
    return await bank.verify(), msgspec.json.encode(balance.assets)


async def test_the_ledgers_sums_are_what_they_were(strongroom: Strongroom, bank: Bank) -> None:
    strongroom.tenant_id = bank.tenant_id
    person = await seal(strongroom)
    metadata = {"customer": str(person.id)}
    for amount in (100, 250, 3):
        answer = await bank.post(bank.leg("world", "alice", amount), metadata=metadata)
        assert answer.status == 201
    before = await books_of(bank)
    assert before[0].findings == []
    assert b"353" in before[1]
    assert (await erase(strongroom, person)).status == 200
    assert await counts(strongroom, person) == ERASED
    assert await books_of(bank) == before
    # And it goes on: the reference means nobody now, and stands in the book as it did.
    again = await bank.post(bank.leg("world", "alice", 1), metadata=metadata)
    assert again.status == 201
    assert await books_of(bank) != before  # the control


async def test_the_journal_alone_brings_back_nothing(
    strongroom: Strongroom, erasures: Path
) -> None:
    person = await seal(strongroom)
    await erase(strongroom, person)
    text = (erasures / FILE).read_text()
    assert str(person.id) in text
    for value in everything(Person(uuid4(), person.references)).values():
        assert value not in text
