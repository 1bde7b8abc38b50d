"""A bank of others takes our file, and we understand what it answers: report and statement."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from bezant.formats.bank_statement import StatementClosed, StatementLine, checked, read_camt
from bezant.formats.iso20022.messages import pain002
from bulks import pain_file, transfer

DAY = "2026-09-30"
"""Of the bank's own clock, which stands until it is moved."""

PAYER, ACCEPTED, CLOSED = "NL41MOCK0000000001", "NL14MOCK0000000002", "NL84MOCK0000000003"


@pytest.fixture
async def mock_bank() -> AsyncIterator[httpx.AsyncClient]:
    """The bank, in a process of its own at a port that was free."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-u", "-m", "mockbank", "--port", "0", "--clock", f"{DAY}T09:00"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        said = (await process.stdout.readline()).decode()
        url = next(word for word in said.split() if word.startswith("http"))
        async with httpx.AsyncClient(base_url=url) as client:
            yield client
    finally:
        process.kill()
        await process.wait()


async def mail(bank: httpx.AsyncClient, kind: str) -> list[bytes]:
    """The messages of a kind that wait for the payer."""
    answer = await bank.get("/_mock/mailbox?leave")
    assert answer.status_code == 200
    return [
        each["body"].encode()
        for each in answer.json()
        if each["type"] == kind and each["account"] == "ACME"
    ]


async def test_our_file_has_no_fault_and_its_answers_are_understood(
    mock_bank: httpx.AsyncClient,
) -> None:
    transfers = [transfer("E-1", "12.50", ACCEPTED), transfer("E-2", "1.00", CLOSED)]
    content = pain_file("M-1", PAYER, transfers, day=DAY, total="13.50")
    found = await mock_bank.post("/_mock/validate", content=content)
    assert found.text.strip() == "pain.001.001.09 M-1: 1 batch, 2 payments, 0 findings"

    sent = await mock_bank.post("/payments", content=content)
    assert sent.status_code == 202, sent.text
    [report] = await mail(mock_bank, pain002.VERSION)
    read = pain002.read_pain002(report)
    assert (read.original_message_id, read.count, read.status) == ("M-1", 2, "PART")
    [batch] = read.batches
    assert [(each.end_to_end_id, each.status, each.reason) for each in batch.transfers] == [
        ("E-1", "ACCP", None),
        ("E-2", "RJCT", "AC04"),
    ]

    moved = await mock_bank.post("/_mock/advance?days=1")
    assert moved.status_code == 200, moved.text
    statement, *_ = await mail(mock_bank, "camt.053.001.08")
    parts = list(checked(read_camt(io.BytesIO(statement))))
    lines = [part for part in parts if isinstance(part, StatementLine)]
    assert [(line.amount, line.end_to_end_id) for line in lines] == [(-1250, "E-1")]
    [closed] = [part for part in parts if isinstance(part, StatementClosed)]
    assert closed.closing is not None
    assert closed.closing.amount == 124_987_50


async def test_a_file_of_a_name_that_it_has_seen_is_refused_and_so_reported(
    mock_bank: httpx.AsyncClient,
) -> None:
    content = pain_file("M-2", PAYER, [transfer("E-3", "1.00", ACCEPTED)], day=DAY)
    assert (await mock_bank.post("/payments", content=content)).status_code == 202
    assert not (await mock_bank.post("/payments", content=content)).is_success
    reports = [pain002.read_pain002(each) for each in await mail(mock_bank, pain002.VERSION)]
    assert [report.status for report in reports] == ["ACCP", "RJCT"]
