"""The platform's end of the socket: a `Sealer` that asks the vault."""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer, Call
from bezant.kernel.frames import read_frame, write_frame
from bezant.kernel.sealed import Opened, Provisional, SealedField, Sealing, VaultDown
from bezant.vault.rotation import KeyVersion, Rotation
from bezant.vault.rpc import wire

T = TypeVar("T")

REPLY_TIMEOUT_S: Final = 10.0


class VaultClient:
    """A connection to the vault, shared by everything in this process; made again when it broke.

    Args:
        path: of the vault's socket.
        token: what the platform made up when it started.
    """

    def __init__(self, path: Path, token: str) -> None:
        self._path = path
        self._token = token
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[wire.Reply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._connecting = asyncio.Lock()

    async def cover(self, call: Call) -> Call:
        """The call with its fingerprint keyed."""
        return await self._ask(wire.Cover(call), Call)

    async def seal(self, call: Call, values: Sequence[Sealing]) -> None:
        """Seal values, provisionally."""
        await self._ask(wire.Seal(call, list(values), is_rectified=False), type(None))

    async def keep(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Make values permanent."""
        await self._ask(wire.Keep(tenant_id, list(references)), type(None))

    async def discard(self, tenant_id: UUID, references: Sequence[UUID]) -> None:
        """Remove values that no record holds."""
        await self._ask(wire.Discard(tenant_id, list(references)), type(None))

    async def replace(self, call: Call, values: Sequence[Sealing]) -> None:
        """Rectify values under their references."""
        await self._ask(wire.Seal(call, list(values), is_rectified=True), type(None))

    async def open(self, call: Call, references: Sequence[UUID]) -> Opened:
        """The values."""
        return await self._ask(wire.Open(call, list(references)), Opened)

    async def find(self, call: Call, field: SealedField, value: str) -> Sequence[UUID]:
        """References of the field's values that equal `value`."""
        return await self._ask(wire.Find(call, field, value), list[UUID])

    async def provisional(
        self, fields: Sequence[str], before: datetime, limit: int
    ) -> Sequence[Provisional]:
        """Values that have waited for long."""
        return await self._ask(wire.FindProvisional(list(fields), before, limit), list[Provisional])

    async def rotate_root(self, call: Call) -> Answer:
        """Begin a rotation of the root (202 `Rotation`)."""
        return await self._ask(wire.RotateRoot(call), Answer)

    async def root_rotation(self, rotation_id: UUID) -> Rotation:
        """How far a rotation of the root is."""
        return await self._ask(wire.RootRotation(rotation_id), Rotation)

    async def roots(self) -> list[KeyVersion]:
        """The versions of the root; none before its first rotation."""
        return await self._ask(wire.Roots(), list[KeyVersion])

    async def destroy_root(self, call: Call, version: str, reason: str | None) -> Answer:
        """End a version of the root that nothing needs (200 `DestroyedKeys`)."""
        return await self._ask(wire.DestroyRoot(call, version, reason), Answer)

    async def close(self) -> None:
        """End the connection."""
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener

    async def _ask(self, wish: wire.Wish, kind: type[T]) -> T:
        """Send a wish and wait for its result.

        Raises:
            VaultDown: no answer; whether it took effect is not known, and a repeat is safe.
            Refusal: as the vault raised it.
        """
        no = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        try:
            writer = await self._connect()
            self._waiting[no] = waiting
            write_frame(writer, wire.encode(wire.Ask(no, wish)))
            await writer.drain()
            reply: wire.Reply = await asyncio.wait_for(waiting, REPLY_TIMEOUT_S)
        except (OSError, TimeoutError) as error:
            raise VaultDown("The vault does not answer.") from error
        finally:
            self._waiting.pop(no, None)
        if reply.declined is not None:
            raise reply.declined.refusal()
        return msgspec.msgpack.decode(reply.result, type=kind)

    async def _connect(self) -> asyncio.StreamWriter:
        async with self._connecting:
            if self._writer is None:
                reader, self._writer = await asyncio.open_unix_connection(self._path)
                write_frame(self._writer, wire.encode(wire.Hello(self._token)))
                self._listener = asyncio.create_task(self._listen(reader, self._writer))
            return self._writer

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                reply = wire.replies.decode(await read_frame(reader))
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
                    waiting.set_exception(ConnectionResetError("the vault ended"))
