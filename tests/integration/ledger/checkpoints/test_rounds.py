"""What has grown is signed and kept outside, whatever fails on the way; a fork is never signed."""

import errno
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from bezant.kernel.clock import SystemClock
from bezant.kernel.outbox import EventReader, Sequencer
from bezant.kernel.telemetry import CHECKPOINTS
from bezant.ledger.checkpoints import Folder, SecondStore
from bezant.ledger.checkpoints.schemas import KeyRotation
from bezant.ledger.proof import open_note, read_note
from fixtures_checkpoints import Witnessed, service_of
from fixtures_ledger import IDS
from running_platform import until


async def test_a_book_that_grew_is_signed_and_kept_in_every_place(witnessed: Witnessed) -> None:
    seq = await witnessed.pay(5)
    await witnessed.round()
    [signed] = await witnessed.signed()
    assert (signed.number, signed.seq, signed.replaces) == (1, seq, None)
    assert [each.note for each in await witnessed.kept()] == [signed.note]
    [checkpoint] = await witnessed.files()
    assert (checkpoint.number, checkpoint.seq, checkpoint.root.hex()) == (1, seq, signed.root)
    assert (await witnessed.verify()).checkpoints == 1


async def test_a_book_that_did_not_grow_is_not_signed_again(witnessed: Witnessed) -> None:
    for _ in range(3):
        await witnessed.round()
    assert len(await witnessed.signed()) == 1
    await witnessed.pay(5)
    await witnessed.round()
    assert [each.number for each in await witnessed.signed()] == [1, 2]
    assert (await witnessed.verify()).findings == []


async def test_webhooks_are_told_of_a_checkpoint(witnessed: Witnessed) -> None:
    await witnessed.round()
    [signed] = await witnessed.signed()
    database = witnessed.bank.database
    sequencer = Sequencer(database, SystemClock(), IDS)
    sequencer.start()

    async def is_told() -> bool:
        events = await EventReader(database).read(witnessed.bank.tenant_id, 0)
        return any(each.kind == "checkpoint.created" for each in events)

    await until(is_told)
    await sequencer.close()
    events = await EventReader(database).read(witnessed.bank.tenant_id, 0)
    [event] = [each for each in events if each.kind == "checkpoint.created"]
    assert event.subject == f"/v1/books/{witnessed.bank.book_id}/checkpoints"
    assert signed.note.split("\n")[2].encode() in bytes(event.data)


