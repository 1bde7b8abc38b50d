"""The server's own SQL."""

from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]

# Several hosts may start at once.
INSERT_TENANT: Final = """
    INSERT INTO tenant (tenant_id, name, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id) DO NOTHING
"""
