"""What PostgreSQL and Valkey are configured to promise."""

import asyncpg
import pytest
from redis.asyncio import Redis

from bezant.server.embedded import EmbeddedServers
from bezant.server.embedded.postgres_config import KEYS


@pytest.mark.parametrize("cluster", ["postgres", "keys"])
async def test_nothing_committed_is_lost_and_no_damage_goes_unseen(
    embedded_servers: EmbeddedServers, cluster: str
) -> None:
    connection = await asyncpg.connect(getattr(embedded_servers, cluster).vault_url)
    for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
        assert await connection.fetchval("SELECT current_setting($1)", name) == "on", name
    await connection.close()


async def settings_in_force(url: str) -> dict[str, str]:
    """Those that the configuration file names."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT name, setting, source FROM pg_settings")
    await connection.close()
    return {row["name"]: row["setting"] for row in rows if row["source"] == "configuration file"}


async def test_every_setting_of_the_file_is_in_force(embedded_servers: EmbeddedServers) -> None:
    in_file = await settings_in_force(embedded_servers.postgres.owner_url)
    assert len(in_file) > 30
    assert in_file["max_pred_locks_per_transaction"] == "4096"
    assert in_file["max_pred_locks_per_page"] == "64"
    assert in_file["listen_addresses"] == ""
    assert in_file["shared_buffers"] == str(256 * 1024 // 8)


async def test_the_server_of_keys_is_small_and_promises_the_same(
    embedded_servers: EmbeddedServers,
) -> None:
    main = await settings_in_force(embedded_servers.postgres.owner_url)
    keys = await settings_in_force(embedded_servers.keys.owner_url)
    assert keys["shared_buffers"] == str(16 * 1024 // 8)
    assert keys["max_connections"] == "30"
    differing = {name for name, *_ in KEYS.settings}
    assert {name for name in keys if keys[name] != main.get(name)} == differing


async def test_the_configuration_cannot_be_changed_from_within(
    embedded_servers: EmbeddedServers,
) -> None:
    connection = await asyncpg.connect(embedded_servers.postgres.owner_url)
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute("ALTER SYSTEM SET fsync = off")
    await connection.close()


async def test_text_sorts_and_times_read_the_same_on_every_machine(
    embedded_servers: EmbeddedServers,
) -> None:
    connection = await asyncpg.connect(embedded_servers.postgres.app_url)
    row = await connection.fetchrow(
        "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale, datcollate,"
        " current_setting('timezone') FROM pg_database WHERE datname = 'bezant'"
    )
    await connection.close()
    assert row is not None
    assert tuple(row) == ("UTF8", b"b", "C.UTF-8", "C", "UTC")


async def test_the_cache_keeps_nothing_and_stays_small(embedded_servers: EmbeddedServers) -> None:
    async with Redis.from_url(embedded_servers.valkey_url, decode_responses=True) as cache:
        found = await cache.config_get("save", "appendonly", "maxmemory", "maxmemory-policy")
    assert found == {
        "save": "",
        "appendonly": "no",
        "maxmemory": str(64 * 1024 * 1024),
        "maxmemory-policy": "allkeys-lru",
    }
