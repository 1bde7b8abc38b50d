"""`bezant top` on a running platform: its figures are those of a load that is known exactly."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from fixtures_api import fresh_key
from fixtures_servers import open_folder
from running_platform import COMMAND, ENVIRONMENT, RunningPlatform, running, until, workers

pytestmark = pytest.mark.long

LEG = {"debit": "world", "credit": "wallet", "asset": "EUR", "amount": "1"}


@pytest.fixture(scope="module")
async def platform() -> AsyncIterator[RunningPlatform]:
    with open_folder() as parent:
        async with running(parent / "data", "--workers", "2") as platform:
            yield platform


async def top(data_dir: Path, *options: str, **environment: str) -> tuple[int, str, str]:
    """Run the command to its end: status, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "top", "--data-dir", str(data_dir), *options,
        env=ENVIRONMENT | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


class Watching:
    """`bezant top --json` while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, platform: RunningPlatform) -> "Watching":
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "top", "--json", "--interval", "0.4", "--data-dir", str(platform.data_dir),
            env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, limit=1 << 20,
        )  # fmt: skip
        return cls(process)

    async def next(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            line = await self.process.stdout.readline()
        found: dict[str, Any] = json.loads(line)
        return found

    async def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


async def open_book(client: httpx.AsyncClient) -> str:
    async def create(path: str, body: object) -> dict[str, Any]:
        answer = await client.post(path, json=body, headers=fresh_key())
        assert answer.is_success, answer.text
        created: dict[str, Any] = answer.json()
        return created

    assets = [{"code": "EUR", "scale": 2}]
    book = await create("/v1/books", {"name": "Load", "assets": assets})
    path = f"/v1/books/{book['id']}"
    for account in ("world", "wallet"):
        await create(f"{path}/accounts", {"id": account, "asset": "EUR", "type": "liability"})
    return path


async def test_rates_times_their_intervals_are_the_load_that_was_sent(
    platform: RunningPlatform,
) -> None:
    async with platform.client() as client:
        book = await open_book(client)
        watching = await Watching.start(platform)
        found = [await watching.next()]
        for _ in range(30):
            body = {"postings": [LEG, LEG]}
            await client.post(f"{book}/transactions", json=body, headers=fresh_key())
        batch = {"transactions": [{"id": str(uuid4()), "postings": [LEG]} for _ in range(25)]}
        posted = await client.post(f"{book}/transactions/batch", json=batch, headers=fresh_key())
        assert posted.is_success
        for _ in range(7):
            await client.get(f"{book}/accounts/nobody/balance")
        # One interval may have been read before the last of it: a second is read after it.
        sent_at = datetime.now(UTC)
        while datetime.fromisoformat(found[-1]["at"]) < sent_at:
            found.append(await watching.next())
        found.append(await watching.next())
    assert await watching.end() in {0, -signal.SIGINT}

    def total(of: Callable[[dict[str, Any]], float | None]) -> float:
        intervals = (each["figures"] for each in found)
        return sum(float(of(each) or 0) * float(each["over_s"]) for each in intervals)

    def of_route(figures: dict[str, Any], method: str, route: str) -> float:
        found = [
            float(each["per_s"])
            for each in figures["requests"]["routes"]
            if (each["method"], each["route"]) == (method, route)
        ]
        return sum(found)

    template = "/v1/books/{book}"
    assert total(lambda each: each["postings_per_s"]) == pytest.approx(30 * 2 + 25, abs=0.01)
    assert total(lambda each: each["batches"]["per_s"]) == pytest.approx(31, abs=0.01)
    assert total(lambda each: of_route(each, "POST", f"{template}/transactions")) == pytest.approx(
        30, abs=0.01
    )
    assert total(
        lambda each: of_route(each, "POST", f"{template}/transactions/batch")
    ) == pytest.approx(1, abs=0.01)
    assert total(lambda each: each["requests"]["refused_per_s"]) == pytest.approx(7, abs=0.01)
    assert total(lambda each: each["requests"]["errors_per_s"]) == 0
    last = found[-1]
    assert (last["problem"], last["url"]) == (None, platform.url)
    assert last["figures"]["workers"] == 2
    assert 50e6 < last["figures"]["memory_bytes"] < 1e9
    assert last["figures"]["queue_items"] == 0
    busy = max((each["figures"] for each in found), key=lambda each: each["batches"]["per_s"])
    assert busy["batches"]["size_p50"] == 1
    assert 0 < busy["batches"]["commit"]["p50_s"] <= busy["batches"]["commit"]["p99_s"] < 5


async def test_once_tells_one_interval_to_programs_and_to_people(platform: RunningPlatform) -> None:
    status, output, _ = await top(platform.data_dir, "--once", "--json", "--interval", "0.3")
    assert status == 0
    [line] = output.splitlines()
    assert json.loads(line)["figures"]["over_s"] >= 0.3
    status, output, errors = await top(platform.data_dir, "--once", "--interval", "0.3")
    assert (status, errors) == (0, "")
    assert "\x1b" not in output
    assert "serving · 2 workers" in output.splitlines()[0]
    assert "GET   /metrics" in output


async def test_a_worker_that_is_replaced_makes_no_rate_negative(platform: RunningPlatform) -> None:
    async with platform.client() as client:
        book = await open_book(client)
        watching = await Watching.start(platform)
        await watching.next()
        before = workers(platform.process.pid)
        os.kill(min(before), signal.SIGKILL)

        async def is_replaced() -> bool:
            now = workers(platform.process.pid)
            return len(now) == 2 and now != before

        await until(is_replaced, within_s=30)
        await client.post(f"{book}/transactions", json={"postings": [LEG]}, headers=fresh_key())
        found = [await watching.next() for _ in range(4)]
        while found[-1]["problem"] or found[-1]["figures"]["workers"] != 2:
            found.append(await watching.next())
    await watching.end()
    for each in found:
        for rate in re.findall(r'"\w*per_s":(-?[0-9.e-]+)', json.dumps(each).replace(" ", "")):
            assert float(rate) >= 0


async def test_a_platform_that_restarts_is_shown_as_silent_and_then_again() -> None:
    with open_folder() as parent:
        async with running(parent / "data") as platform:
            port = str(platform.port)
            async with platform.client() as client:
                await open_book(client)
            watching = await Watching.start(platform)
            before = await watching.next()
            await platform.stop(signal.SIGTERM)
            silent = await watching.next()
            while silent["problem"] is None:
                before, silent = silent, await watching.next()
            assert silent["problem"]["code"] == "UNREACHABLE"
            assert silent["figures"] == before["figures"]
            assert silent["age_s"] > 0
        async with running(parent / "data", "--port", port):
            again = await watching.next()
            while again["problem"] is not None:
                again = await watching.next()
            # All counters began at zero, below where they had been.
            assert again["figures"]["postings_per_s"] == 0
            assert (again["figures"]["requests"]["per_s"] or 0) >= 0
        await watching.end()


async def test_a_dead_platform_and_a_wrong_key_are_told(platform: RunningPlatform) -> None:
    nowhere = {"BEZANT_URL": "https://127.0.0.1:1", "BEZANT_API_KEY": "bz_key"}
    status, output, errors = await top(platform.data_dir, "--once", **nowhere)
    assert (status, output) == (1, "")
    assert errors.startswith("bezant: https://127.0.0.1:1 does not answer: ")
    wrong = platform.key[:-1] + ("1" if platform.key.endswith("0") else "0")
    status, output, errors = await top(platform.data_dir, "--json", BEZANT_API_KEY=wrong)
    assert (status, output) == (1, "")
    assert json.loads(errors)["code"] == "HTTP_401"
    with open_folder() as empty:
        status, _, errors = await top(empty, "--once")
    assert status == 1
    assert "No platform runs on the data folder" in errors


async def test_q_ends_it_and_leaves_the_terminal_as_it_was(platform: RunningPlatform) -> None:
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "top", "--interval", "0.2", "--data-dir", str(platform.data_dir),
        env=environment, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    os.set_blocking(ours, False)
    shown = b""

    async def has(text: bytes) -> bool:
        nonlocal shown
        with suppress(BlockingIOError):  # nothing yet
            shown += os.read(ours, 65536)
        return text in shown

    await until(lambda: has("● serving".encode()), within_s=30)
    assert b"\x1b[?1049h" in shown
    os.write(ours, b"xq")
    await until(lambda: has(b"\x1b[?1049l"), within_s=10)
    async with asyncio.timeout(10):
        assert await process.wait() == 0
    assert b"\x1b[?25h" in shown
    os.close(ours)
