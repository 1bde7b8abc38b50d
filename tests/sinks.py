"""Where a running platform could leave what it was told: every place, searched for canaries."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import asyncpg
from redis.asyncio import Redis

from bezant.server import endpoint
from bezant.server.embedded import superuser_password
from bezant.server.embedded.postgres_config import KEYS, MAIN, SUPERUSER, Cluster
from canaries import Sweep
from running_platform import RunningPlatform, children

CLUSTERS = (MAIN, KEYS)


@dataclass
class Traces:
    """Takes traces over HTTP, as a collector does.

    Attributes:
        bodies: what came, uncompressed.
    """

    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Traces"]:
        bodies = self.bodies

        class Collector(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_packed = self.headers.get("Content-Encoding") == "gzip"
                bodies.append(gzip.decompress(body) if is_packed else body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            thread.join()


@asynccontextmanager
async def superuser(
    platform: RunningPlatform, cluster: Cluster
) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection that may look at everything in a cluster."""
    known = endpoint.read(platform.data_dir)
    socket = known.database_url.partition("?")[2]
    password = quote(superuser_password(platform.data_dir, cluster))
    query = "&".join(
        f"port={cluster.port}" if part.startswith("port=") else part for part in socket.split("&")
    )
    connection = await asyncpg.connect(
        f"postgresql://{SUPERUSER}:{password}@/{cluster.database}?{query}"
    )
    try:
        yield connection
    finally:
        await connection.close()


async def uncompress_log(platform: RunningPlatform) -> None:
    """Have images of pages written as they are from here on: compressed, they would hide text."""
    for cluster in CLUSTERS:
        async with superuser(platform, cluster) as connection:
            for role in (cluster.owner, *cluster.clients):
                await connection.execute(f"ALTER ROLE {role} SET wal_compression = off")
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )


async def search_tables(sweep: Sweep, platform: RunningPlatform) -> None:
    """Every row of every table, as `pg_dump` writes them."""
    for cluster in CLUSTERS:
        async with superuser(platform, cluster) as connection:
            tables = await connection.fetch(
                "SELECT oid::regclass::text AS name FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            for table in tables:
                rows = bytearray()

                async def take(data: bytes, rows: bytearray = rows) -> None:
                    rows.extend(data)

                await connection.copy_from_query(f"SELECT * FROM {table['name']}", output=take)
                sweep.search(f"rows of {cluster.folder}", bytes(rows))


async def flush(platform: RunningPlatform) -> None:
    """Have everything that the databases hold in memory on disk."""
    for cluster in CLUSTERS:
        async with superuser(platform, cluster) as connection:
            await connection.execute("CHECKPOINT")


async def search_cache(sweep: Sweep, platform: RunningPlatform) -> None:
    """Every key and value, as the cache would dump them."""
    cache = Redis.from_url(endpoint.read(platform.data_dir).cache_url)
    try:
        async for key in cache.scan_iter():
            sweep.search("cache", key + b"\n" + (await cache.dump(key) or b""))
    finally:
        await cache.aclose()


def search_processes(sweep: Sweep, pids: Iterable[int]) -> None:
    """Command lines and environments of processes and all their descendants."""
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        waiting += children(pid)
        for name in ("cmdline", "environ"):
            sweep.search("processes", Path(f"/proc/{pid}/{name}").read_bytes())


def search_log(sweep: Sweep, platform: RunningPlatform) -> None:
    """What the platform printed: after it has stopped."""
    printed = json.dumps([platform.serving, *platform.events], ensure_ascii=False)
    sweep.search("printed", printed.encode())


def search_files(sweep: Sweep, platform: RunningPlatform) -> None:
    """Every file of the data folder, each folder of it a sink by itself."""
    for entry in sorted(platform.data_dir.iterdir()):
        if entry.is_dir() and entry.name != "programs":
            for inner in sorted(entry.iterdir()) if entry.name in _CLUSTER_FOLDERS else [entry]:
                if inner.is_dir():
                    sweep.search_folder(f"files: {inner.relative_to(platform.data_dir)}", inner)
        elif entry.is_file():
            sweep.search_file("files", entry)


_CLUSTER_FOLDERS = {cluster.folder for cluster in CLUSTERS}
