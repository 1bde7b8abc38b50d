"""The journal of erasures: a file outside of both databases, and so of their backups.

A backup from before an erasure brings the data back. What was erased since is known only to who
keeps it elsewhere: here, one line of JSON per erasure. Each is chained to the one before it by an
HMAC under a key of the vault, so that nobody who can merely write the file erases data or keeps
them; and what was cut off its end is missed by the database, which knows the newest line.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Self
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.kernel.errors import Unavailable
from bezant.kernel.jobs import PLATFORM
from bezant.vault.crypto.context import length_prefixed
from bezant.vault.crypto.digests import hmac_sha256, same_digest
from bezant.vault.crypto.keys import KeyBytes
from bezant.vault.keys import TenantKeys

FILE: Final = "erasures.jsonl"

_KIND: Final = "erasures"
_DOMAIN: Final = b"bezant erasure 1"
_START: Final = bytes(32)
_LINE_BYTES_MAX: Final = 4_096
_HELD_FOR_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.05


class JournalRefused(Exception):  # noqa: N818 - a refusal to start
    """The journal is not the one that was written; nothing may be served on its word.

    Attributes:
        problem: what is wrong, as a sentence.
        remedy: what an operator can do.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy


class JournalUnwritable(Unavailable):
    """The erasure is decided, and carried out once the journal can be written: repeat it then."""

    code, title = "ERASURE_JOURNAL_UNWRITABLE", "The journal of erasures cannot be written"


class Erased(Struct, frozen=True):
    """That a subject is erased."""

    tenant_id: UUID
    subject_id: UUID
    erasure_id: UUID
    reason: str
    at: datetime


class Entry(Struct, frozen=True):
    """A line.

    Attributes:
        no: 1, 2, 3 and so on.
        key_version: of the key that chains it.
        chain: HMAC of the line and of the chain before it, in hexadecimal digits.
    """

    no: int
    erased: Erased
    key_version: int
    chain: str


class Anchor(Struct, frozen=True):
    """The newest line that a database knows of."""

    no: int
    chain: bytes


