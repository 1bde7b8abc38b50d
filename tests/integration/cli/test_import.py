"""`bezant import` into a running platform, over HTTPS."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bezant.cli.client import ApiError, Client
from bezant.ledger import schemas
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running
from statements import DAY, IBAN, Movement, Payment, Statement, write_big, xml

pytestmark = pytest.mark.long

SAMPLES = "payments/iso20022/samples"
ALICE = Payment(name="Alice Ängström", account="FI2112345600000785", remittance="Rent March")
MARCH_2 = Statement([Movement(500, (ALICE,)), Movement(-200), Movement(500, (ALICE,))])
MARCH_3 = Statement(
    [Movement(70, booked=DAY + timedelta(days=1))],
    opening=100_800,
    number=2,
    day=DAY + timedelta(days=1),
)


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            yield platform
            assert await platform.stop() == 0


@pytest.fixture(scope="module")
def client(platform: RunningPlatform) -> Iterator[Client]:
    with Client(platform.url, platform.key, Path(platform.serving["ca"])) as client:
        yield client


class CommandFailedError(Exception):
    """A command that ended with another status than 0."""

    def __init__(self, status: int, output: str, errors: str) -> None:
        super().__init__(f"{status}: {errors}{output}")
        self.status = status
        self.output = output
        self.errors = errors


async def start(platform: RunningPlatform, file: Path, book: str, *options: str):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a process
    return await asyncio.create_subprocess_exec(
        *COMMAND, "import", str(file), "--book", book, "--data-dir", str(platform.data_dir),
        *options, env=ENVIRONMENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def load(platform: RunningPlatform, file: Path, book: str) -> dict[str, Any]:
    """Import a file; the result.

    Raises:
        CommandFailedError: with another status than 0.
    """
    process = await start(platform, file, book, "--json")
    output, errors = (text.decode() for text in await process.communicate())
    if process.returncode:
        raise CommandFailedError(process.returncode, output, errors)
    result: dict[str, Any] = json.loads(output)
    return result


def book_state(client: Client, result: dict[str, Any]) -> list[object]:
    """All that a book holds: its accounts, and the entries of the statements' bank accounts."""
    book = result["book_id"]
    banks = {statement["account"] for statement in result["statements"]}
    return [
        list(client.accounts(book)),
        [list(client.entries(book, bank)) for bank in sorted(banks)],
    ]


def saved(folder: Path, *statements: Statement) -> Path:
    file = folder / "statement.xml"
    file.write_bytes(xml(*statements))
    return file


async def test_every_outside_sample_is_booked_agrees_and_is_booked_once(
    platform: RunningPlatform, client: Client, vectors: Path
) -> None:
    samples = [
        path
        for path in sorted((vectors / SAMPLES).rglob("*.xml"))
        if b"<BkToCstmrStmt>" in path.read_bytes() and b"<Bal>" in path.read_bytes()
    ]
    assert len(samples) >= 3
    for sample in samples:
        result = await load(platform, sample, sample.name)
        [statement] = result["statements"]
        assert result["is_new_book"], sample
        assert statement["posted"] == statement["entries"] > 0
        assert {row["agrees"] for row in statement["balances"]} == {"yes"}
        before = book_state(client, result)
        again = await load(platform, sample, sample.name)
        assert again["statements"][0]["posted"] == 0
        assert again["statements"][0]["balances"] == statement["balances"]
        assert book_state(client, result) == before


async def test_the_books_of_a_sample_balance(
    platform: RunningPlatform, client: Client, tmp_path: Path
) -> None:
    result = await load(platform, saved(tmp_path, MARCH_2), "Balanced")
    total = 0
    for account in client.accounts(result["book_id"]):
        posted = int(client.balance(result["book_id"], account.id).posted)
        total += posted if account.type in {"asset", "expense"} else -posted
    assert total == 0


async def test_names_and_account_numbers_are_in_the_erasable_metadata_alone(
    platform: RunningPlatform, client: Client, tmp_path: Path
) -> None:
    result = await load(platform, saved(tmp_path, MARCH_2), "Opaque")
    [statement] = result["statements"]
    lasting = repr(book_state(client, result))
    for secret in (IBAN, ALICE.name, ALICE.account, ALICE.remittance):
        assert secret not in lasting
    entry = list(client.entries(result["book_id"], statement["account"]))[-1]
    recorded = client.transaction(result["book_id"], entry.transaction_id)
    assert recorded.metadata is not None
    assert recorded.metadata["debtor.name"] == ALICE.name
    assert entry.counterparty.startswith("counterparty:")
    assert (platform.data_dir / "import.key").stat().st_mode & 0o077 == 0


