import asyncpg

from bezant.server.embedded import EmbeddedServers


async def test_both_roles_reach_the_database(embedded_servers: EmbeddedServers) -> None:
    address = embedded_servers.postgres
    for url, role in ((address.owner_url, "bezant_owner"), (address.app_url, "bezant_app")):
        connection = await asyncpg.connect(url)
        try:
            assert await connection.fetchval("SELECT current_user") == role
        finally:
            await connection.close()
