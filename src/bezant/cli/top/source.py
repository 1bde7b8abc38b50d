"""Where the figures come from: the public `/metrics` of a running platform."""

import ssl
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from types import TracebackType
from typing import Final, Self

import httpx

from bezant.server.endpoint import Access
from bezant.server.figures import Scrape, Unreadable

ANSWER_BYTES_MAX: Final = 32 << 20

_TIMEOUT_S: Final = 5.0
# What no waiting mends: the key is wrong, or does not grant `metrics:read`.
_FINAL: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class ScrapeFailed(Exception):  # noqa: N818 - the name says what happened
    """There is no reading this time.

    Attributes:
        code: stable, for programs.
        problem: one sentence.
        is_final: asking again will not help.
    """

    def __init__(self, code: str, problem: str, *, is_final: bool = False) -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.is_final = is_final


class Source:
    """One platform's metrics. Every reading is one request, never repeated by itself.

    Args:
        access: where the platform is, and the key.
        transport: how requests travel; None for TLS.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        access: Access,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        context = ssl.create_default_context(cafile=access.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.url = access.url
        self.clock = clock
        self._http = httpx.AsyncClient(
            base_url=access.url,
            headers={"Authorization": f"Bearer {access.api_key}", "Accept": "text/plain"},
            verify=context,
            timeout=_TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        """The source itself; leaving closes its connection."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def scrape(self) -> Scrape:
        """Read the metrics now.

        Raises:
            ScrapeFailed: no answer, a refusal, or an answer that cannot be read.
        """
        text = bytearray()
        try:
            async with self._http.stream("GET", "/metrics") as answer:
                if not answer.is_success:
                    raise _refused(answer.status_code)
                async for part in answer.aiter_bytes():
                    text += part
                    if len(text) > ANSWER_BYTES_MAX:
                        raise ScrapeFailed("NOT_METRICS", "The answer is too long for metrics.")
            at_s = self.clock()
            return Scrape.parse(text.decode(), at_s)
        except httpx.TimeoutException as error:
            problem = f"{self.url} does not answer within {_TIMEOUT_S:.0f} s."
            raise ScrapeFailed("UNREACHABLE", problem) from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ScrapeFailed("UNREACHABLE", f"{self.url} does not answer: {reason}.") from error
        except (UnicodeDecodeError, Unreadable) as error:
            problem = "The answer is not in the Prometheus text format."
            raise ScrapeFailed("NOT_METRICS", problem) from error


def _refused(status: int) -> ScrapeFailed:
    code = f"HTTP_{status}"
    if status in _FINAL:
        problem = f"The API key is not accepted (HTTP {status}): it has to grant metrics:read."
        return ScrapeFailed(code, problem, is_final=True)
    return ScrapeFailed(code, f"The platform answers with HTTP {status}.")
