"""A stream's reader is told when it is slow, cut off when it is stuck, and never buffered for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from bezant.kernel.errors import Unauthenticated, Unavailable
from bezant.kernel.http import ServerEvent
from bezant.kernel.http import streams as http_streams
from bezant.kernel.http.streams import PIECE_BYTES_MAX, EventStream, pieces
from fixtures_streams import EventParser, seqs


def event(seq: int, size: int = 10) -> ServerEvent:
    return ServerEvent.of(seq, "note.made", b'{"seq":%d,"text":"%s"}' % (seq, b"x" * size))


@dataclass
class Endless:
    """Events for ever; `taken` counts those that were asked for."""

    size: int = 10_000
    taken: int = 0

    async def next(self) -> Sequence[ServerEvent]:
        await asyncio.sleep(0)
        self.taken += 1
        return [event(self.taken, self.size)]

    async def close(self) -> None:
        """Nothing is held."""


@dataclass
class Connection:
    """A reader at the other end of a socket that takes what it lets through."""

    let_through: Callable[[int], bool] = lambda _: True
    sent: list[bytes] = field(default_factory=list)
    is_aborted: bool = False
    is_ended: bool = False
    room: asyncio.Event = field(default_factory=asyncio.Event)
    progress: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Any) -> None:  # noqa: ANN401 - ASGI
        while not self.let_through(len(self.sent)):
            self.room.clear()
            await self.room.wait()
        if message["type"] == "http.response.body":
            self.sent.append(message["body"])
            self.is_ended = not message["more_body"]
            self.progress.set()

    async def has_sent(self, bodies: int) -> None:
        while len(self.sent) < bodies:
            self.progress.clear()
            await self.progress.wait()

    async def receive(self) -> dict[str, str]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    def abort(self) -> None:
        self.is_aborted = True

    def stream(self, source: Any, authorize: Any = None) -> EventStream:  # noqa: ANN401 - stand-ins
        async def granted() -> None:
            """It holds."""

        return EventStream(
            source,
            authorize or granted,
            asyncio.Event(),
            self.receive,
            self.send,
            abort=self.abort,
        )

    def events(self) -> list[Any]:
        return EventParser().feed(b"".join(self.sent))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_streams, "CHECK_EVERY_S", 0.01)
    monkeypatch.setattr(http_streams, "STALLED_S_MAX", 0.2)


async def test_a_reader_that_takes_nothing_is_cut_off_and_nothing_is_buffered_for_it() -> None:
    connection = Connection(let_through=lambda sent: sent < 4)
    source = Endless()
    await connection.stream(source).serve()
    assert connection.is_aborted
    assert seqs(connection.events()) == [1, 2, 3]
    assert source.taken == 4, "no more than the piece that it did not take"


async def test_a_slow_reader_is_told_where_it_is_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_streams, "SLOW_S", 0.05)
    is_open = False
    connection = Connection(let_through=lambda sent: is_open or sent < 3)
    serving = asyncio.create_task(connection.stream(Endless()).serve())
    await asyncio.sleep(0.1)
    is_open = True
    connection.room.set()
    await connection.has_sent(8)
    connection.left.set()
    await serving
    told = connection.events()
    [slow] = [each for each in told if each.kind == "slow"]
    assert (slow.id, slow.data["last_id"]) == (None, "2")
    assert slow.data["waited_ms"] >= 50
    rest = seqs([each for each in told if each.kind != "slow"])
    assert rest == list(range(1, len(rest) + 1))
    assert not connection.is_aborted


async def test_a_reader_that_is_stuck_when_its_stream_ends_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_streams, "_LAST_WORD_S_MAX", 0.05)
    connection = Connection(let_through=lambda sent: sent < 2)

    async def authorize() -> None:
        if len(connection.sent) == 2:
            raise Unauthenticated("Revoked.")

    await connection.stream(Endless(), authorize).serve()
    assert connection.is_aborted


@pytest.mark.parametrize("refusal", [Unauthenticated("Revoked."), Unavailable("No database.")])
async def test_a_stream_that_may_not_go_on_says_why(refusal: Exception) -> None:
    class Ending(Endless):
        async def next(self) -> Sequence[ServerEvent]:
            if self.taken == 2:
                raise refusal
            return await super().next()

    connection = Connection()
    await connection.stream(Ending()).serve()
    *told, end = connection.events()
    assert seqs(told) == [1, 2]
    assert (end.kind, end.data["code"]) == ("end", type(refusal).code)  # type: ignore[attr-defined]
    assert connection.is_ended


async def test_a_stream_ends_when_the_server_stops() -> None:
    connection = Connection()
    stream = connection.stream(Endless())
    serving = asyncio.create_task(stream.serve())
    await connection.has_sent(5)
    stream._closing.set()
    await serving
    assert connection.is_ended
    assert connection.sent[-1].startswith(b"retry: ")


async def test_a_source_that_breaks_breaks_its_stream() -> None:
    class Breaking(Endless):
        async def next(self) -> Sequence[ServerEvent]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await Connection().stream(Breaking()).serve()


def test_pieces_are_bounded_and_hold_every_byte_once() -> None:
    sizes = [10, 100_000, 5, PIECE_BYTES_MAX, 3 * PIECE_BYTES_MAX, 1, 1]
    events = [event(seq, size) for seq, size in enumerate(sizes, start=1)]
    cut = list(pieces(events))
    assert b"".join(piece for piece, _ in cut) == b"".join(each.wire for each in events)
    assert max(len(piece) for piece, _ in cut) <= PIECE_BYTES_MAX
    parser = EventParser()
    last = ""
    for piece, last_id in cut:
        for sent in parser.feed(piece):
            last = sent.id or last
        assert last_id == last, "a piece never claims an event that it does not complete"
