"""A cluster from a backup, at an instant, beside the one that is there; then in its place.

Nothing of a backup is used before all of it is verified, and nothing of the data folder is changed
before what was restored has been brought up, verified and shut down: then the two folders change
places in one step of the file system.
"""

import asyncio
import ctypes
import os
import shutil
import tarfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from io import RawIOBase
from pathlib import Path
from typing import Final

from bezant.kernel.clock import Clock
from bezant.server.backup.choosing import Chosen
from bezant.server.backup.sources import Source, end_series, former_of
from bezant.server.embedded import (
    DataFolder,
    DiskFull,
    PostgresAddress,
    PostgresServer,
    forget_sockets,
    recover,
    socket_folder,
    still_running,
    stop_orphan,
)
from bezant.server.errors import RestoreUnsound
from bezant.vault.backup import (
    DATA,
    SEGMENT_BYTES,
    BackupDamaged,
    Part,
    base_name,
    checked,
    key_of,
    log_name,
    opened,
    sync_folder,
)
from bezant.vault.keystores import BoundKeys

Step = Callable[[str], None]
Copied = Callable[[int, int], None]
Examine = Callable[[PostgresAddress], Awaitable[bool]]

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore left.

    Attributes:
        folder: the cluster's.
        former: the one that it replaced; None where there was none.
    """

    folder: Path
    former: Path | None


class Restoration:
    """One restore of a cluster, into a data folder that nobody else uses.

    Args:
        data: entered already: a running platform holds it.
        source: which cluster.
        chosen: what to read.
        keys: what opens it.
        step: told each slow step, as a short sentence.
        copied: told the bytes that were unpacked, and how many there are.
    """

    def __init__(
        self,
        data: DataFolder,
        source: Source,
        chosen: Chosen,
        keys: BoundKeys,
        clock: Clock,
        *,
        step: Step,
        copied: Copied,
    ) -> None:
        self._data = data
        self._source = source
        self._chosen = chosen
        self._keys = keys
        self._clock = clock
        self._step = step
        self._copied = copied
        self._folder = data.path / source.folder
        # Beside the other: on the same file system, where the two can change places.
        self._unfinished = data.path / f"{source.folder}-restoring"
        self._done = 0
        base = chosen.manifest.parts[0].content_bytes
        self._total = base + len(chosen.log) * SEGMENT_BYTES

    async def run(self, examine: Examine) -> Restored:
        """Restore. Ended at any moment, the former database is in place, or the restored one.

        Args:
            examine: looks at what was restored while it runs, closed to others; False keeps it from
                being put in place.

        Raises:
            BackupError: the backup cannot be used.
            DiskFull: there is not the space for both.
            RestoreUnsound: `examine` says no.
            StartupError: PostgreSQL does not bring it up.
        """
        if not await stop_orphan(self._unfinished):
            raise still_running(self._unfinished)
        self._data.remove(self._unfinished)
        if shutil.disk_usage(self._data.path).free < self._total:
            raise DiskFull(self._data.path)
        try:
            await self._unpack()
            is_sound = await self._bring_up(examine)
        except BaseException:
            shutil.rmtree(self._unfinished, ignore_errors=True)
            raise
        if not is_sound:
            raise RestoreUnsound(
                f"What was restored does not verify, and was not put in place; it is in"
                f" {self._unfinished} until the next restore.",
                "Restore an earlier instant with --to, or another backup.",
            )
        return Restored(self._folder, self._put_in_place())

    async def _unpack(self) -> None:
        self._step("Unpacking and verifying the backup")
        self._data.servers_folder(self._unfinished.name)
        series, manifest = self._chosen.series, self._chosen.manifest
        expected = {part.name: part for part in manifest.parts}
        name = base_name(manifest.id, DATA)
        with opened(series.folder, name) as unsealing:
            series.check(unsealing.header, "base", str(manifest.id))
            key = await key_of(self._keys, unsealing.header, name)
            pieces = checked(unsealing, key, expected[name])
            await asyncio.to_thread(self._unpack_tar, name, pieces)
        end_series(self._unfinished)
        for segment in self._chosen.log:
            await self._unpack_segment(segment, expected.get(log_name(segment)))
        # Everything before anything is used: far sooner together than file by file.
        await asyncio.to_thread(os.sync)

    def _unpack_tar(self, name: str, pieces: Iterator[bytes]) -> None:
        stream = _Stream(pieces)
        with self._data.explained():
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    self._unpack_member(name, tar, member)
            # What makes it whole is at the very end.
            for _ in pieces:
                pass

    def _unpack_member(self, name: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = self._unfinished / member.name
        if ".." in path.parts or not path.is_relative_to(self._unfinished):
            raise BackupDamaged(f"{name} holds a file outside of the database's folder.")
        if member.isdir():
            path.mkdir(mode=0o700, exist_ok=True)
            self._give(path)
            return
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise BackupDamaged(f"{name} holds {member.name}, which is neither file nor folder.")
        self._write(path, iter(lambda: content.read(SEGMENT_BYTES), b""))

    async def _unpack_segment(self, segment: str, expected: Part | None) -> None:
        series, name = self._chosen.series, log_name(segment)
        log = self._unfinished / "pg_wal"
        with opened(series.folder, name) as unsealing:
            series.check(unsealing.header, "wal", segment)
            key = await key_of(self._keys, unsealing.header, name)
            if expected is None:
                pieces = unsealing.pieces(key)
            else:
                pieces = checked(unsealing, key, expected)
            with self._data.explained():
                await asyncio.to_thread(self._write, log / segment, pieces)
                # It is archived: nobody shall archive it again, into another series.
                self._write(log / "archive_status" / f"{segment}.done", iter(()))

    def _write(self, path: Path, pieces: Iterator[bytes]) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - takes the descriptor
            for piece in pieces:
                file.write(piece)
                self._done += len(piece)
                self._copied(min(self._done, self._total), self._total)
        self._give(path)

    def _give(self, path: Path) -> None:
        account = self._data.account
        if account.is_other:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)

    async def _bring_up(self, examine: Examine) -> bool:
        sockets = socket_folder(self._data)
        try:
            until = self._chosen.until
            cluster = replace(self._source.cluster, folder=self._unfinished.name)
            await recover(cluster, self._data, sockets, until, self._step)
            server = PostgresServer(cluster, self._data, sockets, self._step, is_restored=True)
            try:
                return await examine(await server.start())
            finally:
                await server.stop()
        finally:
            forget_sockets(self._data, sockets)

    def _put_in_place(self) -> Path | None:
        """One step: there is always a database under the name, the former or the restored one."""
        self._step("Putting it in place")
        if not self._folder.exists():
            self._data.replace(self._unfinished, self._folder)
            return None
        # It is called what it will be once they have changed places.
        former = former_of(self._folder, self._clock.now())
        self._data.replace(self._unfinished, former)
        with self._data.explained():
            _exchange(former, self._folder)
            sync_folder(self._folder.parent)
        return former


def _exchange(one: Path, two: Path) -> None:
    """Let two folders change places in one step: renameat2(2), RENAME_EXCHANGE."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(two)
    if libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(two))


class _Stream(RawIOBase):
    """Pieces as a file to read from, which is what `tarfile` takes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        assert size >= 0, "never all of it"
        while len(self._left) < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._left += piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken
