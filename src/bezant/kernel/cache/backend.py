"""What a cache server has to offer: the port that Redis and Memcached fit."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

VERSION_DIGITS: Final = 20
"""An entry begins with its version, in so many decimal digits. Their order is the same in every
locale, which that of other bytes is not to Lua, whose numbers do not hold 64 bits exactly.
"""


class BackendFailed(Exception):  # noqa: N818 - no fault: the truth is elsewhere
    """The server did not answer, or not in time, or not as it should."""


class Stored(NamedTuple):
    """An entry on its way to the server.

    Attributes:
        value: begins with its version.
    """

    key: bytes
    value: bytes
    ttl_s: float


class Backend(Protocol):
    """A cache server. Each call raises `BackendFailed` for whatever goes wrong there."""

    async def get(self, keys: Sequence[bytes]) -> Sequence[bytes | None]:
        """The bytes under each key, whoever put them there. One trip."""
        ...

    async def put(self, entries: Sequence[Stored]) -> None:
        """Store entries, except where a newer version stands."""
        ...

    async def delete(self, key: bytes) -> None:
        """Remove what is under a key."""
        ...

    async def ping(self) -> None:
        """Have the server answer."""
        ...

    async def close(self) -> None:
        """Let its connections go."""
        ...


def is_newer(stored: bytes, entry: bytes) -> bool:
    """Whether what is stored has a higher version than an entry; garbage has none."""
    version = stored[:VERSION_DIGITS]
    is_version = len(version) == VERSION_DIGITS and version.isdigit()
    return is_version and version > entry[:VERSION_DIGITS]
