"""Keys of tenants at hand: few, for minutes, overwritten when they leave.

The cache is this process's memory and nothing else's. Unwrapping every time would ask the key store
for each operation; keeping keys forever would make it pointless to take the key store away.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from bezant.vault.crypto.keys import KeyBytes

Name = TypeVar("Name", bound=Hashable)

SECONDS_MAX: Final = 300.0
"""How long a key serves after it was fetched, however often it is used."""

KEYS_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class _Kept:
    key: KeyBytes
    until: float


class KeyCache(Generic[Name]):
    """Unwrapped keys by name. It owns what it is given and overwrites it when it leaves.

    A key taken from it is used before the next `await`: later it may be wiped, and says so.

    Args:
        monotonic: seconds that never go back.
        keys_max: with one more, the one that was used least recently leaves.
    """

    def __init__(self, monotonic: Callable[[], float], *, keys_max: int = KEYS_MAX) -> None:
        assert keys_max >= 1
        self._monotonic = monotonic
        self._keys_max = keys_max
        # In the order of fetching, which is that of expiry, since all of them stay equally long.
        self._kept: dict[Name, _Kept] = {}
        self._by_use: OrderedDict[Name, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: Name) -> KeyBytes | None:
        """The key; None when it was never here or has left."""
        self.expire()
        kept = self._kept.get(name)
        if kept is None:
            return None
        self._by_use.move_to_end(name)
        return kept.key

    def put(self, name: Name, key: KeyBytes) -> None:
        """Keep a key that has just been fetched, in place of one of the same name."""
        assert not key.is_wiped
        self.expire()
        known = self._kept.get(name)
        assert known is None or known.key is not key
        self.drop(name)
        if len(self._kept) == self._keys_max:
            self.drop(next(iter(self._by_use)))
        self._kept[name] = _Kept(key, self._monotonic() + SECONDS_MAX)
        self._by_use[name] = None
        assert len(self._kept) == len(self._by_use) <= self._keys_max

    def drop(self, name: Name) -> None:
        """Overwrite a key and forget it, as after a rotation."""
        kept = self._kept.pop(name, None)
        if kept is not None:
            del self._by_use[name]
            kept.key.wipe()

    def expire(self) -> None:
        """Overwrite what has been here too long.

        Every call does so first. A process also does it from time to time, for otherwise keys that
        nobody asks for would stay.
        """
        now = self._monotonic()
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            if now < oldest.until:
                return
            self.drop(name)

    def clear(self) -> None:
        """Overwrite everything."""
        for name in list(self._kept):
            self.drop(name)
