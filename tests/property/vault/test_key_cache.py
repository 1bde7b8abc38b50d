"""No key stays longer than it may, and every one that leaves is zeros."""

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bezant.vault.crypto.cache import SECONDS_MAX, KeyCache
from bezant.vault.crypto.keys import KEY_BYTES, KeyBytes

KEYS_MAX = 3
names = st.integers(0, 5)


class Caching(RuleBasedStateMachine):
    """A cache beside a list of every key that was ever put in."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.cache = KeyCache[int](lambda: self.now, keys_max=KEYS_MAX)
        self.memory: list[tuple[KeyBytes, bytearray, float]] = []
        self.present: dict[int, KeyBytes] = {}
        self.used: list[int] = []

    @rule(name=names)
    def put(self, name: int) -> None:
        key = KeyBytes(os.urandom(KEY_BYTES))
        self.memory.append((key, key.raw, self.now))
        self.cache.put(name, key)
        self._forget(name)
        if len(self.present) == KEYS_MAX:
            self._forget(self.used[0])
        self.present[name] = key
        self.used.append(name)

    @rule(name=names)
    def get(self, name: int) -> None:
        found = self.cache.get(name)
        assert found is self.present.get(name)
        if found is not None:
            assert not found.is_wiped
            self.used.remove(name)
            self.used.append(name)

    @rule(name=names)
    def drop(self, name: int) -> None:
        self.cache.drop(name)
        self._forget(name)

    @rule()
    def clear(self) -> None:
        self.cache.clear()
        self.present.clear()
        self.used.clear()

    @rule(seconds=st.floats(0.0, 1.2 * SECONDS_MAX) | st.just(SECONDS_MAX))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.cache.expire()
        born = {id(key): at for key, _, at in self.memory}
        for name, key in list(self.present.items()):
            if self.now >= born[id(key)] + SECONDS_MAX:
                self._forget(name)

    @invariant()
    def keeps_what_it_should(self) -> None:
        assert len(self.cache) == len(self.present) <= KEYS_MAX

    @invariant()
    def nothing_outlives_its_time(self) -> None:
        alive = {id(key) for key in self.present.values()}
        for key, memory, at in self.memory:
            if id(key) in alive:
                assert self.now < at + SECONDS_MAX
                assert not key.is_wiped
            else:
                assert memory == bytes(KEY_BYTES)
                assert key.is_wiped

    def _forget(self, name: int) -> None:
        if self.present.pop(name, None) is not None:
            self.used.remove(name)


Caching.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestCaching = Caching.TestCase


def test_use_does_not_prolong_a_key() -> None:
    now = 0.0
    cache = KeyCache[str](lambda: now)
    cache.put("tenant", KeyBytes(os.urandom(KEY_BYTES)))
    while now < SECONDS_MAX:
        assert cache.get("tenant") is not None
        now += 1.0
    assert cache.get("tenant") is None


def test_a_wiped_key_is_not_kept() -> None:
    key = KeyBytes(os.urandom(KEY_BYTES))
    key.wipe()
    with pytest.raises(AssertionError):
        KeyCache[str](lambda: 0.0).put("tenant", key)


def test_the_limit_is_five_minutes() -> None:
    assert SECONDS_MAX == 5 * 60
