"""Between processes of one machine: riders go to the holder of their lane over a unix socket.

The first frame proves that a peer belongs to the same platform; every other one's body is
MessagePack. Answers may come in any order.
"""

import asyncio
import hmac
import itertools
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bezant.kernel.calls import Answer, Call
from bezant.kernel.errors import Busy, Refusal, Unavailable
from bezant.kernel.frames import read_frame, write_frame
from bezant.ledger.lane.rider import Rider, RiderKinds
from bezant.ledger.lane.writer import LaneLost

REPLY_TIMEOUT_S: Final = 3.0


class PeerGone(Exception):  # noqa: N818 - a turn of events that the router acts on
    """Nobody listens at the address: the process has ended."""


class PeerSilent(Exception):  # noqa: N818 - a turn of events that the router acts on
    """The process did not answer in time: it may be slow, stopped, or about to answer."""


class Ask(msgspec.Struct, frozen=True):
    """A rider on its way."""

    no: int
    tenant_id: UUID
    book_id: UUID
    call: Call
    kind: str
    rider: msgspec.Raw


class Declined(msgspec.Struct, frozen=True):
    """A refusal that passes: nothing was recorded, and the caller is told when to come back."""

    code: str
    detail: str
    retry_after_s: int

    def refusal(self) -> Busy | Unavailable:
        """As it was raised by the process that holds the lane."""
        if self.code == Busy.code:
            return Busy(self.detail, retry_after_s=self.retry_after_s)
        kinds = {kind.code: kind for kind in Unavailable.__subclasses__()}
        kind = kinds.get(self.code, Unavailable)
        return kind(self.detail, retry_after_s=self.retry_after_s)


class Reply(msgspec.Struct, frozen=True):
    """What became of it; with neither part, this process does not hold the lane."""

    no: int
    answer: Answer | None = None
    declined: Declined | None = None


Serve = Callable[[UUID, UUID, Rider, Call], Awaitable[Answer]]

_asks: Final = msgspec.msgpack.Decoder(Ask)
_replies: Final = msgspec.msgpack.Decoder(Reply)
_encode: Final = msgspec.msgpack.Encoder().encode

log = structlog.get_logger("bezant.lanes")


class PeerServer:
    """Takes riders from other processes of the platform.

    A rider is carried out for whomever its call names: a process that merely runs as the same user
    has no part in this.

    Attributes:
        address: what others find this process by, `host:path of the socket`.

    Args:
        token: what the platform's processes know.
    """

    def __init__(self, path: Path, serve: Serve, token: str) -> None:
        self.address = f"{socket.gethostname()}:{path}"
        self._path = path
        self._serve = serve
        self._token = token.encode()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. The socket's folder keeps others out."""
        self._server = await asyncio.start_unix_server(self._accept, self._path)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening, finish what was taken."""
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for writer in self._writers:
            writer.close()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            if not hmac.compare_digest(await read_frame(reader), self._token):
                log.warning("lane_caller_refused")
                return
            while True:
                ask = _asks.decode(await read_frame(reader))
                task = asyncio.create_task(self._reply(ask, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _reply(self, ask: Ask, writer: asyncio.StreamWriter) -> None:
        rider = RiderKinds.decode(ask.kind, ask.rider)
        try:
            answer = await self._serve(ask.tenant_id, ask.book_id, rider, ask.call)
            reply = Reply(ask.no, answer)
        except LaneLost:
            reply = Reply(ask.no)
        except (Busy, Unavailable) as refusal:
            declined = Declined(refusal.code, refusal.detail, refusal.retry_after_s)
            reply = Reply(ask.no, declined=declined)
        except Refusal as refusal:
            reply = Reply(ask.no, Answer.refused(refusal))
        with suppress(ConnectionError):
            write_frame(writer, _encode(reply))
            await writer.drain()


class PeerClient:
    """A connection to one other process, shared by everything that goes there.

    Args:
        token: what the platform's processes know.
    """

    def __init__(self, path: str, token: str) -> None:
        self._path = path
        self._token = token.encode()
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, tenant_id: UUID, book_id: UUID, rider: Rider, call: Call) -> Answer:
        """Send a rider and wait for its answer.

        Raises:
            PeerGone: nobody listens, or the connection ended before the answer.
            PeerSilent: no answer in time.
            LaneLost: the process does not hold the lane.
            Busy: too much waits for the book there.
            Unavailable: as that process was told.
        """
        writer = await self._connect()
        no = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[no] = waiting
        encoded = msgspec.Raw(_encode(rider))
        try:
            write_frame(
                writer,
                _encode(Ask(no, tenant_id, book_id, call, type(rider).__name__, encoded)),
            )
            await writer.drain()
            reply: Reply = await asyncio.wait_for(waiting, REPLY_TIMEOUT_S)
        except ConnectionError as error:
            raise PeerGone(self._path) from error
        except TimeoutError as error:
            raise PeerSilent(self._path) from error
        finally:
            self._waiting.pop(no, None)
        if reply.declined is not None:
            raise reply.declined.refusal()
        if reply.answer is None:
            raise LaneLost(self._path)
        return reply.answer

    async def close(self) -> None:
        """End the connection."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener

    async def _connect(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                try:
                    reader, self._writer = await asyncio.open_unix_connection(self._path)
                except OSError as error:
                    raise PeerGone(self._path) from error
                write_frame(self._writer, self._token)
                self._listener = asyncio.create_task(self._listen(reader, self._writer))
            return self._writer

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                reply = _replies.decode(await read_frame(reader))
                waiting = self._waiting.get(reply.no)
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writer = None
            writer.close()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(PeerGone(self._path))
