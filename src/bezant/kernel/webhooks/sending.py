"""Sending a message, within a bounded time."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import monotonic, perf_counter
from typing import Final

import httpx

from bezant.kernel.clock import Clock
from bezant.kernel.outbound import CheckedNetwork, NotConnected, Target
from bezant.kernel.webhooks.exchanges import AnswerMalformed, Connection, NoAnswer

ATTEMPT_SECONDS_MAX: Final = 15.0
"""From the look-up of the name to the answer."""

_CONNECTIONS_KEPT_MAX: Final = 64
_CONNECTION_KEPT_S: Final = 15.0
_RETRY_AFTER_CHARACTERS_MAX: Final = 40

_Key = tuple[str, str, int]


class SendFailed(Exception):  # noqa: N818 - what happened
    """No answer was had.

    Attributes:
        reason: `dns_failed`, `address_refused`, `connect_failed`, `tls_failed`, `timed_out` or
            `answer_malformed`.
        elapsed_s: how long it took to find out.
    """

    def __init__(self, reason: str, elapsed_s: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.elapsed_s = elapsed_s


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered. Its body is nobody's business.

    Attributes:
        status: the HTTP status.
        retry_after_s: for how long it asks to be left alone; None when it does not.
        elapsed_s: from the look-up to the answer.
    """

    status: int
    retry_after_s: int | None
    elapsed_s: float


class Sender:
    """Sends messages. Connections are kept for a while, for the same scheme, host and port.

    Args:
        network: connects.
        clock: tells how far a `Retry-After` date is.
        tls: trusts the authorities that receivers' certificates come from; by default the public
            ones. The environment cannot change them.
        attempt_seconds_max: the bound on one attempt.
    """

    def __init__(
        self,
        network: CheckedNetwork,
        clock: Clock,
        *,
        tls: ssl.SSLContext | None = None,
        attempt_seconds_max: float = ATTEMPT_SECONDS_MAX,
    ) -> None:
        self._network = network
        self._clock = clock
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._attempt_seconds_max = attempt_seconds_max
        # Oldest first.
        self._kept: dict[Connection, tuple[_Key, float]] = {}

    async def close(self) -> None:
        """Close every connection, and end the look-ups."""
        for connection in self._kept:
            connection.close()
        self._kept.clear()
        self._network.close()

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Reply:
        """POST a message.

        Raises:
            SendFailed: no answer was had.
        """
        started = perf_counter()
        try:
            async with asyncio.timeout(self._attempt_seconds_max):
                status, retry_after = await self._post(target, headers, body)
        except TimeoutError:
            reason = "timed_out"
        except NotConnected as error:
            reason = error.reason
        except AnswerMalformed:
            reason = "answer_malformed"
        else:
            elapsed_s = perf_counter() - started
            return Reply(status, self._seconds(retry_after), elapsed_s)
        raise SendFailed(reason, perf_counter() - started)

    async def _post(
        self, target: Target, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
        kept = self._take(target)
        if kept is not None:
            try:
                return await self._exchange(kept, target, headers, body)
            except NoAnswer:
                pass  # it had been closed meanwhile, as receivers do with idle connections
        fresh = Connection(await self._network.connect(target, self._tls))
        return await self._exchange(fresh, target, headers, body)

    async def _exchange(
        self, connection: Connection, target: Target, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, str | None]:
        try:
            return await connection.post(target, headers, body)
        finally:
            if connection.is_reusable:
                self._keep(connection, target)
            else:
                connection.close()

    def _take(self, target: Target) -> Connection | None:
        """The connection that was used last, of those to the same place."""
        self._drop_old()
        key = _key(target)
        for connection in reversed(self._kept):
            if self._kept[connection][0] == key:
                del self._kept[connection]
                if connection.is_open:
                    return connection
                connection.close()
                return None
        return None

    def _keep(self, connection: Connection, target: Target) -> None:
        self._kept[connection] = (_key(target), monotonic())
        self._drop_old()

    def _drop_old(self) -> None:
        now = monotonic()
        while self._kept:
            oldest = next(iter(self._kept))
            is_old = now - self._kept[oldest][1] > _CONNECTION_KEPT_S
            if not is_old and len(self._kept) <= _CONNECTIONS_KEPT_MAX:
                return
            del self._kept[oldest]
            oldest.close()

    def _seconds(self, retry_after: str | None) -> int | None:
        """Seconds or a date (RFC 9110, section 10.2.3)."""
        if retry_after is None or len(retry_after) > _RETRY_AFTER_CHARACTERS_MAX:
            return None
        if retry_after.isascii() and retry_after.isdigit():
            return int(retry_after)
        try:
            until = parsedate_to_datetime(retry_after)
            return max(0, int((until - self._clock.now()).total_seconds()))
        except (TypeError, ValueError, OverflowError):
            return None


def _key(target: Target) -> _Key:
    return target.scheme, target.host, target.port
