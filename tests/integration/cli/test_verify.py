"""`bezant verify`: sound books are shown, the first difference of others is named."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bezant.server import endpoint
from fixtures_servers import open_folder
from integration.outside.till import Till, bezant, serving

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
async def till() -> AsyncIterator[Till]:
    """A book with three payments on a running platform."""
    with open_folder() as parent:
        async with serving(parent / "data") as (till, client):
            for amount in (100, 200, 300):
                assert (await till.pay(client, f"p-{amount}", amount)).status_code == 201
            yield till


async def test_sound_books_are_shown_as_a_table(till: Till) -> None:
    ended = await bezant("verify", "--data-dir", str(till.platform.data_dir))
    assert (ended.status, ended.errors) == (0, "")
    [row] = [line for line in ended.output.splitlines() if till.book in line]
    # Four accounts, two of them the book's own, were opened before the three payments.
    assert [word for word in row.split() if word.isdigit()][:3] == ["7", "3", "4"]
    assert row.split()[-2] == "yes"
    assert ended.output.splitlines()[-1] == "books sound: 1 of 1"


async def test_programs_get_the_reports_as_json(till: Till) -> None:
    ended = await bezant("verify", "--json", "--data-dir", str(till.platform.data_dir))
    assert (ended.status, ended.errors) == (0, "")
    [report] = json.loads(ended.output)
    assert report["book_id"] == till.book
    assert (report["name"], report["transfers"], report["accounts"]) == ("Till", 3, 4)
    assert report["findings"] == []
    assert len(report["root"]) == 64


async def test_another_tenants_books_are_not_looked_at_when_one_is_named(till: Till) -> None:
    ended = await bezant(
        "verify", "--json", "--data-dir", str(till.platform.data_dir),
        "--tenant", "00000000-0000-0000-0000-000000000000",
    )  # fmt: skip
    assert (ended.status, json.loads(ended.output)) == (0, [])


async def test_an_amount_that_its_owner_edits_is_named_and_ends_with_status_1(till: Till) -> None:
    data_dir = till.platform.data_dir
    owner_url = endpoint.read(data_dir).owner_url
    assert owner_url is not None
    owner = await asyncpg.connect(owner_url)
    edit = "UPDATE transfer SET amount = amount + $2 WHERE book_id = $1 AND seq = 6"
    try:
        assert await owner.execute(edit, till.book, 1) == "UPDATE 1"
        table = await bezant("verify", "--data-dir", str(data_dir))
        program = await bezant("verify", "--json", "--data-dir", str(data_dir))
        assert await owner.execute(edit, till.book, -1) == "UPDATE 1"
    finally:
        await owner.close()
    assert (table.status, program.status) == (1, 1)
    [row] = [line for line in table.output.splitlines() if till.book in line and "│" in line]
    assert row.split()[-2] == "NO"
    assert f"Till {till.book}: batch_root at " in table.output
    assert "seq 6" in table.output
    assert table.output.splitlines()[-1] == "books sound: 0 of 1"
    [report] = json.loads(program.output)
    first = report["findings"][0]
    assert (first["kind"], "seq 6" in first["place"]) == ("batch_root", True)
    assert (await bezant("verify", "--data-dir", str(data_dir))).status == 0, "healed"


async def test_without_a_platform_it_says_what_to_do(tmp_path: Path) -> None:
    ended = await bezant("verify", "--data-dir", str(tmp_path / "none"))
    assert ended.refusal == (
        f"bezant: No platform runs on the data folder {tmp_path}/none. "
        "Start it with `bezant up`, or name another folder with --data-dir."
    )
