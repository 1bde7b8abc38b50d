"""Identifiers: UUIDv7 (RFC 9562, section 5.7), made by the application."""

import hashlib
import os
import time
from typing import Protocol
from uuid import UUID

_RANDOM_BITS = 74
_RAND_B_BITS = 62


def derived_id(material: bytes) -> UUID:
    """The identifier that follows from `material`: a UUIDv8 (RFC 9562, section 5.8)."""
    bits = int.from_bytes(hashlib.sha256(material).digest()[:16], "big")
    return UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0b10 << 62)


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self) -> UUID:
        """A new UUIDv7."""
        ...


class TimeOrderedIds:
    """UUIDv7 whose random field counts up within a millisecond (RFC 9562, section 6.2).

    Identifiers of one process strictly increase, so index insertions stay at the right edge.
    """

    def __init__(self) -> None:
        self._unix_ms = 0
        self._random = 0

    def new(self) -> UUID:
        """A new UUIDv7, greater than every earlier one of this process."""
        unix_ms = time.time_ns() // 1_000_000
        if unix_ms > self._unix_ms:
            self._unix_ms = unix_ms
            # The top bit starts clear, so that the counter cannot run over within a millisecond.
            self._random = int.from_bytes(os.urandom(10), "big") >> (80 - _RANDOM_BITS + 1)
        else:
            self._random += 1 + (self._random & 0xFF)
        rand_a = self._random >> _RAND_B_BITS
        rand_b = self._random & ((1 << _RAND_B_BITS) - 1)
        return UUID(
            int=(self._unix_ms << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b,
        )
