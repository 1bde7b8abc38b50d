"""Processes of their own that make load, so that neither they nor we slow each other's clock down.

An agent is a module whose `main` a process runs. It reads one line of JSON with what it needs
(secrets among it, which is why it comes this way), prepares, answers with a line, and then answers
each further line, a round, with the outcome. It ends with its standard input.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import ModuleType
from typing import TypeVar

import msgspec
import uvloop

from bezant.kernel.collector import tune_collector
from bezant.kernel.telemetry import configure_logs
from bezant.server.embedded import StartupError

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T")

# A round's length is told in the round; this bounds what comes on top.
_ANSWER_WITHIN_S = 900
_LINE_BYTES_MAX = 1 << 20


class AgentFailedError(StartupError):
    """A process that makes load ended without an outcome: the figures would mean nothing."""

    code = "BENCH_FAILED"


class Agent:
    """The parent's end of one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, line: msgspec.Struct, kind: type[T]) -> T:
        """Send a line and wait for the answer.

        Raises:
            AgentFailedError: it ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(line) + b"\n")
            await self._process.stdin.drain()
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                answer = await self._process.stdout.readline()
        except (ConnectionError, TimeoutError) as error:
            raise _failed(type(error).__name__) from error
        if not answer:
            raise _failed(f"status {await self._process.wait()}")
        return msgspec.json.decode(answer, type=kind)


@asynccontextmanager
async def started(
    module: ModuleType, setup: msgspec.Struct, ready: type[T]
) -> AsyncIterator[tuple[Agent, T]]:
    """An agent, prepared, and what it said when it was."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-c",
        f"from {module.__name__} import main; main()",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES_MAX,
    )
    try:
        agent = Agent(process)
        yield agent, await agent.ask(setup, ready)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


Rounds = Callable[[R], Awaitable[msgspec.Struct]]


def serve(
    setup: type[S],
    round_: type[R],
    prepare: Callable[[S], AbstractAsyncContextManager[tuple[msgspec.Struct, Rounds[R]]]],
) -> None:
    """The agent's end: prepare, then answer rounds until standard input ends."""
    # Standard output is for answers alone.
    configure_logs()

    async def run() -> None:
        tune_collector()  # as a worker does
        lines = asyncio.StreamReader(limit=_LINE_BYTES_MAX)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        first = msgspec.json.decode(await lines.readline(), type=setup)
        async with prepare(first) as (ready, answer):
            _say(ready)
            while line := await lines.readline():
                _say(await answer(msgspec.json.decode(line, type=round_)))

    uvloop.run(run())


def _say(line: msgspec.Struct) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


def _failed(how: str) -> AgentFailedError:
    return AgentFailedError(
        f"A process that makes load gave no outcome ({how}).", "What it wrote above says why."
    )


def percentile(values: list[float], per_cent: int) -> float:
    """The smallest value that `per_cent` of all do not exceed; 0 when there is none."""
    if not values:
        return 0.0
    return sorted(values)[(len(values) - 1) * per_cent // 100]
