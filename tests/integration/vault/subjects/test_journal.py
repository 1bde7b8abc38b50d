"""The journal of erasures is whole, or the vault does not start."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bezant.kernel.clock import ManualClock
from bezant.vault import JournalRefused, accept_journal
from bezant.vault.subjects.journal import FILE, JournalUnwritable
from fixtures_vault import Strongroom
from people import ERASED, Person, counts, erase, everything, journal_of, opened, restart, seal

if TYPE_CHECKING:
    import asyncpg


@pytest.fixture
async def erased(strongroom: Strongroom) -> list[Person]:
    """Three people, in the order of their erasure."""
    people = [await seal(strongroom) for _ in range(3)]
    for person in people:
        assert (await erase(strongroom, person)).status == 200
    return people


async def test_it_has_a_line_for_each_erasure_in_their_order(
    strongroom: Strongroom, erased: list[Person], erasures: Path
) -> None:
    lines = journal_of(erasures)
    assert [line["no"] for line in lines] == [1, 2, 3]
    assert [line["erased"]["subject_id"] for line in lines] == [str(each.id) for each in erased]
    assert {line["erased"]["tenant_id"] for line in lines} == {str(strongroom.tenant_id)}
    assert (erasures / FILE).stat().st_mode & 0o777 == 0o600
    await restart(strongroom, erasures)
    last = await seal(strongroom)
    await erase(strongroom, last)
    assert journal_of(erasures)[3]["erased"]["subject_id"] == str(last.id)


@pytest.mark.usefixtures("erased")
async def test_a_line_that_a_killed_process_left_unfinished_is_dropped(
    strongroom: Strongroom, erasures: Path
) -> None:
    whole = (erasures / FILE).read_bytes()
    with (erasures / FILE).open("ab") as file:
        file.write(whole.splitlines()[0][:50])
    await restart(strongroom, erasures)
    await erase(strongroom, await seal(strongroom))
    assert (erasures / FILE).read_bytes().startswith(whole)
    assert [line["no"] for line in journal_of(erasures)] == [1, 2, 3, 4]


async def refuse_start(room: Strongroom, folder: Path, match: str) -> None:
    with pytest.raises(JournalRefused, match=match):
        await restart(room, folder)


@pytest.mark.usefixtures("erased")
async def test_a_lost_journal_is_missed(strongroom: Strongroom, erasures: Path) -> None:
    (erasures / FILE).unlink()
    await refuse_start(strongroom, erasures, "is missing or was cut")
    (erasures / FILE).touch()
    await refuse_start(strongroom, erasures, "is missing or was cut")


async def test_a_database_that_had_a_journal_is_not_served_with_a_new_one(
    strongroom: Strongroom, erasures: Path
) -> None:
    # As where both databases are restored into a new folder from before the first erasure.
    (erasures / FILE).unlink()
    await refuse_start(strongroom, erasures, "the database knows of an earlier one")
    assert not (erasures / FILE).exists()
    await accept_journal(erasures, strongroom.database, strongroom.key_store, strongroom.clock)
    await restart(strongroom, erasures)


@pytest.mark.usefixtures("erased")
@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_a_journal_without_its_last_lines_is_missed(
    strongroom: Strongroom, erasures: Path, kept: int
) -> None:
    lines = (erasures / FILE).read_bytes().splitlines(keepends=True)
    for half in (b"", lines[kept][:-1]):
        (erasures / FILE).write_bytes(b"".join(lines[:kept]) + half)
        await refuse_start(strongroom, erasures, "is missing or was cut")


@pytest.mark.usefixtures("erased")
async def test_every_altered_byte_is_found(strongroom: Strongroom, erasures: Path) -> None:
    whole = (erasures / FILE).read_bytes()
    await strongroom.vault.close()
    for place in range(0, len(whole), 37):
        altered = bytearray(whole)
        altered[place] ^= 1
        (erasures / FILE).write_bytes(altered)
        await refuse_start(strongroom, erasures, "altered|cut")
    (erasures / FILE).write_bytes(whole)
    await restart(strongroom, erasures)  # the control


@pytest.mark.usefixtures("erased")
async def test_lines_in_another_order_or_twice_are_found(
    strongroom: Strongroom, erasures: Path
) -> None:
    one, two, three = (erasures / FILE).read_bytes().splitlines(keepends=True)
    for lines in ([two, one, three], [one, two, three, three], [one, three], [one, one, two]):
        (erasures / FILE).write_bytes(b"".join(lines))
        await refuse_start(strongroom, erasures, "altered")


async def test_who_can_write_the_file_cannot_erase_anybody(
    strongroom: Strongroom, erased: list[Person], erasures: Path
) -> None:
    kept = await seal(strongroom)
    last = (erasures / FILE).read_bytes().splitlines(keepends=True)[-1]
    forged = last.replace(str(erased[2].id).encode(), str(kept.id).encode())
    forged = forged.replace(b'"no":3', b'"no":4')
    with (erasures / FILE).open("ab") as file:
        file.write(forged)
    await refuse_start(strongroom, erasures, "altered at line 4")
    assert (await counts(strongroom, kept))["keys"] == 1


async def test_one_process_works_on_it(
    strongroom: Strongroom, erasures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await strongroom.vault.close()
    holding = (
        "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_EX);"
        "print(flush=True); sys.stdin.read()"
    )
    monkeypatch.setattr("bezant.vault.subjects.journal._HELD_FOR_S", 0.1)
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        holding,
        str(erasures / FILE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert other.stdout is not None
    await other.stdout.readline()
    await refuse_start(strongroom, erasures, "Another process holds")
    other.kill()
    await other.wait()
    await restart(strongroom, erasures)


async def test_a_file_that_is_moved_away_is_noticed_before_anybody_is_told(
    strongroom: Strongroom, erasures: Path
) -> None:
    person = await seal(strongroom)
    (erasures / FILE).rename(erasures / "rotated")
    with pytest.raises(JournalUnwritable, match="moved"):
        await erase(strongroom, person, key="once")
    # It is decided all the same: nothing can be opened, and a start completes it.
    assert await opened(strongroom, person) == {}
    assert (await counts(strongroom, person))["keys"] == 1
    (erasures / "rotated").rename(erasures / FILE)
    await restart(strongroom, erasures)
    assert await counts(strongroom, person) == ERASED
    assert (await erase(strongroom, person, key="once")).is_replay


async def test_a_full_disk_is_answered_503_and_leaves_no_half_line(
    strongroom: Strongroom, erasures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await seal(strongroom)
    write = os.write

    def fill(descriptor: int, data: bytes) -> int:
        write(descriptor, bytes(data[:20]))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", fill)
    with pytest.raises(JournalUnwritable):
        await erase(strongroom, person)
    monkeypatch.setattr(os, "write", write)
    assert (erasures / FILE).read_bytes() == b""
    with pytest.raises(JournalUnwritable):  # until it was read anew
        await erase(strongroom, person)
    await restart(strongroom, erasures)
    assert await counts(strongroom, person) == ERASED


async def test_an_operator_may_accept_a_journal_of_what_the_database_knows(
    strongroom: Strongroom, erased: list[Person], erasures: Path, clock: ManualClock
) -> None:
    kept = await seal(strongroom)
    altered = (erasures / FILE).read_bytes().replace(b"consent_withdrawn", b"unlawful", 1)
    (erasures / FILE).write_bytes(altered)
    await refuse_start(strongroom, erasures, "bezant vault accept-journal")
    count, aside = await accept_journal(erasures, strongroom.database, strongroom.key_store, clock)
    assert count == len(erased)
    assert aside is not None
    assert aside.read_bytes() == altered
    await restart(strongroom, erasures)
    assert {line["erased"]["subject_id"] for line in journal_of(erasures)} == {
        str(each.id) for each in erased
    }
    assert await opened(strongroom, kept) == everything(kept)


async def test_accepting_carries_over_what_only_the_undamaged_lines_tell_of(
    strongroom: Strongroom,
    erased: list[Person],
    erasures: Path,
    clock: ManualClock,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    # A database from before the erasures, and a journal whose last line is damaged.
    await owner.execute("DELETE FROM vault_erasure")
    one, two, three = (erasures / FILE).read_bytes().splitlines(keepends=True)
    (erasures / FILE).write_bytes(one + two + three.replace(b'"no":3', b'"no":4'))
    await refuse_start(strongroom, erasures, "altered at line 3")
    count, _ = await accept_journal(erasures, strongroom.database, strongroom.key_store, clock)
    assert count == 2
    await restart(strongroom, erasures)
    for person in erased[:2]:
        assert await counts(strongroom, person) == ERASED
