"""Both PostgreSQL and Valkey together, for as long as a context is entered."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Self

from bezant.server.embedded.errors import server_failure
from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.postgres import PostgresAddress, PostgresServer
from bezant.server.embedded.postgres_config import KEYS, MAIN
from bezant.server.embedded.sockets import forget_sockets, socket_folder
from bezant.server.embedded.valkey import ValkeyServer

# A server that ends more often than this has a cause that starting it again does not remove.
_RESTARTS_MAX: Final = 3
_RESTARTS_WITHIN_S: Final = 60.0


class EmbeddedServers:
    """The servers, started on entering and stopped on leaving.

    Enter it on the main thread's event loop; see `Child`.

    Args:
        data: entered already, and left later.
        progress: told each slow step, as a short sentence.
        has_postgres: False where the database is an outside one.
        has_keys: False where the database of keys is an outside one, or there is no vault.
        has_valkey: False where the cache is an outside one.

    Attributes:
        postgres: how to reach PostgreSQL, where it is one of ours.
        keys: how to reach the PostgreSQL of keys, where it is one of ours.
        valkey_url: how to reach Valkey, where it is ours; it holds a password.
    """

    postgres: PostgresAddress
    keys: PostgresAddress
    valkey_url: str

    def __init__(
        self,
        data: DataFolder,
        progress: Callable[[str], None],
        *,
        has_postgres: bool = True,
        has_keys: bool = True,
        has_valkey: bool = True,
    ) -> None:
        assert has_postgres or has_keys or has_valkey
        self._data = data
        self._clusters = [
            cluster for cluster, has in ((MAIN, has_postgres), (KEYS, has_keys)) if has
        ]
        self._has_valkey = has_valkey
        self._progress = progress
        self._servers: list[PostgresServer | ValkeyServer] = []
        self._started = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as started:
            sockets = socket_folder(self._data)
            started.callback(forget_sockets, self._data, sockets)
            await self._start_clusters(sockets, started)
            if self._has_valkey:
                valkey = ValkeyServer(self._data, sockets, self._progress)
                started.push_async_callback(valkey.stop)
                self.valkey_url = await valkey.start()
                self._servers.append(valkey)
            self._started = started.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._started.aclose()

    async def _start_clusters(self, sockets: Path, started: AsyncExitStack) -> None:
        """Start every PostgreSQL at the same time."""
        servers = [
            PostgresServer(cluster, self._data, sockets, self._progress)
            for cluster in self._clusters
        ]

        async def stop() -> None:
            await asyncio.gather(*(server.stop() for server in servers))

        started.push_async_callback(stop)
        # All have started or failed before one is stopped: none is in between then.
        outcomes = await asyncio.gather(
            *(server.start() for server in servers), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome.cluster is MAIN:
                self.postgres = outcome
            else:
                self.keys = outcome
        self._servers += servers

    async def keep_alive(self) -> NoReturn:
        """Start a server again whenever it ends by itself; its address stays the same.

        Run it beside the work that needs the servers, and cancel it before leaving the context.

        Raises:
            StartupError: a server did not start again, or ends time after time.
        """
        now = asyncio.get_running_loop().time
        ends: deque[float] = deque(maxlen=_RESTARTS_MAX)
        while True:
            server = await self._first_to_end()
            ending, words = server.child.ending, server.child.last_words()
            if len(ends) == _RESTARTS_MAX and now() - ends[0] < _RESTARTS_WITHIN_S:
                what = f"{ending} again, after {_RESTARTS_MAX} restarts within a minute"
                raise server_failure(server.name, what, words, self._data.path)
            ends.append(now())
            self._progress(f"{server.name} {ending}")
            await server.start()
            self._progress(f"{server.name} runs again")

    async def _first_to_end(self) -> PostgresServer | ValkeyServer:
        waits = {asyncio.create_task(server.child.wait()): server for server in self._servers}
        try:
            ended, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return waits[ended.pop()]