async def test_statements_follow_each_other_and_a_gap_is_refused(
    platform: RunningPlatform, client: Client, tmp_path: Path
) -> None:
    result = await load(platform, saved(tmp_path, MARCH_2), "Sequence")
    before = book_state(client, result)
    with pytest.raises(
        CommandFailedError, match=r"the book has 1008\.00, a difference of 0\.50"
    ) as refused:
        await load(platform, saved(tmp_path, replace(MARCH_3, opening=100_850)), "Sequence")
    assert refused.value.status == 1
    assert book_state(client, result) == before
    following = await load(platform, saved(tmp_path, MARCH_3), "Sequence")
    assert following["statements"][0]["continues_by"] == "booking date"
    assert client.balance(following["book_id"], following["statements"][0]["account"]).posted == (
        "100870"
    )


async def test_a_broken_file_is_refused_whole_with_its_line(
    platform: RunningPlatform, client: Client, tmp_path: Path
) -> None:
    content = xml(MARCH_2, replace(MARCH_3, closing=7))
    cut = content[: len(content) // 2]
    for name, broken, line in (
        ("off", content, content.count(b"\n", 0, content.rindex(b"<Bal>")) + 1),
        ("cut", cut, cut.count(b"\n") + 1),
    ):
        file = tmp_path / f"{name}.xml"
        file.write_bytes(broken)
        with pytest.raises(CommandFailedError) as refused:
            await load(platform, file, f"Never {name}")
        assert refused.value.status == 1
        told = json.loads(refused.value.errors)
        assert told["code"] == "STATEMENT_REFUSED"
        assert told["problem"].startswith(f"{file}:{line}: Document")
    assert not [book.name for book in client.books() if book.name.startswith("Never")]


async def test_people_are_shown_a_table(platform: RunningPlatform, tmp_path: Path) -> None:
    process = await start(platform, saved(tmp_path, MARCH_2), "Shown [bold]")
    output, errors = (text.decode() for text in await process.communicate())
    assert (process.returncode, errors) == (0, "")
    assert "Shown [bold]" in output
    assert "3 of 3 entries booked now" in output
    assert output.splitlines()[-1] == "balances agree: yes"
    row = next(line.split() for line in output.splitlines() if "CLBD" in line)
    assert row == ["CLBD", "2026-03-02", "1008.00", "1008.00", "booking", "date", "yes"]


async def test_an_import_that_is_killed_is_completed_by_running_it_again(
    platform: RunningPlatform, client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "big.xml"
    entries = 20_000
    write_big(file, entries, counterparties=50)
    book = client.create_book(schemas.NewBook("Killed", [schemas.Asset("EUR", 2)]))
    process = await start(platform, file, "Killed")
    bank = await _bank_account(client, book)
    process.kill()
    await process.communicate()
    assert process.returncode == -9
    standing = sum(1 for _ in client.entries(book.id, bank))
    assert 0 < standing < entries
    result = await load(platform, file, "Killed")
    assert result["agrees"]
    assert client.balance(book.id, bank).version == entries + 1
    assert sum(1 for _ in client.entries(book.id, bank)) == entries + 1
    # The opening balance was posted before the first entry, and an import may die between batches.
    assert result["statements"][0]["posted"] == entries - (standing - 1)


async def _bank_account(client: Client, book: schemas.Book) -> str:
    """Wait until entries stand on a book's bank account; its id."""
    async with asyncio.timeout(60):
        while True:
            for account in client.accounts(book.id):
                if account.id.startswith("bank:") and client.balance(book.id, account.id).version:
                    return account.id
            await asyncio.sleep(0.01)


async def test_a_platform_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = saved(tmp_path, MARCH_2)
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "import", str(file), "--book", "B", "--data-dir", str(tmp_path / "none"),
        env=ENVIRONMENT, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 1
    assert b"No platform runs on the data folder" in errors


def test_the_client_tells_refusals_by_code_and_field(client: Client) -> None:
    with pytest.raises(ApiError) as unknown:
        client.book(uuid4())
    assert (unknown.value.status, unknown.value.code) == (404, "BOOK_NOT_FOUND")
    book = client.create_book(schemas.NewBook("Typed", [schemas.Asset("EUR", 2)]))
    new = schemas.NewAccount("a", "USD", schemas.AccountType.ASSET)
    with pytest.raises(ApiError) as refused:
        client.open_account(book.id, new)
    assert (refused.value.code, refused.value.field) == ("UNKNOWN_ASSET", "asset")
    url = str(client._http.base_url)
    with Client(url, "bz_wrong") as blind, pytest.raises(ApiError) as untrusted:
        blind.book(book.id)
    assert untrusted.value.code == "UNREACHABLE"
    assert "certificate" in untrusted.value.detail
