"""A database behind its own last checkpoint takes no writes until an operator decides."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from attackers import TABLES
from bezant.kernel.errors import Refusal
from bezant.ledger.checkpoints import Folder
from bezant.ledger.checkpoints.errors import NothingToAccept, ReasonUnusable
from bezant.ledger.errors import BookBehindCheckpoint
from bezant.ledger.verify import Kind
from fixtures_checkpoints import Witnessed, service_of
from fixtures_exports import Library

REASON = "the primary's disk died; nothing after 09:30 was replicated"


async def set_back(witnessed: Witnessed, owner: Any, tmp_path: Path, seq: int) -> None:  # noqa: ANN401 - the driver's
    """The database as it was at an earlier number: what a failover loses is gone without trace."""
    library = Library(witnessed.bank, tmp_path)
    export = await library.export("before", last_seq=seq)
    kept = await owner.fetch(
        "SELECT * FROM checkpoint WHERE book_id = $1 AND seq <= $2", witnessed.bank.book_id, seq
    )
    for table in TABLES:
        await owner.execute(
            f"DELETE FROM {table} WHERE tenant_id = $1 AND book_id = $2", *witnessed.key
        )
    await library.restore(witnessed.bank, export)
    for row in kept:
        places = ", ".join(f"${at}" for at in range(1, len(row) + 1))
        await owner.execute(
            f"INSERT INTO checkpoint ({', '.join(row.keys())}) VALUES ({places})", *row.values()
        )


@pytest.fixture
async def behind(
    witnessed: Witnessed,
    owner: Any,  # noqa: ANN401 - the driver's
    tmp_path: Path,
) -> Witnessed:
    """Three checkpoints were published; the database has lost what the last two sign."""
    for amount in (1, 2, 3):
        seq = await witnessed.pay(amount)
        await witnessed.round()
    await set_back(witnessed, owner, tmp_path, seq - 2)
    return await witnessed.reopened(tmp_path / "run")


async def test_it_is_refused_with_a_code_and_reads_go_on(behind: Witnessed) -> None:
    with capture_logs() as events, pytest.raises(BookBehindCheckpoint) as refused:
        await behind.pay(9)
    assert (refused.value.status, refused.value.code) == (503, "BOOK_BEHIND_CHECKPOINT")
    assert "checkpoint 3 signs" in refused.value.detail
    assert "book_behind_checkpoint" in {each["event"] for each in events}
    assert await behind.bank.posted("alice") == 1
    # The round says so too, and signs nothing.
    with capture_logs() as events:
        await behind.round()
    assert "checkpoint_refused" in {each["event"] for each in events}
    assert len(await behind.signed()) == 1
    # So does the verifier.
    [finding] = (await behind.verify()).findings
    assert (finding.kind, finding.place) == (Kind.CHECKPOINT, "seq 6 to 6")


async def test_an_operator_decides_in_a_signed_and_audited_statement(behind: Witnessed) -> None:
    with pytest.raises(BookBehindCheckpoint):
        await behind.pay(9)
    call = behind.bank.call()
    await behind.service.accept(call, behind.bank.book_id, REASON)
    await behind.pay(9)
    await behind.round()
    signed = await behind.signed()
    # The numbers of those that were lost are not given again.
    assert [each.number for each in signed] == [1, 4, 5]
    assert signed[1].replaces is not None
    assert (signed[1].replaces.first, signed[1].replaces.last) == (2, 3)
    # Outside, nothing was removed; the statement was added.
    assert [each.number for each in await behind.files()] == [1, 2, 3, 4, 5]
    assert [each.number for each in await behind.kept()] == [1, 2, 3, 4, 5]
    report = await behind.verify()
    assert report.findings == []
    assert report.checkpoints == 3
    [accepted] = report.accepted
    assert accepted.startswith("Checkpoints 2 to 3 were declared void at ")
    assert accepted.endswith(REASON)
    audited = await behind.bank.database.fetchrow(
        "SELECT actor, outcome FROM audit_entry WHERE tenant_id = $1 AND entry_id = $2",
        behind.bank.tenant_id,
        call.id,
    )
    assert audited is not None
    assert tuple(audited.values()) == ("key:test", "done")


async def test_after_a_decision_new_losses_are_found_again(
    behind: Witnessed,
    owner: Any,  # noqa: ANN401 - the driver's
    tmp_path: Path,
) -> None:
    await behind.service.accept(behind.bank.call(), behind.bank.book_id, REASON)
    seq = await behind.pay(9)
    await behind.round()
    (tmp_path / "again").mkdir()
    await set_back(behind, owner, tmp_path / "again", seq - 1)
    later = await behind.reopened(tmp_path / "r2")
    with pytest.raises(BookBehindCheckpoint, match="checkpoint 5 signs"):
        await later.pay(10)


async def test_a_fork_is_refused_as_well(behind: Witnessed, tmp_path: Path) -> None:
    """The copy went on where no checkpoint could be read, and is longer now than what was lost."""
    unguarded = service_of(behind.bank.database)
    witnessed, behind.service = behind.service, unguarded
    fork = await behind.reopened(tmp_path / "r2")
    for amount in (7, 8, 9):
        await fork.pay(amount)
    behind.service = witnessed
    guarded = await behind.reopened(tmp_path / "r3")
    await fork.bank.ledger.close()
    with pytest.raises(BookBehindCheckpoint, match="does not extend"):
        await guarded.pay(10)
    await behind.service.accept(behind.bank.call(), behind.bank.book_id, REASON)
    await guarded.pay(10)
    await guarded.round()
    assert (await guarded.verify()).findings == []


async def test_whoever_holds_the_lane_is_stopped_once_the_fork_is_seen(
    behind: Witnessed, tmp_path: Path
) -> None:
    """A lane that was taken while nothing outside could be read does not keep it."""
    witnessed = behind.service
    behind.service = service_of(behind.bank.database, Folder(tmp_path / "no-such-place"))
    unseeing = await behind.reopened(tmp_path / "r2")
    await unseeing.pay(7)
    # The place comes back: the folder is what it was all the time.
    unseeing.bank.ledger._lanes._gatekeeper = witnessed.standing
    behind.service = witnessed
    await behind.round()
    with pytest.raises(BookBehindCheckpoint):
        await unseeing.pay(8)


async def test_commits_that_were_not_lost_need_no_decision(
    witnessed: Witnessed,
    owner: Any,  # noqa: ANN401 - the driver's
    tmp_path: Path,
) -> None:
    """Only the last checkpoint's own commit was lost: the log is whole, and goes on."""
    await witnessed.pay(1)
    await witnessed.round()
    await owner.execute("DELETE FROM checkpoint WHERE book_id = $1", witnessed.bank.book_id)
    restarted = await witnessed.reopened(tmp_path / "run")
    await restarted.pay(2)
    with pytest.raises(NothingToAccept):
        await restarted.service.accept(restarted.bank.call(), restarted.bank.book_id, REASON)
    await restarted.round()
    assert [each.number for each in await restarted.signed()] == [2]
    assert [each.number for each in await restarted.files()] == [1, 2]
    assert (await restarted.verify()).findings == []


@pytest.mark.parametrize("reason", ["", "x" * 201, "two\nlines", "a\x00b"])
async def test_a_reason_is_one_line(behind: Witnessed, reason: str) -> None:
    with pytest.raises(ReasonUnusable):
        await behind.service.accept(behind.bank.call(), behind.bank.book_id, reason)


async def test_rubbish_outside_is_not_believed(witnessed: Witnessed, tmp_path: Path) -> None:
    await witnessed.pay(1)
    await witnessed.round()
    [path] = witnessed.folder.rglob("*.note")
    path.with_name("000000000002.note").write_text("rubbish")
    restarted = await witnessed.reopened(tmp_path / "run")
    with pytest.raises(Refusal, match="not to be trusted"):
        await restarted.pay(2)
    await restarted.service.accept(restarted.bank.call(), restarted.bank.book_id, REASON)
    await restarted.pay(2)
