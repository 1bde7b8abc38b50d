"""Messages to participants: to the address of a bank, or to one that is only simulated."""

import asyncio
from collections.abc import Callable
from typing import Final

import httpx
import structlog

_TRIES_MAX: Final = 200
_BETWEEN_TRIES_S: Final = 0.1
_BETWEEN_TRIES_MAX_S: Final = 10.0

log = structlog.get_logger("bezant.sandbox")


class Deliveries:
    """Connections to the participants that have an address.

    Args:
        client: with what the participants know the clearing system by.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._under_way: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._client.aclose()

    async def drained(self) -> None:
        """Wait until everything has arrived, or was given up."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    async def ask(self, url: str, message: bytes, within_s: float) -> bytes | None:
        """Deliver once; the answer, or None where there is none in time."""
        try:
            async with asyncio.timeout(within_s):
                answer = await self._client.post(url, content=message)
        except (TimeoutError, httpx.TransportError):
            return None
        return answer.content if answer.status_code == httpx.codes.OK else None

    def tell(self, url: str, message: bytes, answered: Callable[[bytes], object] = bytes) -> None:
        """Deliver until it has arrived, beside everything else.

        Args:
            url: of the participant.
            message: to deliver.
            answered: told the answer.
        """
        task = asyncio.create_task(self._keep_telling(url, message, answered))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _keep_telling(
        self, url: str, message: bytes, answered: Callable[[bytes], object]
    ) -> None:
        wait_s = _BETWEEN_TRIES_S
        for _ in range(_TRIES_MAX):
            answer = await self.ask(url, message, within_s=_BETWEEN_TRIES_MAX_S)
            if answer is not None:
                answered(answer)
                return
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, _BETWEEN_TRIES_MAX_S)
        log.warning("csm_delivery_given_up", url=url)
