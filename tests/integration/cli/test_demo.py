"""`bezant demo` on a running platform, seen as its users see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bezant.server import endpoint
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running

REFUSALS = {
    "OVERDRAFT_EXCEEDED",
    "ASSET_MISMATCH",
    "UNKNOWN_ACCOUNT",
    "IDEMPOTENCY_KEY_REUSED",
    "ACCOUNT_FROZEN",
    "HOLD_NOT_OPEN",
}

# Only the owner of the tables could do this. One account, early in the book, is one cent off.
TAMPER = """
    CREATE FUNCTION tamper() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.debits_posted := NEW.debits_posted + 1; RETURN NEW; END';
    CREATE TRIGGER tamper BEFORE INSERT OR UPDATE ON balance
        FOR EACH ROW WHEN (NEW.account_no = 7) EXECUTE FUNCTION tamper();
"""
HEAL = "DROP TRIGGER tamper ON balance; DROP FUNCTION tamper();"


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            yield platform


@pytest.fixture(scope="module")
async def told(platform: RunningPlatform) -> dict[str, Any]:
    """The report of one run."""
    return await report(platform)


async def demo(data_dir: Path, *options: str) -> tuple[int, str, str]:
    """Run the command: status, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "demo", "--data-dir", str(data_dir), "--customers", "6", *options,
        env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def report(platform: RunningPlatform, *options: str) -> dict[str, Any]:
    """Run it for a program, successfully."""
    status, output, errors = await demo(platform.data_dir, "--json", *options)
    assert status == 0, errors
    found: dict[str, Any] = json.loads(output)
    return found


@asynccontextmanager
async def tampering(platform: RunningPlatform) -> AsyncIterator[None]:
    """Have balances come out wrong meanwhile."""
    owner = await asyncpg.connect(endpoint.read(platform.data_dir).owner_url)
    try:
        await owner.execute(TAMPER)
        yield
        await owner.execute(HEAL)
    finally:
        await owner.close()


async def test_the_same_seed_tells_the_same_day_on_a_book_of_its_own(
    platform: RunningPlatform, told: dict[str, Any]
) -> None:
    again, other = await report(platform), await report(platform, "--seed", "2")
    assert len({run["book"] for run in (told, again, other)}) == 3
    assert told == again | {"book": told["book"]}
    assert told["totals"] != other["totals"]


async def test_the_books_balance_and_what_should_be_refused_is(told: dict[str, Any]) -> None:
    assert told["books_balance"] is True
    assert {total["asset"] for total in told["totals"]} == {"EUR", "JPY", "BTC"}
    assert all(total["debits"] == total["credits"] != "0" for total in told["totals"])
    assert {row["expected"] for row in told["refusals"]} == REFUSALS
    assert all(row["answered"] == row["expected"] for row in told["refusals"])


async def test_its_balances_are_those_that_the_api_tells(
    platform: RunningPlatform, told: dict[str, Any]
) -> None:
    async with platform.client() as client:
        for row in told["busiest"]:
            path = f"/v1/books/{told['book']}/accounts/{row['account']}"
            balance = (await client.get(f"{path}/balance")).json()
            assert balance["posted"] == row["balance"].replace(".", "").lstrip("0")
            assert balance["version"] == row["transfers"]
            entries = (await client.get(f"{path}/entries")).json()["entries"]
            assert len(entries) == row["transfers"]


async def test_people_read_tables_that_end_with_the_verdict(platform: RunningPlatform) -> None:
    status, output, _ = await demo(platform.data_dir)
    assert status == 0
    assert "Trial balance" in output
    assert "Rightly refused" in output
    assert output.rstrip().endswith("books balance: yes")


async def test_tampered_balances_are_told_and_fail_the_run(platform: RunningPlatform) -> None:
    async with tampering(platform):
        status, output, errors = await demo(platform.data_dir)
    assert status == 1, errors
    assert output.rstrip().endswith("books balance: no"), errors


async def test_without_a_platform_it_says_how_to_start_one(tmp_path: Path) -> None:
    status, output, errors = await demo(tmp_path / "nothing")
    assert status == 1
    assert output == ""
    assert "bezant up" in errors
