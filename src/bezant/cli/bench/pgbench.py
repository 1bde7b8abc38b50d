"""The measure of the ledger's figures: pgbench's TPC-B-like script on the same server."""

import asyncio
import math
import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

from bezant.cli.bench import store
from bezant.cli.bench.agent import AgentFailedError
from bezant.server.embedded import POSTGRES, SUPERUSER, superuser_password

CLIENTS: Final = 16
_THREADS: Final = 2
_WORDS_MAX: Final = 2_000


async def transactions_per_second(
    data: Path, database_url: str, *, scale: int, seconds: float
) -> float:
    """What pgbench reaches in a database of its own, which is removed again.

    Args:
        data: the platform's data folder, which holds the superuser's password.
        database_url: of the platform's database; where the socket is.
        scale: 100,000 accounts each.
        seconds: how long; pgbench counts whole ones.

    Raises:
        AgentFailedError: pgbench ended with an error.
    """
    socket = parse_qs(urlsplit(database_url).query)["host"][0]
    password = superuser_password(data)
    connection = await asyncpg.connect(
        host=socket, user=SUPERUSER, password=password, database="postgres"
    )
    try:
        await connection.execute(store.CREATE_REFERENCE)
        access = {"PGHOST": socket, "PGUSER": SUPERUSER, "PGPASSWORD": password}
        await _pgbench(access, "--initialize", "--quiet", f"--scale={scale}")
        await connection.execute(store.CHECKPOINT)
        said = await _pgbench(
            access,
            f"--client={CLIENTS}",
            f"--jobs={_THREADS}",
            "--protocol=prepared",
            f"--time={math.ceil(seconds)}",
        )
        await connection.execute(store.DROP_REFERENCE)
        await connection.execute(store.CHECKPOINT)
    finally:
        await connection.close()
    found = re.search(r"^tps = ([0-9.]+)", said, re.MULTILINE)
    assert found is not None, said
    return float(found[1])


async def _pgbench(access: dict[str, str], *options: str) -> str:
    program = POSTGRES.installed() / POSTGRES.home / "bin/pgbench"
    process = await asyncio.create_subprocess_exec(
        str(program),
        *options,
        store.REFERENCE_DATABASE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**access, "LC_ALL": "C"},
    )
    try:
        said = (await process.communicate())[0].decode(errors="replace")
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        raise AgentFailedError("pgbench failed:", said[-_WORDS_MAX:])
    return said
