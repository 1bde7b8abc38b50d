"""Backups of the tests: sealed files with whatever content, under a key store of their own."""

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import msgspec

from bezant.vault.backup import (
    DATA,
    MANIFEST,
    Header,
    Kind,
    Manifest,
    Part,
    Series,
    Shelf,
    base_name,
    log_name,
    new_key,
    write_sealed,
)
from bezant.vault.keystores import BoundKeys
from keyed import FileKeyStore

NOON: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)


def new_keys(folder: Path, name: str = "root.key") -> BoundKeys:
    return BoundKeys(FileKeyStore(folder / name))


def segment(number: int) -> str:
    return f"0000000100000000{number:08X}"


class Filled:
    """A series that is filled by hand.

    Args:
        shelf: where it is.
        keys: what seals.
    """

    def __init__(self, shelf: Shelf, keys: BoundKeys, series: UUID | None = None) -> None:
        self.series: Series = shelf.one(series or uuid4())
        self._keys = keys

    async def put(
        self,
        kind: Kind,
        name: str,
        path: str,
        as_of: datetime,
        content: Iterable[bytes],
        first_wal: str | None = None,
    ) -> Part:
        stream = uuid4()
        key, wrapped = await new_key(self._keys, stream)
        header = Header(
            id=stream,
            kind=kind,
            cluster=self.series.cluster,
            series=self.series.id,
            name=name,
            as_of=as_of,
            first_wal=first_wal,
            wrapped=wrapped,
        )
        return await asyncio.to_thread(write_sealed, self.series.folder, path, header, key, content)

    async def log(self, number: int, as_of: datetime) -> Part:
        name = segment(number)
        return await self.put("wal", name, log_name(name), as_of, [os.urandom(1000)])

    async def backup(self, number: int, at: datetime) -> UUID:
        """A base backup that needs one segment, which is put as well."""
        backup = uuid4()
        data = await self.put("base", str(backup), base_name(backup, DATA), at, [os.urandom(1000)])
        log = await self.log(number, at)
        manifest = Manifest(
            id=backup,
            cluster=self.series.cluster,
            series=self.series.id,
            begun_at=at,
            finished_at=at,
            postgres_version="18.6",
            schema_contract=2,
            first_wal=segment(number),
            last_wal=segment(number),
            parts=(data, log),
        )
        text = msgspec.json.encode(manifest)
        path = base_name(backup, MANIFEST)
        await self.put("manifest", str(backup), path, at, [text], segment(number))
        return backup
