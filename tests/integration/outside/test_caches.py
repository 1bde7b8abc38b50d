"""Redis and Memcached by URL: seen when they answer, told when they do not, needed by nothing."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest

from bezant.kernel.cache import open_cache
from fixtures_api import CACHE_SECRET
from fixtures_servers import open_folder
from integration.outside.servers import APP, PASSWORD, Cluster, Server, memcached, redis
from integration.outside.till import serving
from running_platform import until

Start = Callable[[Path], AbstractAsyncContextManager[Server]]

CACHES = {
    "redis": (redis, f"redis://:{PASSWORD}@127.0.0.1:"),
    "memcached": (memcached, "memcached://127.0.0.1:"),
}


@pytest.fixture(params=CACHES)
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Server, str]]:
    """A cache, and its URL."""
    start: Start
    start, address = CACHES[request.param]
    with open_folder() as folder:
        async with start(folder) as server:
            yield server, f"{address}{server.port}"


@pytest.fixture(scope="module")
async def app_url(postgres: Cluster) -> str:
    """A migrated database of the module, as the application's role."""
    return postgres.by_socket(APP, await postgres.migrated_database("cached"))


async def cache_state(client: httpx.AsyncClient) -> tuple[int, str, str]:
    """What readiness says: its status, in one word, and of the cache."""
    answer = await client.get("/health/ready")
    body = answer.json()
    return answer.status_code, body["status"], body["cache"]


async def test_the_cache_is_up_then_gone_and_payments_go_on(
    cache: tuple[Server, str], app_url: str, folder: Path
) -> None:
    server, url = cache
    options = ("--database-url", app_url, "--cache-url", url)
    async with serving(folder / "data", *options) as (till, client):
        assert await cache_state(client) == (200, "ready", "up")
        assert (await till.pay(client, "with")).status_code == 201
        await server.stop()

        async def is_missed() -> bool:
            return await cache_state(client) == (200, "degraded", "down")

        await until(is_missed)
        assert (await till.pay(client, "without")).status_code == 201
        assert await till.balance(client) == 2


async def test_a_redis_that_asks_for_another_password_is_down(folder: Path) -> None:
    async with redis(folder) as server:
        for password, is_up in ((PASSWORD, True), ("wrong", False)):
            url = f"redis://:{password}@127.0.0.1:{server.port}"
            cache = open_cache(url, CACHE_SECRET)
            assert await cache.is_up() is is_up
            await cache.close()
