"""`bezant export` and `bezant restore book` on a platform: what they write, say and refuse."""

import json
import os
import pty
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from bezant.server import endpoint
from fixtures_servers import open_folder
from integration.outside.till import Ended, Till, bezant, serving, verified
from running_platform import COMMAND, ENVIRONMENT

pytestmark = pytest.mark.long

OTHER_TENANT = "00000000-0000-7000-8000-00000000000a"
NEW_TENANT = "00000000-0000-7000-8000-00000000000b"


@pytest.fixture(scope="module")
async def till() -> AsyncIterator[Till]:
    """A book with three payments on a running platform, and two tenants without books."""
    with open_folder() as parent:
        async with serving(parent / "data") as (till, client):
            for amount in (100, 200, 300):
                assert (await till.pay(client, f"p-{amount}", amount)).status_code == 201
            owner = await asyncpg.connect(endpoint.read(parent / "data").owner_url)
            await owner.executemany(
                "INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, 'other', now())",
                [(OTHER_TENANT,), (NEW_TENANT,)],
            )
            await owner.close()
            yield till


async def export(till: Till, output: Path, *options: str) -> Ended:
    data_dir = str(till.platform.data_dir)
    return await bezant(
        "export", "--book", till.book, "--output", str(output), "--data-dir", data_dir, *options
    )


async def restore(till: Till, *arguments: str) -> Ended:
    return await bezant("restore", "book", "--data-dir", str(till.platform.data_dir), *arguments)


@pytest.mark.parametrize("encoding", ["jsonl", "parquet"])
async def test_a_book_goes_out_and_comes_back_for_another_tenant(
    till: Till, tmp_path: Path, encoding: str
) -> None:
    ended = await export(till, tmp_path / "out", "--format", encoding)
    assert (ended.status, ended.errors) == (0, "")
    said, root = ended.output.splitlines()
    assert said.startswith("Exported seq 1 to 7 to ")
    assert said.endswith(": 4 account_event, 6 batch, 3 transfer.")
    [original, *_] = await verified("--data-dir", str(till.platform.data_dir))
    assert root == f"Log root: {original['root']}"

    ended = await restore(
        till, str(tmp_path / "out"), "--as-tenant", OTHER_TENANT, "--root", original["root"]
    )
    assert (ended.status, ended.errors) == (0, "")
    assert ended.output.splitlines()[1] == root
    reports = await verified("--data-dir", str(till.platform.data_dir), "--tenant", OTHER_TENANT)
    assert [report["root"] for report in reports] == [original["root"]]


async def test_programs_get_json(till: Till, tmp_path: Path) -> None:
    ended = await export(till, tmp_path / "out", "--from", "2", "--to", "5", "--json")
    assert ended.status == 0, ended.errors
    manifest = json.loads(ended.output)
    assert (manifest["first_seq"], manifest["last_seq"], manifest["is_complete"]) == (2, 5, True)
    ended = await export(till, tmp_path / "one", "--to", "1", "--json")
    ended = await export(till, tmp_path / "rest", "--from", "6", "--json")
    folders = [str(tmp_path / name) for name in ("one", "out", "rest")]
    ended = await restore(till, *folders, "--as-tenant", OTHER_TENANT, "--json")
    assert ended.status == 0, ended.errors
    restored = json.loads(ended.output)
    assert (restored["book_id"], restored["seq"]) == (till.book, 7)


async def test_a_book_that_stands_is_found(till: Till, tmp_path: Path) -> None:
    await export(till, tmp_path / "out")
    ended = await restore(till, str(tmp_path / "out"))
    assert ended.status == 0
    assert ended.output.startswith(f"Already restored: book {till.book} up to seq 7.")


async def test_what_cannot_be_is_refused_in_one_line(till: Till, tmp_path: Path) -> None:
    assert "No book" in (await export(till, tmp_path / "x", "--tenant", str(uuid4()))).refusal
    assert "1 to 7" in (await export(till, tmp_path / "x", "--from", "9")).refusal
    (tmp_path / "file").touch()
    assert "file" in (await export(till, tmp_path / "file")).refusal
    await export(till, tmp_path / "out")
    [part] = (tmp_path / "out").glob("part-*")
    part.write_text(part.read_text().replace('"amount":"200"', '"amount":"201"'))
    refused = (await restore(till, str(tmp_path / "out"), "--as-tenant", NEW_TENANT)).refusal
    assert "batch_root at batch 4, seq 6 to 6" in refused
    assert "holds no manifest.json" in (await restore(till, str(tmp_path))).refusal


def test_a_terminal_gets_a_bar(till: Till, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    arguments = ["export", "--book", till.book, "--output", str(tmp_path / "out")]
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--data-dir", str(till.platform.data_dir)],
        env={**ENVIRONMENT, "TERM": "xterm", "COLUMNS": "100"},
        stderr=theirs,
        stdout=subprocess.DEVNULL,
    )
    assert process.wait(60) == 0
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        os.close(ours)  # the other side is closed, and everything was read
    assert "Exporting" in shown.decode()
