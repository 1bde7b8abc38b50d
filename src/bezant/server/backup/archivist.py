"""Hands the write-ahead log to the backups, sealed, while PostgreSQL runs.

PostgreSQL lists what it wants archived in `pg_wal/archive_status`, and keeps it until its
`archive_command` succeeds, which waits for a mark of ours. A mark is made when a segment is sealed,
on disk and under its name: whoever is killed when, nothing is lost, and what is done twice is the
same (PostgreSQL 18 documentation, 25.3.1: the same file again must succeed, another must not).
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

import structlog

from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.errors import Refusal
from bezant.kernel.ids import Ids, TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.server.backup.keys import backup_keys
from bezant.server.backup.sources import SOURCES, Source, begin_series, remove_former, series_of
from bezant.server.embedded import ARCHIVIST_PID, DataFolder, StartupError, archiving_conf
from bezant.vault.backup import (
    ARCHIVIST,
    ArchiveDiffers,
    BackupError,
    Header,
    Series,
    Shelf,
    is_log_file,
    key_of,
    log_name,
    new_key,
    opened,
    pieces_of,
    prune,
    write_sealed,
)
from bezant.vault.keystores import BoundKeys, KeyRefused

_POLL_S: Final = 0.1
_RETRY_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
_PRUNE_EVERY_S: Final = 3600.0

log = structlog.get_logger("bezant.backup")


class Archivist:
    """Archives one cluster's log, and removes what has been kept long enough.

    Args:
        data: entered already.
        source: whose.
        shelf: where to.
        opened_keys: opens what seals. A first start makes the key store only after PostgreSQL is
            there, so it may have to be asked again.
        keep: how far back the backups reach.
    """

    def __init__(
        self,
        data: DataFolder,
        source: Source,
        shelf: Shelf,
        opened_keys: Callable[[], AbstractAsyncContextManager[BoundKeys]],
        clock: Clock,
        ids: Ids,
        *,
        keep: timedelta,
    ) -> None:
        self._data = data
        self.source = source
        self._shelf = shelf
        self._opened_keys = opened_keys
        self._clock = clock
        self._ids = ids
        self._keep = keep
        self._folder = data.path / source.folder
        self._marks = data.shared_folder(f"archived-{source.name}")
        self._fails = 0
        self._task: asyncio.Task[NoReturn] | None = None

    @property
    def conf(self) -> str:
        """What PostgreSQL has to be told."""
        return archiving_conf(self._folder, self._marks)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Archive while the context is entered: before PostgreSQL starts, and until it has ended.

        At its shutdown it hands over the last segment, and waits for that.

        Raises:
            FolderUnwritable, DiskFull: the marks cannot be written.
        """
        with self._data.explained():
            # A mark of a former run says nothing of a segment that a restored database writes.
            for mark in self._marks.iterdir():
                mark.unlink()
        who = self._marks / ARCHIVIST_PID
        self._data.write(who, f"{os.getpid()}\n", is_secret=False)
        self._task = asyncio.create_task(self._work())
        try:
            yield
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def ended(self) -> NoReturn:
        """Wait for what must not happen: that it ends by a defect."""
        assert self._task is not None, "not at work"
        await asyncio.shield(self._task)
        raise AssertionError("archives for ever")

    async def _work(self) -> NoReturn:
        while True:
            try:
                async with self._opened_keys() as keys:
                    await self._archive_for_ever(keys)
            except (StartupError, BackupError, Refusal, KeyRefused, OSError) as error:
                # PostgreSQL keeps what is not archived: the disk fills, nothing is lost.
                tell = log.error if self._fails else log.warning
                tell(
                    "wal_archiving_fails" if self._fails else "wal_archiving_waits",
                    cluster=self.source.name,
                    code=getattr(error, "code", type(error).__name__),
                    problem=str(error),
                )
                await asyncio.sleep(_RETRY_S[min(self._fails, len(_RETRY_S) - 1)])
                self._fails += 1

    async def _archive_for_ever(self, keys: BoundKeys) -> NoReturn:
        while not self._status.is_dir():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(_POLL_S)
        found = series_of(self._folder) or begin_series(self._data, self._folder, self._ids)
        series = self._shelf.one(found)
        # The lock tells `bezant backup create` that the log is archived, and keeps a copy of this
        # data folder from archiving into the same series.
        with series.lock(ARCHIVIST):
            if not series.backups():
                log.warning("no_base_backup", cluster=self.source.name)
            now = asyncio.get_running_loop().time
            prune_at = now()
            while True:
                if now() >= prune_at:
                    await self._prune()
                    prune_at = now() + _PRUNE_EVERY_S
                await self._archive_ready(keys, series)
                self._fails = 0
                await asyncio.sleep(_POLL_S)

    async def _archive_ready(self, keys: BoundKeys, series: Series) -> None:
        ready = {path.stem for path in self._status.glob("*.ready")}
        marked = set(filter(is_log_file, (mark.name for mark in self._marks.iterdir())))
        for name in sorted(filter(is_log_file, ready - marked)):
            await self._archive(keys, series, name)
            (self._marks / name).touch(mode=0o644)
        # PostgreSQL has taken note.
        for name in marked - ready:
            (self._marks / name).unlink()

    async def _archive(self, keys: BoundKeys, series: Series, name: str) -> None:
        """Seal a file of the log; again is no error.

        Raises:
            ArchiveDiffers: the archive holds another one of this name.
        """
        path = self._folder / "pg_wal" / name
        if (series.folder / log_name(name)).exists():
            if await _digest_archived(keys, series, name) != await asyncio.to_thread(_digest, path):
                raise ArchiveDiffers(
                    f"The archive {series.folder} holds another {name}: another database writes"
                    " there, such as a copy of this data folder."
                )
            return
        stream = self._ids.new()
        key, wrapped = await new_key(keys, stream)
        header = Header(
            id=stream,
            kind="wal",
            cluster=series.cluster,
            series=series.id,
            name=name,
            as_of=datetime.fromtimestamp(path.lstat().st_mtime, UTC),
            first_wal=None,
            wrapped=wrapped,
        )
        await asyncio.to_thread(
            write_sealed, series.folder, log_name(name), header, key, pieces_of(path)
        )

    async def _prune(self) -> None:
        now = self._clock.now()
        is_strict = self.source.is_strict
        removed = await asyncio.to_thread(prune, self._shelf, now, self._keep, is_strict=is_strict)
        if is_strict:
            # What a restore replaced is a copy as well.
            removed += await asyncio.to_thread(remove_former, self._folder, now - self._keep)
        if removed:
            log.info("backups_pruned", cluster=self.source.name, files=removed)

    @property
    def _status(self) -> Path:
        return self._folder / "pg_wal" / "archive_status"


