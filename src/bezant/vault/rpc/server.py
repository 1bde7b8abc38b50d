"""The vault's end of the socket."""

import asyncio
import hmac
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from bezant.kernel.errors import Refusal, Unavailable
from bezant.kernel.frames import read_frame, write_frame
from bezant.vault.fields import Fields
from bezant.vault.rotation import PLATFORM, RotationService
from bezant.vault.rpc import wire

_NOTHING: Final = wire.encode(None)

log = structlog.get_logger("bezant.vault")


class VaultServer:
    """Serves the platform's own processes.

    The socket is its user's alone, and the first frame proves that its peer was started by the same
    platform: a process that merely runs as the same user is told nothing.

    Args:
        path: of the socket.
        token: what the platform made up when it started.
        fields: what is served.
        rotations: what operators on this machine ask for.
    """

    def __init__(self, path: Path, token: str, fields: Fields, rotations: RotationService) -> None:
        self._path = path
        self._token = token.encode()
        self._fields = fields
        self._rotations = rotations
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen, in place of a process that was killed."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._accept, self._path)
        self._path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening, finish what was taken."""
        if self._server is not None:
            self._server.close()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for writer in list(self._writers):
            writer.close()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            hello = wire.hellos.decode(await read_frame(reader))
            if not hmac.compare_digest(hello.token.encode(), self._token):
                log.warning("vault_caller_refused")
                return
            while True:
                ask = wire.asks.decode(await read_frame(reader))
                task = asyncio.create_task(self._reply(ask, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        except msgspec.DecodeError:
            log.warning("vault_frame_refused")  # whatever it holds is not told
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _reply(self, ask: wire.Ask, writer: asyncio.StreamWriter) -> None:
        try:
            reply = wire.Reply(ask.no, await self._serve(ask.wish))
        except Refusal as refusal:
            reply = wire.Reply(ask.no, declined=wire.Declined.of(refusal))
        except Exception:
            # Not in its own words: they may quote what was to be sealed.
            unavailable = Unavailable("The vault failed.")
            write_frame(
                writer, wire.encode(wire.Reply(ask.no, declined=wire.Declined.of(unavailable)))
            )
            raise
        with suppress(ConnectionError):
            write_frame(writer, wire.encode(reply))
            await writer.drain()

    async def _serve(self, wish: wire.Wish) -> bytes:
        match wish:
            case wire.Cover():
                return wire.encode(await self._fields.cover(wish.call))
            case wire.Seal():
                write = self._fields.replace if wish.is_rectified else self._fields.seal
                await write(wish.call, wish.values)
            case wire.Keep():
                await self._fields.keep(wish.tenant_id, wish.references)
            case wire.Discard():
                await self._fields.discard(wish.tenant_id, wish.references)
            case wire.Open():
                return wire.encode(await self._fields.open(wish.call, wish.references))
            case wire.Find():
                return wire.encode(await self._fields.find(wish.call, wish.field, wish.value))
            case wire.FindProvisional():
                return wire.encode(
                    await self._fields.provisional(wish.fields, wish.before, wish.limit)
                )
            case _:
                return wire.encode(await self._operate(wish))
        return _NOTHING

    async def _operate(self, wish: wire.Operation) -> object:
        """What operators on this machine ask for."""
        match wish:
            case wire.RotateRoot():
                return await self._rotations.start_root(wish.call)
            case wire.RootRotation():
                return await self._rotations.get(PLATFORM, wish.rotation_id)
            case wire.Roots():
                return await self._rotations.roots()
            case wire.DestroyRoot():
                return await self._rotations.destroy_root(wish.call, wish.version, wish.reason)
