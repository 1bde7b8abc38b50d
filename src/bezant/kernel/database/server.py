"""What stands behind a database URL: engine, version, durability, a pooler in between."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import asyncpg

from bezant.kernel.database.errors import DatabaseRefused
from bezant.kernel.database.statements import SERVER_SESSION, SERVER_SETTINGS, SERVER_VERSION

CONNECT_TIMEOUT_S: Final = 10.0
_SUPPORTED: Final = range(15_00_00, 19_00_00)


class Engine(StrEnum):
    """Engines that speak PostgreSQL's protocol. Tested: PostgreSQL. Designed for: the others."""

    POSTGRESQL = "postgresql"
    COCKROACHDB = "cockroachdb"
    YUGABYTEDB = "yugabytedb"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be used beyond portable SQL.

    Attributes:
        engine: who answers.
        is_pooled: whether a pooler in transaction mode stands in between.
    """

    engine: Engine
    is_pooled: bool


async def inspect_server(url: str) -> Capabilities:
    """Connect once and look.

    Raises:
        DatabaseRefused: durability is off, or the version is not supported.
    """
    connection = await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, statement_cache_size=0)
    try:
        async with connection.transaction():
            version = str(await connection.fetchval(SERVER_VERSION))
            # A pooler answers the start of a session itself, so the process it named is not the one
            # that works.
            pid = await connection.fetchval(SERVER_SESSION)
            rows = await connection.fetch(SERVER_SETTINGS)
        settings = {row["name"]: row["setting"] for row in rows}
        is_pooled = pid != connection.get_server_pid()
    finally:
        await connection.close()
    engine = _engine(version)
    if engine is Engine.POSTGRESQL:
        _check(settings)
    return Capabilities(engine, is_pooled=is_pooled)


def _engine(version: str) -> Engine:
    if "CockroachDB" in version:
        return Engine.COCKROACHDB
    return Engine.YUGABYTEDB if "-YB-" in version else Engine.POSTGRESQL


def _check(settings: dict[str, str]) -> None:
    at_fault = [
        f"{name} = {settings[name]}"
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if settings[name] == "off"
    ]
    if int(settings["server_version_num"]) not in _SUPPORTED:
        at_fault.append(f"server_version_num = {settings['server_version_num']} (15 to 18 needed)")
    if at_fault:
        raise DatabaseRefused(
            f"The database is not fit to keep money on: {', '.join(at_fault)}. Set these to on."
        )