@pytest.mark.parametrize("fault", ["unwritable", "full"])
async def test_a_folder_that_fails_gets_everything_once_it_works_again(
    witnessed: Witnessed, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    def full(_descriptor: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, capture_logs() as events:
        if fault == "full":
            patched.setattr(os, "fsync", full)
        else:
            witnessed.folder.write_text("in the way")
        for amount in (1, 2):
            await witnessed.pay(amount)  # the ledger goes on
            await witnessed.round()
    told = {each["event"]: each for each in events}
    assert told["checkpoints_not_published"]["place"] == "folder"
    # The other place has everything, and nothing half-written is in this one.
    assert [each.number for each in await witnessed.kept()] == [1, 2]
    assert not list(witnessed.folder.rglob("*.note"))
    if fault == "unwritable":
        witnessed.folder.unlink()
    await witnessed.round()
    assert [each.number for each in await witnessed.files()] == [1, 2]
    assert not [each for each in witnessed.folder.rglob(".*") if each.is_file()]


async def test_a_store_that_is_down_stops_neither_the_ledger_nor_the_folder(
    witnessed: Witnessed, second_store_url: str, tmp_path: Path
) -> None:
    down = SecondStore("postgresql://nobody@127.0.0.1:1/nowhere")
    service = service_of(witnessed.bank.database, Folder(witnessed.folder), down)
    witnessed.service = service
    restarted = await witnessed.reopened(tmp_path / "run")
    with capture_logs() as events:
        await restarted.pay(5)  # its lane was taken although the store could not be asked
        await restarted.round()
    assert {"checkpoints_unread", "checkpoints_not_published"} <= {e["event"] for e in events}
    assert [each.number for each in await witnessed.files()] == [1]
    # Another process, with the store up again: what it lacks is brought.
    up = SecondStore(second_store_url)
    later = service_of(witnessed.bank.database, Folder(witnessed.folder), up)
    await later.rounds.run(witnessed.bank.tenant_id)
    assert [each.number for each in await witnessed.kept()] == [1]
    await up.close()


async def test_without_any_place_that_answers_nothing_is_signed(witnessed: Witnessed) -> None:
    await witnessed.round()
    down = SecondStore("postgresql://nobody@127.0.0.1:1/nowhere")
    alone = service_of(witnessed.bank.database, down)
    await witnessed.pay(5)
    await alone.rounds.run(witnessed.bank.tenant_id)
    assert len(await witnessed.signed()) == 1


async def test_a_place_that_was_emptied_is_filled_again(witnessed: Witnessed) -> None:
    for amount in (1, 2, 3):
        await witnessed.pay(amount)
        await witnessed.round()
    elsewhere = witnessed.folder.with_name("new")
    service = service_of(witnessed.bank.database, Folder(elsewhere))
    await service.rounds.run(witnessed.bank.tenant_id)
    witnessed.folder = elsewhere
    assert [each.number for each in await witnessed.files()] == [1, 2, 3]


REWRITES = {
    "a root rewritten": "UPDATE batch SET root = sha256('x') WHERE book_id = $1 AND batch_no = 2",
    "a batch deleted": "DELETE FROM batch WHERE book_id = $1 AND batch_no = 1",
    "the head set back": (
        "UPDATE lane SET (seq, log_size, root) = (SELECT 4, 3, sha256('x')) WHERE book_id = $1"
    ),
    "another head": "UPDATE lane SET root = sha256('x') WHERE book_id = $1",
}


@pytest.mark.parametrize("rewrite", REWRITES)
async def test_what_does_not_extend_what_was_signed_is_never_signed(
    witnessed: Witnessed,
    owner: Any,  # noqa: ANN401 - the driver's
    rewrite: str,
) -> None:
    await witnessed.pay(1)
    await witnessed.round()
    await witnessed.pay(2)
    await owner.execute(REWRITES[rewrite], witnessed.bank.book_id)
    fresh = service_of(
        witnessed.bank.database, Folder(witnessed.folder), witnessed.store
    )  # what a process remembers helps nobody
    refused = CHECKPOINTS.labels("refused")._value.get()
    for service in (witnessed.service, fresh):
        with capture_logs() as events:
            await service.rounds.run(witnessed.bank.tenant_id)
        if rewrite != "the head set back" or service is fresh:
            assert "checkpoint_refused" in {each["event"] for each in events}
    assert CHECKPOINTS.labels("refused")._value.get() > refused
    assert len(await witnessed.signed()) == len(await witnessed.kept()) == 1


async def test_another_platforms_checkpoint_in_the_same_folder_is_no_consistent_one(
    witnessed: Witnessed,
) -> None:
    """A copy that runs beside the original, on the same folder: one of them is stopped."""
    await witnessed.pay(1)
    await witnessed.round()
    [signed] = await witnessed.signed()
    [path] = witnessed.folder.rglob("*.note")
    other = path.with_name(path.name.replace("1.note", "2.note"))
    other.write_text(signed.note.replace("number 1", "number 2"))
    await witnessed.pay(2)
    with capture_logs() as events:
        await witnessed.round()
    [told] = [each for each in events if each["event"] == "checkpoint_refused"]
    assert "not to be trusted" in told["problem"]
    assert len(await witnessed.signed()) == 1


async def test_a_note_in_a_place_is_never_replaced(witnessed: Witnessed) -> None:
    await witnessed.round()
    [path] = witnessed.folder.rglob("*.note")
    before = path.read_text()
    places = Folder(witnessed.folder), witnessed.store
    for place in places:
        [kept] = await place.after(*witnessed.key, 0, 10)
        await place.put(*witnessed.key, [kept])  # the same is fine
        with pytest.raises(Exception, match="another checkpoint"):
            await place.put(*witnessed.key, [kept._replace(note="other")])
    assert path.read_text() == before


async def test_keys_rotate_with_an_overlap(witnessed: Witnessed) -> None:
    await witnessed.round()
    keys = witnessed.service.keys
    [first] = (await keys.listed(witnessed.bank.tenant_id)).checkpoint_keys
    await keys.rotate(witnessed.bank.call(), KeyRotation(overlap_s=3600))
    old, new = await keys.public_keys(witnessed.bank.tenant_id)
    await witnessed.pay(1)
    await witnessed.round()
    during = (await witnessed.signed())[-1]
    for key in (old, new):
        open_note(during.note, [key])
    await keys.rotate(witnessed.bank.call(), KeyRotation(overlap_s=0))
    await witnessed.pay(2)
    await witnessed.round()
    after = (await witnessed.signed())[-1]
    [*_, newest] = await keys.public_keys(witnessed.bank.tenant_id)
    assert after.note.count("\u2014") == 1
    open_note(after.note, [newest])
    # What they signed stays signed: all of them are listed.
    listed = (await keys.listed(witnessed.bank.tenant_id)).checkpoint_keys
    assert listed[0].id == first.id
    assert [each.expires_at is None for each in listed] == [False, False, True]
    assert (await witnessed.verify()).checkpoints == 3


async def test_a_key_that_was_sealed_elsewhere_signs_nothing_and_is_told_of(
    witnessed: Witnessed,
) -> None:
    await witnessed.round()
    await witnessed.pay(1)
    stranger = service_of(witnessed.bank.database, Folder(witnessed.folder), key=2)
    with capture_logs() as events:
        await stranger.rounds.run(witnessed.bank.tenant_id)
    assert "checkpoint_key_sealed" in {each["event"] for each in events}
    assert len(await witnessed.signed()) == 1


async def test_private_keys_are_sealed(witnessed: Witnessed) -> None:
    await witnessed.round()
    row = await witnessed.bank.database.fetchrow(
        "SELECT sealed, public_key FROM checkpoint_key WHERE tenant_id = $1",
        witnessed.bank.tenant_id,
    )
    assert row is not None
    [key] = await witnessed.service.keys.signing(witnessed.bank.tenant_id)
    assert key.public_key().public_bytes_raw() == row["public_key"]
    assert key.private_bytes_raw() not in row["sealed"]


async def test_numbers_have_no_gaps_and_pages_turn(witnessed: Witnessed) -> None:
    for amount in range(1, 6):
        await witnessed.pay(amount)
        await witnessed.round()
    page = await witnessed.service.page(*witnessed.key, after=None, limit=2)
    assert ([each.number for each in page.checkpoints], page.next) == ([1, 2], "2")
    page = await witnessed.service.page(*witnessed.key, after=page.next, limit=9)
    assert ([each.number for each in page.checkpoints], page.next) == ([3, 4, 5], None)
    assert [read_note(each.note).number for each in page.checkpoints] == [3, 4, 5]
