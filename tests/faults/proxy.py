"""A network that fails at a byte: a proxy between a rail and its clearing system."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum


class Side(StrEnum):
    """Which way bytes go."""

    REQUEST = "request"
    ANSWER = "answer"


class Fault(StrEnum):
    """What happens at the byte."""

    DROP = "drop"
    """Both connections end."""
    TRUNCATE = "truncate"
    """Nothing more comes through, and nobody is told."""
    DELAY = "delay"
    """The rest comes through when the caller has given up (of a request), or never."""
    DUPLICATE = "duplicate"
    """All of it comes through, and once more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fault, in the next exchange."""

    fault: Fault
    side: Side
    at: int


@dataclass
class FaultProxy:
    """Passes bytes on, until its plan says otherwise.

    Attributes:
        port: of this machine.
        plan: what to do with the next exchange; None for nothing.
        faults: how many happened.
        longest: how many bytes an exchange had, each way.
        held: let go by `release`: what was delayed goes on no earlier.
    """

    upstream_port: int
    port: int = 0
    plan: Plan | None = None
    faults: int = 0
    longest: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    held: asyncio.Event = field(default_factory=asyncio.Event)
    _passed: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    _recorded: bytearray = field(default_factory=bytearray)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _late: set["asyncio.Task[None]"] = field(default_factory=set)
    _stalled: set["asyncio.Task[None]"] = field(default_factory=set)

    def begin(self, plan: Plan | None) -> None:
        """What to do with the next exchange."""
        self.plan = plan
        self._passed = dict.fromkeys(Side, 0)
        self._recorded.clear()
        self.held.clear()

    async def release(self) -> None:
        """Let what was delayed arrive, and wait until it has."""
        self.held.set()
        while self._stalled or self._late:
            await asyncio.wait(self._stalled | self._late)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FaultProxy"]:
        """Listen."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            every = self._tasks | self._late
            for task in every:
                task.cancel()
            await asyncio.gather(*every, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, server = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        for source, sink, side in (
            (reader, server, Side.REQUEST),
            (behind, writer, Side.ANSWER),
        ):
            task = asyncio.create_task(self._pass_on(source, sink, side))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, side: Side
    ) -> None:
        try:
            while portion := await source.read(65_536):
                if await self._passed_on(portion, source, sink, side):
                    break
        except ConnectionError:
            return
        finally:
            sink.close()

    async def _passed_on(
        self,
        portion: bytes,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        side: Side,
    ) -> bool:
        """Pass a portion on, or spoil it; whether the connection is over."""
        if side is Side.REQUEST:
            self._recorded += portion
        begun = self._passed[side]
        self._passed[side] = begun + len(portion)
        self.longest[side] = max(self.longest[side], self._passed[side])
        plan = self.plan
        if plan is None or plan.side is not side or not self._is_due(plan, begun, portion):
            sink.write(portion)
            await sink.drain()
            return False
        self.plan = None
        self.faults += 1
        sink.write(portion[: plan.at - begun])
        return await self._fail(plan, portion[plan.at - begun :], source, sink)

    @staticmethod
    def _is_due(plan: Plan, begun: int, portion: bytes) -> bool:
        return begun <= plan.at < begun + len(portion)

    async def _fail(
        self, plan: Plan, rest: bytes, source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> bool:
        """Do what is planned; whether the connection is over."""
        if plan.fault is Fault.DROP:
            sink.transport.abort()
            return True
        if plan.fault is Fault.DUPLICATE:
            sink.write(rest)
            if plan.side is Side.ANSWER:
                sink.write(rest)
            else:
                self._later(bytes(self._recorded))
            await sink.drain()
            return False
        await sink.drain()
        task = asyncio.current_task()
        assert task is not None
        self._stalled.add(task)
        task.add_done_callback(self._stalled.discard)
        while portion := await source.read(65_536):
            if plan.side is Side.REQUEST:
                self._recorded += portion
        if plan.fault is Fault.DELAY and plan.side is Side.REQUEST:
            self._later(bytes(self._recorded))
        return True

    def _later(self, request: bytes) -> None:
        task = asyncio.create_task(self._arrive(request))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _arrive(self, request: bytes) -> None:
        """Have a request arrive on a connection that nobody waits on."""
        await self.held.wait()
        behind, server = await asyncio.open_connection("127.0.0.1", self.upstream_port)
        try:
            server.write(request)
            # Nothing more comes: what waits for the caller to leave need not.
            server.write_eof()
            await behind.read()
        except ConnectionError:
            return
        finally:
            server.close()
