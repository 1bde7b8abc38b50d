"""Watermarks: how new an entry of the cache has to be, in memory that processes share.

One file per book, epoch and holder, mapped by every process that reads the book's balances from the
cache. Its holder alone writes marks; everybody else may revoke it, which is never taken back, and
say which accounts are wanted. So no two processes write different values to the same place, and no
lock is needed.

    0   16 bytes   the incarnation: random, part of the names of all entries under this file
    16  u64        1 once revoked
    24  u64        the floor: nothing older is new enough
    32  u64        slots, a power of two
    64  u64 x slots   marks, by account number: the newest `seq` that touches the account
    …   u8 x slots    1 where the account is wanted: somebody read it

Numbers are aligned, so that each is read and written as a whole.
"""

import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

SLOTS_MIN: Final = 1 << 10
SLOTS_MAX: Final = 1 << 17
FLOOR_UNKNOWN: Final = 2**63
"""Above every `seq`: nothing is new enough."""

_INCARNATION_BYTES: Final = 16
_REVOKED, _FLOOR, _SLOTS = 2, 3, 4
_HEAD_BYTES: Final = 64
_WORD_BYTES: Final = 8


class Watermark:
    """The watermarks of one book under one holder."""

    def __init__(self, memory: mmap.mmap) -> None:
        view = memoryview(memory)
        self._head = view[:_HEAD_BYTES].cast("Q")
        slots = self._head[_SLOTS]
        marks_end = _HEAD_BYTES + slots * _WORD_BYTES
        self._mask = slots - 1
        self._marks = view[_HEAD_BYTES:marks_end].cast("Q")
        self._wanted = view[marks_end : marks_end + slots]
        self.incarnation = memory[:_INCARNATION_BYTES].hex()

    @classmethod
    def create(cls, path: Path, incarnation: bytes, accounts: int) -> Self:
        """Make the file, with a slot for each of the accounts; further ones share them.

        Raises:
            OSError: there is no room for it. It has its blocks from the beginning: a process that
                writes to mapped memory for which there is no room is killed.
        """
        slots = min(max(SLOTS_MIN, 1 << (2 * accounts).bit_length()), SLOTS_MAX)
        head = bytearray(_HEAD_BYTES)
        head[:_INCARNATION_BYTES] = incarnation
        words = memoryview(head).cast("Q")
        words[_FLOOR], words[_SLOTS] = FLOOR_UNKNOWN, slots
        size = _HEAD_BYTES + slots * (_WORD_BYTES + 1)
        # Complete before it has its name: who finds it finds all of it.
        unnamed = path.with_name(f"new-{path.name}")
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
            os.pwrite(descriptor, head, 0)
            memory = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        unnamed.rename(path)
        return cls(memory)

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """Map a file; None when there is none."""
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            return cls(mmap.mmap(descriptor, 0))
        finally:
            os.close(descriptor)

    @classmethod
    def revoke_at(cls, path: Path) -> None:
        """Let nobody rely on a file any more, and remove it."""
        watermark = cls.open(path)
        if watermark is not None:
            watermark.revoke()
        with suppress(FileNotFoundError):  # another one revoked it as well
            path.unlink()

    @property
    def is_revoked(self) -> bool:
        """Whether somebody else has the lane, or nobody."""
        return self._head[_REVOKED] != 0

    def revoke(self) -> None:
        """Let nobody rely on this any more."""
        self._head[_REVOKED] = 1

    def begin(self, floor: int) -> None:
        """Say where the book stands at the beginning of the epoch."""
        self._head[_FLOOR] = floor

    def mark(self, account_no: int, seq: int) -> None:
        """An account changes at `seq`, or may."""
        self._marks[account_no & self._mask] = seq

    def required(self, account_no: int) -> int:
        """The least `seq` at which an account's balance is the newest."""
        return max(self._head[_FLOOR], self._marks[account_no & self._mask])

    def want(self, account_no: int) -> None:
        """Ask for the account's balances to be published."""
        self._wanted[account_no & self._mask] = 1

    def is_wanted(self, account_no: int) -> bool:
        """Whether somebody asked for them, of this account or of one that shares its slot."""
        return self._wanted[account_no & self._mask] != 0
