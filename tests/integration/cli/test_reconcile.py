"""`bezant reconcile` on a running platform, over HTTPS."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bezant.cli.client import Client
from bezant.ledger import schemas
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running
from swift import Line, Swift

pytestmark = pytest.mark.long

DAY = date(2026, 3, 2)
STATEMENT = Swift([
    Line(1250, DAY, text=("166?00X?20EREF+E-1",)),
    Line(-300, DAY, reference="INV-7"),
    Line(77, DAY, text=("[bold]fee[/bold]",)),
])  # fmt: skip
RULES = '[{"name": "by-id", "agree": [{"line": "end_to_end_id", "entry": "metadata.id"}]}]'


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            yield platform
            assert await platform.stop() == 0


def fill(platform: RunningPlatform, name: str) -> UUID:
    """A book whose account `nostro` knows the first two lines."""
    with Client(platform.url, platform.key, Path(platform.serving["ca"])) as client:
        book = client.create_book(schemas.NewBook(name, [schemas.Asset("EUR", 2)])).id
        for account in ("nostro", "world"):
            new = schemas.NewAccount(account, "EUR", schemas.AccountType.ASSET)
            client.open_account(book, new)
        for pair, amount, metadata in (
            (("nostro", "world"), "1250", {"end_to_end_id": "E-1", "id": "e-1"}),
            (("world", "nostro"), "300", {"reference": "INV-7"}),
        ):
            leg = schemas.Posting(*pair, "EUR", amount, booking_date=DAY)
            client.post(book, schemas.NewTransaction([leg], metadata=metadata))
    return book


async def run(
    platform: RunningPlatform, file: Path, book: str, *options: str
) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "reconcile", str(file), "--book", book, "--account", "nostro",
        "--data-dir", str(platform.data_dir), *options,
        env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = (text.decode() for text in await process.communicate())
    assert process.returncode is not None
    return process.returncode, output, errors


async def test_a_statement_is_reconciled_and_what_is_left_is_shown(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    book = await asyncio.to_thread(fill, platform, "Shown")
    file = tmp_path / "statement.sta"
    file.write_bytes(STATEMENT.written())
    status, output, errors = await run(platform, file, "Shown")
    assert status == 1, errors
    assert "2 matches; 1 breaks are left" in output
    assert "end-to-end-id" in output
    assert "not in the book" in output
    assert "0.77" in output
    status, output, _ = await run(platform, file, str(book), "--json")
    assert status == 1
    told: dict[str, Any] = json.loads(output)
    assert told["imported"]["lines_added"] == 3
    assert told["summary"]["matches"] == 0
    assert [each["reason"] for each in told["breaks"]] == ["missing_in_ledger"]


async def test_nothing_left_is_a_success_and_rules_are_the_users(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    await asyncio.to_thread(fill, platform, "Ruled")
    file, rules = tmp_path / "statement.sta", tmp_path / "rules.json"
    file.write_bytes(replace(STATEMENT, lines=STATEMENT.lines[:2]).written())
    rules.write_text(RULES)
    status, output, errors = await run(platform, file, "Ruled", "--rules", str(rules))
    assert status == 1, errors
    assert "1 matches; 2 breaks are left" in output
    status, output, errors = await run(platform, file, "Ruled")
    assert status == 0, errors
    assert "nothing is left" in output


async def test_what_cannot_be_used_is_told_in_one_line(
    platform: RunningPlatform, tmp_path: Path
) -> None:
    await asyncio.to_thread(fill, platform, "Refused")
    file, rules = tmp_path / "statement.sta", tmp_path / "rules.json"
    file.write_bytes(replace(STATEMENT, missing=1).written())
    status, _, errors = await run(platform, file, "Refused")
    assert (status, errors.count("STATEMENT_UNBALANCED")) == (2, 1)
    file.write_bytes(STATEMENT.written())
    status, _, errors = await run(platform, file, "Nowhere")
    assert (status, "No book is called 'Nowhere'" in errors) == (2, True)
    rules.write_text('[{"name": "X"}]')
    status, _, errors = await run(platform, file, "Refused", "--rules", str(rules))
    assert (status, "name" in errors) == (2, True)
