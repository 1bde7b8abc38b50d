"""PostgreSQL and Valkey together, for as long as a context is entered."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from bezant.server.embedded.folder import DataFolder
from bezant.server.embedded.postgres import PostgresAddress, PostgresServer
from bezant.server.embedded.sockets import forget_sockets, socket_folder
from bezant.server.embedded.valkey import ValkeyServer


class EmbeddedServers:
    """Both servers, started on entering and stopped on leaving.

    Enter it on the main thread's event loop; see `Child`.

    Args:
        data: entered already, and left later.
        progress: told each slow step, as a short sentence.

    Attributes:
        postgres: how to reach PostgreSQL.
        valkey_url: how to reach Valkey; it holds a password.
    """

    postgres: PostgresAddress
    valkey_url: str

    def __init__(self, data: DataFolder, progress: Callable[[str], None]) -> None:
        self._data = data
        self._progress = progress
        self._started = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as started:
            sockets = socket_folder(self._data)
            started.callback(forget_sockets, self._data, sockets)
            postgres = PostgresServer(self._data, sockets, self._progress)
            self.postgres = await postgres.start()
            started.push_async_callback(postgres.stop)
            valkey = ValkeyServer(self._data, sockets, self._progress)
            self.valkey_url = await valkey.start()
            started.push_async_callback(valkey.stop)
            self._started = started.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._started.aclose()
