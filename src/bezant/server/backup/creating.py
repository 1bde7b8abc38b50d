"""A base backup of a running cluster, sealed as it is read."""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids
from bezant.server.backup.sources import Source, series_of
from bezant.server.embedded import POSTGRES, SUPERUSER, superuser_password
from bezant.server.errors import BaseBackupFailed, NotArchiving
from bezant.server.migrations import schema_version
from bezant.vault.backup import (
    ARCHIVIST,
    BACKUP,
    DATA,
    MANIFEST,
    Header,
    Kind,
    Manifest,
    Series,
    Shelf,
    base_name,
    log_name,
    new_key,
    part_of,
    read_sealed,
    segments_between,
    write_sealed,
)
from bezant.vault.keystores import BoundKeys

Progress = Callable[[int, int], None]

_READ_BYTES: Final = 1 << 20
_CONNECT_WITHIN_S: Final = 10.0
_WORDS_MAX: Final = 2_000

# Of the note that PostgreSQL archives when a base backup ends (`xlogbackup.c`).
_NOTE: Final = re.compile(
    r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)\n"
    r"STOP WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)\n"
    r"(?:.*\n)*LABEL: (\S+)\n"
)


class BaseBackup:
    """One base backup of a cluster that runs and archives its log.

    Args:
        data_dir: the running platform's data folder.
        source: which of its clusters.
        sockets: the folder of its socket.
        shelf: where to.
        keys: what seals.
        progress: told the bytes that were copied, and about how many there are.
    """

    def __init__(
        self,
        data_dir: Path,
        source: Source,
        sockets: Path,
        shelf: Shelf,
        keys: BoundKeys,
        clock: Clock,
        ids: Ids,
        *,
        progress: Progress,
    ) -> None:
        self._data_dir = data_dir
        self._source = source
        self._sockets = sockets
        self._shelf = shelf
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._progress = progress
        self._folder = data_dir / source.folder
        self._password = superuser_password(data_dir, source.cluster)

    async def create(self) -> Manifest:
        """Make it. Ended at any moment it is no backup, and the next one removes what it left.

        Raises:
            NotArchiving: its log is not archived, without which it would be of no use.
            FolderTaken: another one is being made.
            BaseBackupFailed: PostgreSQL's program did not end well.
            OSError: the folder cannot be written.
        """
        found = series_of(self._folder)
        if found is None or not self._shelf.one(found).is_locked(ARCHIVIST):
            raise NotArchiving(
                f"The platform on {self._data_dir} does not archive the log of its cluster"
                f" {self._source.name} into {self._shelf.folder}.",
                "Start it with the same settings for backups as this command's.",
            )
        series = self._shelf.one(found)
        with series.lock(BACKUP):
            for folder in series.unfinished():
                await asyncio.to_thread(shutil.rmtree, folder)
            return await self._create(series, self._ids.new())

    async def _create(self, series: Series, backup: UUID) -> Manifest:
        begun_at = self._clock.now()
        version, contract = await self._database()
        data, key = await self._header(series, "base", backup, begun_at, None)
        part = await asyncio.to_thread(
            write_sealed,
            series.folder,
            base_name(backup, DATA),
            data,
            key,
            self._copied(backup),
        )
        # PostgreSQL waited until all of these were archived.
        first, last = await self._range(series, backup)
        log_parts = [
            (await part_of(self._keys, series.folder, log_name(name)))[1]
            for name in segments_between(first, last)
        ]
        manifest = Manifest(
            id=backup,
            cluster=series.cluster,
            series=series.id,
            begun_at=begun_at,
            finished_at=self._clock.now(),
            postgres_version=version,
            schema_contract=contract,
            first_wal=first,
            last_wal=last,
            parts=(part, *log_parts),
        )
        header, key = await self._header(series, "manifest", backup, begun_at, first)
        text = msgspec.json.encode(manifest)
        await asyncio.to_thread(
            write_sealed, series.folder, base_name(backup, MANIFEST), header, key, [text]
        )
        return manifest

    async def _header(
        self,
        series: Series,
        kind: Kind,
        backup: UUID,
        as_of: datetime,
        first_wal: str | None,
    ) -> tuple[Header, bytes]:
        stream = self._ids.new()
        key, wrapped = await new_key(self._keys, stream)
        header = Header(
            id=stream,
            kind=kind,
            cluster=series.cluster,
            series=series.id,
            name=str(backup),
            as_of=as_of,
            first_wal=first_wal,
            wrapped=wrapped,
        )
        return header, key

    async def _database(self) -> tuple[str, int | None]:
        """The server's version, and its schema's contract."""
        connection = await asyncpg.connect(
            host=str(self._sockets),
            port=self._source.cluster.port,
            user=SUPERUSER,
            password=self._password,
            database=self._source.cluster.database,
            timeout=_CONNECT_WITHIN_S,
        )
        try:
            version = connection.get_server_version()
            return f"{version.major}.{version.minor}", await schema_version(connection)
        finally:
            await connection.close()

    async def _range(self, series: Series, backup: UUID) -> tuple[str, str]:
        """The first and the last segment of the log that a base backup needs.

        Raises:
            BaseBackupFailed: PostgreSQL archived no note on it.
        """
        for name in reversed(series.labels()):
            _, text = await read_sealed(self._keys, series.folder, log_name(name))
            note = _NOTE.match(text.decode())
            if note is not None and note[3] == str(backup):
                return note[1], note[2]
        raise BaseBackupFailed(
            f"The log of the base backup {backup} is not in {series.folder}.",
            "See whether the platform's log tells of archiving, and make the backup again.",
        )

    def _copied(self, backup: UUID) -> Iterator[bytes]:
        """The cluster's folder, as `pg_basebackup` sends it.

        Raises:
            BaseBackupFailed: it did not end well.
        """
        total = _size_of(self._folder)
        done = 0
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(  # noqa: S603 - our own command
                self._command(backup), env=self._environment(), stdout=subprocess.PIPE, stderr=said
            ) as program,
        ):
            assert program.stdout is not None
            try:
                while piece := program.stdout.read(_READ_BYTES):
                    yield piece
                    done += len(piece)
                    self._progress(min(done, total), total)
                status = program.wait()
            except BaseException:
                program.kill()
                raise
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
        if status != 0:
            raise BaseBackupFailed(
                f"pg_basebackup ended with status {status}. It last wrote:\n  {text[-_WORDS_MAX:]}",
                "Remove the cause, and make the backup again.",
            )

    def _command(self, backup: UUID) -> list[str]:
        return [
            str(POSTGRES.installed() / POSTGRES.home / "bin/pg_basebackup"),
            "--pgdata=-",
            "--format=tar",
            # The log comes from the archive: it waits until what it needs is there.
            "--wal-method=none",
            "--checkpoint=fast",
            # Ours is sealed.
            "--no-manifest",
            # By which the note on it is found.
            f"--label={backup}",
            "--no-password",
            f"--host={self._sockets}",
            f"--port={self._source.cluster.port}",
            f"--username={SUPERUSER}",
        ]

    def _environment(self) -> dict[str, str]:
        return {"LC_ALL": "C", "PATH": os.defpath, "PGPASSWORD": self._password}


def _size_of(folder: Path) -> int:
    """About how much is copied; files come and go meanwhile."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            if "pg_wal" not in path.relative_to(folder).parts:
                size += path.lstat().st_size
    return max(size, 1)
