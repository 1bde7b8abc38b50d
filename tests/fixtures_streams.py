"""Readers of server-sent events, as clients are: they keep what is complete, and come back."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Sent:
    """One event as it was read."""

    id: str | None
    kind: str
    data: Any


@dataclass
class EventParser:
    """The parsing of WHATWG HTML, section 9.2.6, as far as the platform uses it.

    Attributes:
        last_id: of the last complete event that had one.
        retry_ms: what the server asked for.
        comments: how many there were.
    """

    last_id: str | None = None
    retry_ms: int | None = None
    comments: int = 0
    _buffer: bytes = b""
    _lines: list[tuple[str, str]] = field(default_factory=list)

    def feed(self, chunk: bytes) -> list[Sent]:
        """The events that a chunk completes."""
        self._buffer += chunk
        *lines, self._buffer = self._buffer.split(b"\n")
        found = []
        for line in lines:
            if line:
                name, _, value = line.decode().partition(":")
                self._lines.append((name, value.removeprefix(" ")))
            elif (event := self._dispatch()) is not None:
                found.append(event)
        return found

    def incomplete(self) -> list[tuple[str, str]]:
        """The fields of an event that has begun."""
        return list(self._lines)

    def reconnected(self) -> None:
        """What was incomplete is lost."""
        self._buffer = b""
        self._lines.clear()

    def _dispatch(self) -> Sent | None:
        lines = self._lines
        self.comments += sum(not name for name, _ in lines)
        fields = dict(lines)
        self._lines = []
        if "retry" in fields:
            self.retry_ms = int(fields["retry"])
        if "data" not in fields:
            return None
        self.last_id = fields.get("id", self.last_id)
        return Sent(fields.get("id"), fields.get("event", "message"), json.loads(fields["data"]))


@dataclass
class Reader:
    """An open stream.

    Attributes:
        answer: the response's head.
        parser: what was read so far.
    """

    answer: httpx.Response
    parser: EventParser
    chunks: AsyncIterator[bytes]
    _ready: list[Sent] = field(default_factory=list)

    async def next(self) -> Sent | None:
        """The next event; None at the stream's end."""
        while not self._ready:
            chunk = await anext(self.chunks, None)
            if chunk is None:
                return None
            self._ready += self.parser.feed(chunk)
        return self._ready.pop(0)

    async def take(self, count: int) -> list[Sent]:
        """The next events of a feed."""
        found: list[Sent] = []
        while len(found) < count:
            event = await self.next()
            assert event is not None, "the stream ended"
            found.append(event)
        return found

    async def rest(self) -> list[Sent]:
        """Everything up to the stream's end."""
        found: list[Sent] = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found


@asynccontextmanager
async def reading(client: httpx.AsyncClient, path: str, **headers: str) -> AsyncIterator[Reader]:
    """Open a stream."""
    async with client.stream("GET", path, headers=headers) as answer:
        yield Reader(answer, EventParser(), answer.aiter_raw())


def seqs(events: list[Sent]) -> list[int]:
    """The places of events, which say the same in their id and in their data."""
    assert all(event.id == str(event.data["seq"]) for event in events)
    return [event.data["seq"] for event in events]
