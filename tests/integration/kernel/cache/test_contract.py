"""What may be relied on, whichever cache stands behind the URL: one contract, three servers."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from bezant.kernel.cache import Cache, CacheName, Found, New, open_cache
from bezant.kernel.cache.breaker import PAUSE_S, Breaker
from bezant.kernel.cache.cache import TIMEOUT_S, VALUE_BYTES_MAX
from bezant.kernel.telemetry import CACHE_READS
from caches import KINDS, SECRET, CacheServer, running

TENANT = UUID(int=1)
OTHER = UUID(int=2)


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def name(of: str = "a", tenant: UUID = TENANT) -> CacheName:
    return CacheName(tenant, "test", of)


def outcomes() -> dict[str, float]:
    """How reads ended so far."""
    return {
        sample.labels["outcome"]: sample.value
        for metric in CACHE_READS.collect()
        for sample in metric.samples
        if sample.labels.get("kind") == "test" and sample.name.endswith("_total")
    }


@pytest.fixture(scope="module", params=KINDS)
async def server(request: pytest.FixtureRequest) -> AsyncIterator[CacheServer]:
    async with running(request.param) as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cache(server: CacheServer, clock: Clock) -> AsyncIterator[Cache]:
    """An empty cache, as one process has it."""
    await server.flush()
    cache = open_cache(server.url, SECRET)
    cache._breaker = Breaker(clock)
    cache._timeout_s = 2.0  # of a machine that may be busy; slowness has its own tests
    yield cache
    await cache.close()


async def put(cache: Cache, version: int, value: bytes, of: CacheName | None = None) -> None:
    await cache.write([New(of or name(), version, value)], ttl_s=60)


async def test_what_was_written_is_read_by_every_process(cache: Cache, server: CacheServer) -> None:
    before = outcomes()
    assert await cache.read(name()) is None
    value = bytes(range(256))
    await put(cache, 7, value)
    other = open_cache(server.url, SECRET)
    assert await cache.read(name()) == await other.read(name()) == Found(7, value)
    await other.close()
    after = outcomes()
    assert after["miss"] - before.get("miss", 0) == 1
    assert after["hit"] - before.get("hit", 0) == 2


async def test_an_older_version_never_replaces_a_newer_one(cache: Cache) -> None:
    await put(cache, 10, b"ten")
    await put(cache, 9, b"nine")
    assert await cache.read(name()) == Found(10, b"ten")
    # As numbers, not as texts of them; beyond what a float holds exactly.
    await put(cache, 2**53 + 1, b"newer")
    await put(cache, 2**53, b"older")
    assert await cache.read(name()) == Found(2**53 + 1, b"newer")


async def test_versions_written_at_once_leave_the_newest(cache: Cache) -> None:
    await put(cache, 0, b"0")
    await asyncio.gather(*(put(cache, version, b"%d" % version) for version in range(1, 20)))
    await put(cache, 20, b"20")
    assert await cache.read(name()) == Found(20, b"20")


async def test_many_entries_go_together(cache: Cache) -> None:
    names = [name(str(number)) for number in range(64)]
    await cache.write([New(each, 1, each.id.encode()) for each in names], ttl_s=60)
    await cache.write([New(each, 2, b"later") for each in names[:32]], ttl_s=60)
    found = [await cache.read(each) for each in names]
    assert found[:32] == [Found(2, b"later")] * 32
    assert found[32:] == [Found(1, each.id.encode()) for each in names[32:]]


async def test_tenants_share_no_name(cache: Cache) -> None:
    await put(cache, 1, b"mine", name("x"))
    assert await cache.read(name("x", OTHER)) is None


async def test_an_entry_ends_with_its_lifetime(cache: Cache) -> None:
    await cache.write([New(name(), 1, b"short")], ttl_s=1)
    assert await cache.read(name()) is not None
    async with asyncio.timeout(10):
        while await cache.read(name()) is not None:  # noqa: ASYNC110 - a server ends it in silence
            await asyncio.sleep(0.05)


async def test_what_is_too_large_is_not_kept(cache: Cache) -> None:
    await put(cache, 1, bytes(VALUE_BYTES_MAX))
    assert await cache.read(name()) is not None
    await put(cache, 2, bytes(VALUE_BYTES_MAX + 1))
    found = await cache.read(name())
    assert found is not None
    assert found.version == 1


async def test_what_is_forgotten_is_gone(cache: Cache) -> None:
    await put(cache, 1, b"x")
    await cache.forget(name())
    await cache.forget(name())
    assert await cache.read(name()) is None


async def test_a_flush_is_a_miss(cache: Cache, server: CacheServer) -> None:
    await put(cache, 1, b"x")
    await server.flush()
    assert await cache.read(name()) is None
    await put(cache, 1, b"x")
    assert await cache.read(name()) == Found(1, b"x")


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0", b"garbage", b"9" * 20, b"9" * 1_000, b"9" * 20 + bytes(16) + b"{}", bytes(500)],
)
async def test_garbage_is_no_value_and_keeps_no_place(
    cache: Cache, server: CacheServer, garbage: bytes
) -> None:
    await put(cache, 1, b"genuine")
    await server.put_raw(cache._key(name().encode()), garbage)
    before = outcomes().get("invalid", 0)
    assert await cache.read(name()) is None
    assert outcomes()["invalid"] - before == 1
    await put(cache, 2, b"again")
    assert await cache.read(name()) == Found(2, b"again")


async def test_no_byte_of_an_entry_can_be_changed(cache: Cache, server: CacheServer) -> None:
    await put(cache, 5, b"100.00")
    key = cache._key(name().encode())
    genuine = await server.get_raw(key)
    assert genuine is not None
    for at in range(len(genuine)):
        forged = bytearray(genuine)
        forged[at] ^= 1
        await server.put_raw(key, bytes(forged))
        assert await cache.read(name()) is None


async def test_an_entry_is_worth_nothing_under_another_name(
    cache: Cache, server: CacheServer
) -> None:
    await put(cache, 5, b"a lot", name("rich"))
    rich = await server.get_raw(cache._key(name("rich").encode()))
    assert rich is not None
    for victim in (name("poor"), name("rich", OTHER), CacheName(TENANT, "other", "rich")):
        await server.put_raw(cache._key(victim.encode()), rich)
        assert await cache.read(victim) is None


async def test_an_entry_under_another_secret_is_worth_nothing(
    cache: Cache, server: CacheServer
) -> None:
    forger = open_cache(server.url, b"a guess of some thirty-two bytes or more")
    await put(forger, 5, b"a lot")
    forged = await server.get_raw(forger._key(name().encode()))
    await forger.close()
    assert forged is not None
    await server.put_raw(cache._key(name().encode()), forged)
    assert await cache.read(name()) is None


async def test_an_old_entry_brought_back_is_for_the_reader_to_judge(
    cache: Cache, server: CacheServer
) -> None:
    key = cache._key(name().encode())
    await put(cache, 5, b"old")
    old = await server.get_raw(key)
    assert old is not None
    await put(cache, 6, b"new")
    await server.put_raw(key, old)
    before = outcomes().get("stale", 0)
    assert await cache.read(name(), lambda found: found.version >= 6) is None
    assert outcomes()["stale"] - before == 1


async def test_a_slow_server_costs_one_call_and_then_nobody(
    cache: Cache, server: CacheServer, clock: Clock
) -> None:
    await put(cache, 1, b"x")
    cache._timeout_s = TIMEOUT_S
    server.proxy.delay_s = 0.5
    started = time.perf_counter()
    assert await cache.read(name()) is None
    first_s = time.perf_counter() - started
    assert TIMEOUT_S <= first_s < 0.5
    started = time.perf_counter()
    for _ in range(1_000):
        assert await cache.read(name()) is None
        await put(cache, 1, b"x")
    assert time.perf_counter() - started < 0.4, "the breaker is open: nobody waits"
    server.proxy.delay_s = 0.0
    cache._timeout_s = 2.0
    assert await cache.read(name()) is None
    clock.now += PAUSE_S
    assert await cache.read(name()) == Found(1, b"x")


async def test_a_dead_server_is_told_once_and_found_again(
    cache: Cache, server: CacheServer, clock: Clock
) -> None:
    await put(cache, 1, b"x")
    assert await cache.is_up()
    await server.stop()
    assert await cache.read(name()) is None
    assert not await cache.is_up()
    await server.start()
    try:
        assert await cache.read(name()) is None, "left alone until the pause is over"
        clock.now += PAUSE_S
        assert await cache.read(name()) is None, "what it held is gone"
        await put(cache, 1, b"y")
        assert await cache.read(name()) == Found(1, b"y")
    finally:
        assert await cache.is_up()


async def test_answers_that_come_late_are_never_taken_for_others(
    cache: Cache, server: CacheServer, clock: Clock
) -> None:
    names = [name(str(number)) for number in range(20)]
    await cache.write([New(each, 1, each.id.encode()) for each in names], ttl_s=60)
    cache._timeout_s = 0.02
    for delay_s in (0.03, 0.0, 0.03, 0.0):
        server.proxy.delay_s = delay_s
        clock.now += PAUSE_S
        for each in names:
            clock.now += PAUSE_S
            found = await cache.read(each)
            assert found is None or found.value == each.id.encode()
    server.proxy.delay_s = 0.0
