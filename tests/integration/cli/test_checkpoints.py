"""Proofs, checkpoints and decisions from outside: curl-like calls, commands, and a lost night."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bezant.ledger.checkpoints import Published
from bezant.ledger.checkpoints.folder import notes_of
from fixtures_servers import open_folder
from integration.outside.till import Ended, Till, bezant, open_till, verified
from running_platform import RunningPlatform, running, until

pytestmark = pytest.mark.long

REASON = "the disk died; what came after the copy is lost"


@asynccontextmanager
async def watched(
    data: Path, outside: Path
) -> AsyncIterator[tuple[RunningPlatform, httpx.AsyncClient]]:
    """A platform that signs every second, into a folder of another machine, as it were."""
    config = outside.with_name("bezant.toml")
    config.write_text(f'checkpoint_interval_s = 1\ncheckpoint_folder = "{outside}"\n')
    async with running(data, "--config", str(config)) as platform, platform.client() as client:
        yield platform, client


async def signed(client: httpx.AsyncClient, till: Till, seq: int) -> dict[str, Any]:
    """Wait for a checkpoint that covers a number; the newest one."""
    found: list[dict[str, Any]] = []

    async def is_signed() -> bool:
        answer = await client.get(f"{till.path}/checkpoints")
        assert answer.status_code == 200, answer.text
        found[:] = answer.json()["checkpoints"]
        return bool(found) and found[-1]["seq"] >= seq

    await until(is_signed, within_s=20)
    return found[-1]


async def published(outside: Path, number: int) -> None:
    """Wait until a checkpoint has reached the folder."""

    async def is_there() -> bool:
        return any(each.number == number for each in await asyncio.to_thread(_notes, outside))

    await until(is_there, within_s=20)


def _notes(outside: Path) -> list[Published]:
    return [each for book in outside.iterdir() for each in notes_of(book)]


async def paid(client: httpx.AsyncClient, till: Till, key: str) -> dict[str, Any]:
    answer = await till.pay(client, key)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def proof_of(client: httpx.AsyncClient, till: Till, payment: dict[str, Any]) -> bytes:
    answer = await client.get(f"{till.path}/proofs/{payment['id']}")
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.fixture(scope="module")
async def kept() -> AsyncIterator[Path]:
    """What somebody took from a platform that runs no more: a proof, its keys, an export."""
    with open_folder() as folder:
        outside = folder / "outside"
        async with watched(folder / "data", outside) as (platform, client):
            till = await open_till(platform, client)
            payment = await paid(client, till, "pay")
            newest = await signed(client, till, payment["seq"])
            await published(outside, newest["number"])
            (folder / "proof.json").write_bytes(await proof_of(client, till, payment))
            (folder / "keys.json").write_bytes((await client.get("/v1/checkpoint-keys")).content)
            (folder / "note.txt").write_text(newest["note"])
            (folder / "book").write_text(till.book)
            consistent = await client.get(
                f"{till.path}/proofs/consistency", params={"from": 1, "to": newest["size"]}
            )
            assert consistent.json()["to_root"] == newest["root"]
            data = str(platform.data_dir)
            for encoding in ("jsonl", "parquet"):
                ended = await bezant(
                    *("export", "--book", till.book, "--output", str(folder / encoding)),
                    *("--format", encoding, "--data-dir", data),
                )
                assert ended.status == 0, ended.errors
            [report] = await verified(
                *("--data-dir", data, "--checkpoint", str(outside)),
                *("--key", str(folder / "keys.json")),
            )
            assert report["checkpoints"] >= 1
            assert await platform.stop() == 0
        yield folder


async def test_a_proof_is_verified_offline(kept: Path) -> None:
    proof = str(kept / "proof.json")
    ended = await bezant("verify", "proof", proof, "--key", str(kept / "keys.json"))
    assert (ended.status, ended.errors) == (0, ""), ended
    said, signature = ended.output.splitlines()
    assert f"is in book {(kept / 'book').read_text()} as seq " in said
    assert signature.startswith("Signed: checkpoint ")
    ended = await bezant("verify", "proof", proof)
    assert "Not verified, for want of --key" in ended.output
    ended = await bezant(
        *("verify", "proof", proof, "--checkpoint", str(kept / "note.txt")),
        *("--key", str(kept / "keys.json"), "--json"),
    )
    proven = json.loads(ended.output)
    assert proven["seq"] == json.loads((kept / "proof.json").read_text())["seq"]


async def test_a_proof_that_was_changed_does_not_hold(kept: Path, tmp_path: Path) -> None:
    forged = (kept / "proof.json").read_text().replace(r"\"amount\":\"1\"", r"\"amount\":\"9\"")
    (tmp_path / "forged.json").write_text(forged)
    ended = await bezant("verify", "proof", str(tmp_path / "forged.json"))
    assert ended.refusal.startswith("bezant: The proof does not hold: the leaf is not in batch")
    (tmp_path / "forged.json").write_text("{}")
    assert (
        "holds no proof" in (await bezant("verify", "proof", str(tmp_path / "forged.json"))).refusal
    )
    assert "No such file" in (await bezant("verify", "proof", str(tmp_path / "none"))).refusal


async def verify_export(folder: Path, *options: str) -> Ended:
    return await bezant("verify", "--export", str(folder), *options)


@pytest.mark.parametrize("encoding", ["jsonl", "parquet"])
async def test_an_export_is_verified_without_a_database(kept: Path, encoding: str) -> None:
    options = ("--checkpoint", str(kept / "outside"), "--key", str(kept / "keys.json"))
    ended = await verify_export(kept / encoding, *options)
    assert (ended.status, ended.errors) == (0, ""), ended
    assert "books sound: 1 of 1" in ended.output
    ended = await verify_export(kept / encoding, *options, "--json")
    [report] = json.loads(ended.output)
    assert report["checkpoints"] >= 1
    assert report["tenant_id"] is None


async def test_an_export_that_was_changed_is_not_sound(kept: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    await asyncio.to_thread(shutil.copytree, kept / "jsonl", changed)
    [part] = changed.glob("part-*")
    part.write_text(part.read_text().replace('"amount":"1"', '"amount":"2"'))
    ended = await verify_export(changed)
    assert ended.status == 1
    assert "batch_root at batch " in ended.output
    assert "books sound: 0 of 1" in ended.output


async def test_what_cannot_be_used_is_refused_in_one_line(kept: Path, tmp_path: Path) -> None:
    assert (
        "go together"
        in (await verify_export(kept / "jsonl", "--checkpoint", str(kept / "outside"))).refusal
    )
    (tmp_path / "keys.json").write_text('{"checkpoint_keys": []}')
    options = ("--checkpoint", str(kept / "note.txt"), "--key", str(tmp_path / "keys.json"))
    assert "no key given has signed it" in (await verify_export(kept / "jsonl", *options)).refusal


async def test_an_older_copy_is_refused_until_an_operator_accepts_the_loss() -> None:
    """The drill: the data folder is lost, and yesterday's copy of it takes its place."""
    with open_folder() as folder:
        outside, data, copy = folder / "outside", folder / "data", folder / "copy"
        async with watched(data, outside) as (platform, client):
            till = await open_till(platform, client)
            first = await paid(client, till, "one")
            await signed(client, till, first["seq"])
            assert await platform.stop() == 0
        await asyncio.to_thread(shutil.copytree, data, copy, symlinks=True)
        await _hand_over(data, copy)
        async with watched(data, outside) as (platform, client):
            till = Till(platform, till.book)
            lost = await paid(client, till, "two")
            newest = await signed(client, till, lost["seq"])
            await published(outside, newest["number"])
            keys = (await client.get("/v1/checkpoint-keys")).content
            (folder / "keys.json").write_bytes(keys)
            assert await platform.stop() == 0
        async with watched(copy, outside) as (platform, client):
            till = Till(platform, till.book)
            refused = await till.pay(client, "three")
            assert refused.status_code == 503
            assert refused.json()["code"] == "BOOK_BEHIND_CHECKPOINT"
            assert await till.balance(client) == 1  # reads go on
            # Other books are not held up.
            other = await client.post(
                "/v1/books",
                json={"name": "Other", "assets": [{"code": "EUR", "scale": 2}]},
                headers={"Idempotency-Key": "other"},
            )
            assert other.status_code == 201
            options = ("--data-dir", str(copy), "--config", str(folder / "bezant.toml"))
            ended = await bezant(
                *("checkpoints", "accept", "--book", till.book, "--reason", REASON), *options
            )
            assert (ended.status, ended.errors) == (0, ""), ended
            assert f"declares {newest['number']} to {newest['number']} void" in ended.output
            again = await paid(client, till, "three")
            await signed(client, till, again["seq"])
            reports = await verified(
                *("--data-dir", str(copy), "--checkpoint", str(outside)),
                *("--key", str(folder / "keys.json")),
            )
            [report] = [each for each in reports if each["book_id"] == till.book]
            assert REASON in report["accepted"][0]
            ended = await bezant(
                *("checkpoints", "accept", "--book", till.book, "--reason", REASON), *options
            )
            assert "extends every checkpoint" in ended.refusal
            assert await platform.stop() == 0


async def _hand_over(original: Path, copy: Path) -> None:
    """Give a copy's files the owners that they had: the servers refuse others'."""

    def work() -> None:
        for path in [original, *original.rglob("*")]:
            status = path.lstat()
            twin = copy / path.relative_to(original)
            shutil.chown(twin, status.st_uid, status.st_gid)
            if not path.is_symlink():
                twin.chmod(status.st_mode & 0o7777)

    await asyncio.to_thread(work)