class Archivists:
    """Those at work: none, where the settings name no folder for backups."""

    def __init__(self) -> None:
        self._working: list[Archivist] = []
        self.confs: dict[str, str] = {}

    def add(self, archivist: Archivist) -> None:
        """One that has begun."""
        self._working.append(archivist)
        self.confs[archivist.source.folder] = archivist.conf

    async def ended(self) -> NoReturn:
        """Wait for what must not happen: that one ends by a defect."""
        if self._working:
            await asyncio.gather(*(archivist.ended() for archivist in self._working))
        await asyncio.Future()
        raise AssertionError("waits for ever")


@asynccontextmanager
async def archiving(settings: Settings, data: DataFolder) -> AsyncIterator[Archivists]:
    """Archive the logs that the settings say, for as long as the context is entered.

    Raises:
        StartupError: the data folder cannot be written.
    """
    archivists = Archivists()
    async with AsyncExitStack() as entered:
        for source in SOURCES.values():
            if source.folder_of(settings) is None:
                continue
            archivist = Archivist(
                data,
                source,
                source.shelf(settings),
                partial(backup_keys, settings),
                SystemClock(),
                TimeOrderedIds(),
                keep=source.kept(settings),
            )
            await entered.enter_async_context(archivist.at_work())
            archivists.add(archivist)
        yield archivists


async def _digest_archived(keys: BoundKeys, series: Series, name: str) -> bytes:
    with opened(series.folder, log_name(name)) as unsealing:
        series.check(unsealing.header, "wal", name)
        key = await key_of(keys, unsealing.header, log_name(name))
        return await asyncio.to_thread(_digest_of, unsealing.pieces(key))


def _digest(path: Path) -> bytes:
    return _digest_of(pieces_of(path))


def _digest_of(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
