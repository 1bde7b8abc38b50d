"""Answers that go on: server-sent events (WHATWG HTML, section 9.2), and how many there may be.

A stream pulls: the next events are read when the reader has taken those before, so a slow reader
costs its own time and no memory. It is told when it is slow, and cut off when it takes nothing;
the identifiers of what it has lead it back to where it was.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import msgspec
from starlette.types import Receive, Scope, Send

from bezant.kernel.errors import Busy, Refusal, Unavailable

T = TypeVar("T")

EVENT_STREAM: Final = b"text/event-stream"

STREAMS_OF_CALLER_MAX: Final = 50
STREAMS_MAX: Final = 1_000
"""Streams of one process. Each holds a connection, which is one of those that the server takes."""

CHECK_EVERY_S: Final = 0.25
"""How often a stream asks whether its credential still holds, whatever else it waits for."""

HEARTBEAT_S: Final = 15.0
"""Below the idle time after which proxies drop a connection; 60 s is common."""

SLOW_S: Final = 2.0
"""Who takes a piece more slowly than this is told so."""

STALLED_S_MAX: Final = 15.0
"""Who takes nothing for this long is cut off."""

PIECE_BYTES_MAX: Final = 32 * 1024
RETRY_MS: Final = 1_000
_LAST_WORD_S_MAX: Final = 1.0

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # What stands between would hold events back to compress or to gather them.
    (b"x-accel-buffering", b"no"),
]
_HEARTBEAT: Final = b":\n\n"


class TooManyStreams(Busy):
    """The credential, or the server, has as many open streams as it may. Close one, or wait."""

    status, code, title = 429, "TOO_MANY_STREAMS", "Too many open streams"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event, rendered once for all of its readers.

    Attributes:
        id: where it stands; who comes back sends it as `Last-Event-ID`.
        wire: its bytes.
    """

    id: str
    wire: bytes

    @classmethod
    def of(cls, event_id: int, kind: str, data: bytes) -> "ServerEvent":
        """Render an event whose data is JSON, which has no line breaks of its own."""
        assert b"\n" not in data, "JSON as it is encoded here stands on one line"
        wire = b"id: %d\nevent: %s\ndata: %s\n\n" % (event_id, kind.encode("ascii"), data)
        return cls(str(event_id), wire)


class EventSource(Protocol):
    """Where a stream's events come from."""

    async def next(self) -> Sequence[ServerEvent]:
        """The events that follow, in order; waits for some. Cancelled, it has passed none.

        Raises:
            Refusal: there will be no more, or not now.
        """
        ...

    async def close(self) -> None:
        """Nobody reads any longer."""
        ...


class Streams:
    """The open streams of a process: how many, whose, and that they end when it stops.

    Args:
        of_caller_max: how many a credential may have.
        at_once_max: how many there may be.
    """

    def __init__(
        self, *, of_caller_max: int = STREAMS_OF_CALLER_MAX, at_once_max: int = STREAMS_MAX
    ) -> None:
        self._of_caller_max = of_caller_max
        self._at_once_max = at_once_max
        self._of_callers: Counter[str] = Counter()
        self.closing = asyncio.Event()

    @property
    def open(self) -> int:
        """How many there are."""
        return self._of_callers.total()

    @contextmanager
    def admitted(self, actor: str) -> Iterator[None]:
        """Count a caller's stream.

        Raises:
            TooManyStreams: there are as many as there may be.
            Unavailable: the process stops.
        """
        if self.closing.is_set():
            raise Unavailable("The server stops; another one goes on.")
        if self._of_callers[actor] >= self._of_caller_max:
            raise TooManyStreams(
                f"This credential has {self._of_caller_max} streams here.", retry_after_s=5
            )
        if self.open >= self._at_once_max:
            raise TooManyStreams(f"There are {self._at_once_max} streams.", retry_after_s=5)
        self._of_callers[actor] += 1
        try:
            yield
        finally:
            self._of_callers[actor] -= 1
            if not self._of_callers[actor]:
                del self._of_callers[actor]

    def close(self) -> None:
        """End every stream, and take no more: none would end by itself."""
        self.closing.set()


class _Gone(Exception):  # noqa: N818 - the reader left: nothing is wrong
    """The reader closed the connection."""


class _Closing(Exception):  # noqa: N818 - the server stops: nothing is wrong
    """The process takes no more requests."""


class _Late(Exception):  # noqa: N818 - what it means is its caller's to say
    """What was waited for did not come in time."""


class EventStream:
    """One stream.

    Args:
        source: the events.
        authorize: raises a refusal once the credential no longer grants the stream.
        closing: set when the process stops.
        receive: of the request; after it nothing comes but the reader's leaving.
        send: of the response.
        abort: ends the connection without waiting for who does not read; None where the server
            offers no way.
        monotonic: seconds, from any start.
    """

    def __init__(
        self,
        source: EventSource,
        authorize: Callable[[], Awaitable[object]],
        closing: asyncio.Event,
        receive: Receive,
        send: Send,
        *,
        abort: Callable[[], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._authorize = authorize
        self._closing = closing
        self._receive = receive
        self._send = send
        self._abort = abort
        self._monotonic = monotonic
        self._last_id = ""

    async def serve(self) -> None:
        """Send events until the reader leaves, may no longer read, or reads too slowly."""
        gone = asyncio.create_task(self._leaving())
        closing = asyncio.create_task(self._closing.wait())
        self._watched = {gone, closing}
        self._gone = gone
        try:
            await send_head(self._send)
            await self._events()
        except _Gone:
            pass
        except _Closing:
            await self._end(f"retry: {RETRY_MS}\n: the server stops\n\n".encode())
        except Refusal as refusal:
            data = msgspec.json.encode({"code": refusal.code, "detail": refusal.detail})
            await self._end(b"event: end\ndata: %s\n\n" % data)
        except _Late:
            self._cut()
        finally:
            for task in (gone, closing):
                task.cancel()
            await asyncio.wait({gone, closing})

    async def _events(self) -> None:
        await self._hand_over(b"retry: %d\n\n" % RETRY_MS)
        # A stream that always has something to tell waits for nothing, and is asked here.
        while not self._closing.is_set():
            try:
                events = await self._allowed(self._source.next(), seconds_max=HEARTBEAT_S)
            except _Late:
                await self._hand_over(_HEARTBEAT)
                continue
            # Nothing is told to whom it may no longer be, however fast it comes.
            await self._authorize()
            for piece, last_id in pieces(events):
                await self._hand_over(piece)
                self._last_id = last_id
        raise _Closing

    async def _hand_over(self, piece: bytes) -> None:
        """Send a piece whole, or nothing of it.

        Raises:
            _Late: the reader takes nothing.
        """
        began = self._monotonic()
        message = {"type": "http.response.body", "body": piece, "more_body": True}
        await self._allowed(self._send(message), seconds_max=STALLED_S_MAX)
        waited_s = self._monotonic() - began
        if waited_s > SLOW_S:
            told = {"last_id": self._last_id, "waited_ms": int(waited_s * 1_000)}
            # Without an `id`, so that it moves nobody's place.
            slow = b"event: slow\ndata: %s\n\n" % msgspec.json.encode(told)
            message = {"type": "http.response.body", "body": slow, "more_body": True}
            await self._allowed(self._send(message), seconds_max=STALLED_S_MAX)

    async def _allowed(self, work: Awaitable[T], *, seconds_max: float) -> T:
        """Wait for something for as long as the stream may go on.

        Raises:
            _Gone: the reader left.
            _Closing: the process stops.
            _Late: it took too long.
            Refusal: the credential no longer grants it.
        """
        task = asyncio.ensure_future(work)
        late_at = self._monotonic() + seconds_max
        try:
            while True:
                await asyncio.wait(
                    {task, *self._watched},
                    timeout=CHECK_EVERY_S,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if self._gone.done():
                    raise _Gone
                if task.done():
                    return task.result()
                if self._closing.is_set():
                    raise _Closing
                await self._authorize()
                if self._monotonic() >= late_at:
                    raise _Late
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    async def _leaving(self) -> None:
        # A body, which a GET does not have, is passed over.
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def _end(self, last_word: bytes) -> None:
        message = {"type": "http.response.body", "body": last_word, "more_body": False}
        try:
            async with asyncio.timeout(_LAST_WORD_S_MAX):
                await self._send(message)
        except TimeoutError:
            self._cut()

    def _cut(self) -> None:
        if self._abort is not None:
            self._abort()


def pieces(events: Sequence[ServerEvent]) -> Iterator[tuple[bytes, str]]:
    """Events as pieces of a bounded size, each with the last event that it completes."""
    gathered: list[bytes] = []
    size, last_id = 0, ""
    for event in events:
        if gathered and size + len(event.wire) > PIECE_BYTES_MAX:
            yield b"".join(gathered), last_id
            gathered, size = [], 0
        *heads, tail = (
            event.wire[at : at + PIECE_BYTES_MAX]
            for at in range(0, len(event.wire), PIECE_BYTES_MAX)
        )
        for head in heads:
            yield head, last_id
        gathered.append(tail)
        size += len(tail)
        last_id = event.id
    if gathered:
        yield b"".join(gathered), last_id


async def send_head(send: Send) -> None:
    """Begin a stream."""
    await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})


def abort_of(scope: Scope) -> Callable[[], None] | None:
    """How the server's protocol ends a connection at once, if it says."""
    abort: Callable[[], None] | None = scope.get("bezant.abort")
    return abort


def prefers_page(scope: Scope) -> bool:
    """Whether a request names JSON and not a stream as what it takes (`Accept`, RFC 9110)."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept").lower()
    return b"application/json" in accepted and EVENT_STREAM not in accepted