class Journal:
    """The open journal, which this process alone writes.

    Attributes:
        count: how many lines it has.
    """

    def __init__(self, path: Path, descriptor: int, tenants: TenantKeys) -> None:
        self._path = path
        self._descriptor = descriptor
        self._tenants = tenants
        self._size = 0
        self._chain = _START
        self._is_broken = False
        self.count = 0

    @classmethod
    async def open(cls, path: Path, tenants: TenantKeys, anchor: Anchor | None) -> Self:
        """Lock and verify the journal; a new one on a database that never had one.

        Args:
            path: of the file.
            tenants: where the chain's keys are.
            anchor: what the database knows.

        Raises:
            JournalRefused: missing, cut, altered, or held by another process.
            KeyStoreDown: the chain's key cannot be unwrapped now.
        """
        if not await asyncio.to_thread(path.exists):
            # A key without a file: it was lost, or the databases were restored elsewhere, and
            # nobody knows what was erased since.
            keys = await tenants.every(PLATFORM, _KIND)
            for key in keys:
                key.key.wipe()
            if keys or anchor is not None:
                raise _missing(path, anchor)
        return await cls.create(path, tenants, anchor)

    @classmethod
    async def create(cls, path: Path, tenants: TenantKeys, anchor: Anchor | None = None) -> Self:
        """As `open`, whether or not there was one."""
        descriptor = await hold(path)
        journal = cls(path, descriptor, tenants)
        try:
            # The key after the file, and before there is anything to erase: backups hold it.
            (await tenants.active(PLATFORM, _KIND)).key.wipe()
            await journal._verify(anchor)
        except BaseException:
            journal.close()
            raise
        return journal

    @classmethod
    async def salvage(cls, path: Path, tenants: TenantKeys) -> list[Erased]:
        """What a file that may be damaged tells up to its first damage."""
        journal = cls(path, -1, tenants)
        with suppress(JournalRefused):
            await journal._verify(None)
        return [entry.erased for entry in journal._read()]

    async def append(self, erasures: Sequence[Erased]) -> list[Entry]:
        """Write lines; they are on disk when this returns. One at a time.

        Raises:
            JournalUnwritable: they are not there, or the file is not ours any more.
            KeyStoreDown: the chain's key cannot be unwrapped now.
        """
        found = await self._tenants.active(PLATFORM, _KIND)
        with found.key:
            entries, chain = [], self._chain
            for number, erased in enumerate(erasures, self.count + 1):
                chain = _chained(found.key, chain, number, erased, found.version)
                entries.append(Entry(number, erased, found.version, chain.hex()))
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
        await asyncio.to_thread(self._write, lines)
        self.count += len(entries)
        self._chain = chain
        return entries

    def batches(self, size: int) -> Iterator[list[Entry]]:
        """All that was verified, in order."""
        entries = self._read()
        while batch := list(islice(entries, size)):
            yield batch

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read(self) -> Iterator[Entry]:
        with self._path.open("rb") as file:
            for _ in range(self.count):
                yield msgspec.json.decode(file.readline(), type=Entry)

    async def _verify(self, anchor: Anchor | None) -> None:
        keys = await self._every_key()
        try:
            await asyncio.to_thread(self._follow, keys, anchor)
        finally:
            for key in keys.values():
                key.wipe()

    async def _every_key(self) -> dict[int, KeyBytes]:
        return {key.version: key.key for key in await self._tenants.every(PLATFORM, _KIND)}

    def _follow(self, keys: Mapping[int, KeyBytes], anchor: Anchor | None) -> None:
        """Follow the chain to its end.

        Raises:
            JournalRefused: it is not whole.
        """
        with self._path.open("rb") as file:
            while line := file.readline(_LINE_BYTES_MAX):
                if not line.endswith(b"\n"):
                    if file.read(1):
                        raise _altered(self._path, self.count + 1)
                    # The process was killed while it wrote; nobody was told of an erasure. If
                    # somebody was, the database misses the line below.
                    break
                self._accept(line, keys)
                is_newest = anchor is not None and self.count == anchor.no
                if anchor is not None and is_newest and not same_digest(self._chain, anchor.chain):
                    raise _altered(self._path, self.count)
        if anchor is not None and self.count < anchor.no:
            raise _missing(self._path, anchor)

    def _accept(self, line: bytes, keys: Mapping[int, KeyBytes]) -> None:
        number = self.count + 1
        try:
            entry = msgspec.json.decode(line, type=Entry)
            told = bytes.fromhex(entry.chain)
        except (msgspec.DecodeError, ValueError):
            raise _altered(self._path, number) from None
        key = keys.get(entry.key_version)
        if key is None or entry.no != number:
            raise _altered(self._path, number)
        chain = _chained(key, self._chain, number, entry.erased, entry.key_version)
        if not same_digest(chain, told):
            raise _altered(self._path, number)
        self._chain, self.count = chain, number
        self._size += len(line)

    def _write(self, lines: bytes) -> None:
        """Append, or leave the file as it was.

        Raises:
            JournalUnwritable: it failed.
        """
        try:
            if self._is_broken or not self._is_ours():
                raise JournalUnwritable("Its file was moved or changed: start the vault again.")
            # What a killed process left of a line goes now.
            os.ftruncate(self._descriptor, self._size)
            view = memoryview(lines)
            while view:
                view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)
        except OSError as error:
            # After a failed fsync nobody knows what is on disk: only a new start reads it.
            self._is_broken = True
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise JournalUnwritable("The journal of erasures cannot be written.") from error
        self._size += len(lines)

    def _is_ours(self) -> bool:
        """Whether the file at the path is the one that we hold, as we left it."""
        try:
            there, held = self._path.stat(), os.fstat(self._descriptor)
        except FileNotFoundError:
            return False
        is_same = (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)
        return is_same and there.st_size >= self._size


def _chained(key: KeyBytes, before: bytes, no: int, erased: Erased, version: int) -> bytes:
    content = length_prefixed(
        _DOMAIN,
        before,
        no.to_bytes(8, "big"),
        version.to_bytes(8, "big"),
        msgspec.json.encode(erased),
    )
    return hmac_sha256(key.raw, content)


async def hold(path: Path) -> int:
    """The file, open for appending and held by this process until it ends or lets go.

    Raises:
        JournalRefused: another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # that there is a file
    finally:
        os.close(folder)
    loop = asyncio.get_running_loop()
    until = loop.time() + _HELD_FOR_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if loop.time() > until:
                os.close(descriptor)
                raise JournalRefused(
                    f"Another process holds {path}.", "One vault works on it: end the other."
                ) from None
            await asyncio.sleep(_LOOK_EVERY_S)
        else:
            return descriptor


_REMEDY: Final = (
    "Put back its newest copy. If there is none, `bezant vault accept-journal` makes one of what"
    " the database knows; erasures that only the lost lines told of are then not repeated after a"
    " restore."
)


def _missing(path: Path, anchor: Anchor | None) -> JournalRefused:
    known = "an earlier one" if anchor is None else f"{anchor.no} erasures"
    return JournalRefused(f"{path} is missing or was cut: the database knows of {known}.", _REMEDY)


def _altered(path: Path, number: int) -> JournalRefused:
    return JournalRefused(f"{path} was altered at line {number}.", _REMEDY)
