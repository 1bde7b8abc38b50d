"""Asking another bank, in bounded time: whatever it does, there is a verdict."""

import asyncio
import ssl
from datetime import UTC
from typing import Final
from uuid import UUID

import httpx
import msgspec
import structlog

from bezant.kernel.clock import Clock
from bezant.payments.vop.directory import Responder
from bezant.payments.vop.matching import Comparison, Verdict
from bezant.payments.vop.patience import Patience
from bezant.payments.vop.scheme import (
    PATH,
    REQUEST_ID,
    REQUESTED_AT,
    RESPONSE,
    BrokenAnswer,
    Request,
)

ANSWER_BYTES_MAX: Final = 16 << 10

_OK: Final = 200
_CONNECTIONS_MAX: Final = 20

log = structlog.get_logger("bezant.payments.vop")


class PayeeAsker:
    """Sends the scheme's questions.

    Args:
        clock: stamps them.
        patience: with other banks.
    """

    def __init__(self, clock: Clock, patience: Patience) -> None:
        self._clock = clock
        self._ceiling_s = patience.others_s
        self._clients: dict[Responder, httpx.AsyncClient] = {}

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        self._clients.clear()

    async def ask(
        self, responder: Responder, request_id: UUID, requesting: str, iban: str, name: str
    ) -> Comparison:
        """What the bank says of a name; `not_possible` where it says nothing to rely on.

        Args:
            responder: whom.
            request_id: what the question is known by, on both sides.
            requesting: the BIC of the payer's bank.
            iban: the payee's, as machines write it.
            name: the payee's, as the payer wrote it.
        """
        question = Request.of(name, iban, responder.bic, requesting)
        try:
            async with asyncio.timeout(self._ceiling_s):
                return await self._ask(responder, request_id, msgspec.json.encode(question))
        except TimeoutError:
            why = "timed_out"
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            # The class says enough; texts of clients quote addresses.
            why = type(error).__name__
        except BrokenAnswer as broken:
            why = str(broken)
        log.warning("payee_not_verified", bic=responder.bic, request=str(request_id), why=why)
        return Comparison(Verdict.NOT_POSSIBLE)

    async def _ask(self, responder: Responder, request_id: UUID, question: bytes) -> Comparison:
        stamp = self._clock.now().astimezone(UTC).isoformat(timespec="milliseconds")
        headers = {
            REQUEST_ID: str(request_id),
            REQUESTED_AT: stamp.replace("+00:00", "Z"),
            "Content-Type": "application/json",
        }
        if responder.token is not None:
            headers["Authorization"] = f"Bearer {responder.token.read_text().strip()}"
        client = self._client(responder)
        url = responder.url.rstrip("/") + PATH
        async with client.stream("POST", url, content=question, headers=headers) as response:
            if response.status_code != _OK:
                raise BrokenAnswer(f"status {response.status_code}")
            if response.headers.get(REQUEST_ID, "").lower() != str(request_id):
                raise BrokenAnswer("an answer to another question")
            if not response.headers.get("Content-Type", "").startswith("application/json"):
                raise BrokenAnswer("no JSON")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > ANSWER_BYTES_MAX:
                    raise BrokenAnswer("an answer without end")
        try:
            return RESPONSE.decode(body).comparison()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BrokenAnswer("JSON that cannot be read") from None

    def _client(self, responder: Responder) -> httpx.AsyncClient:
        client = self._clients.get(responder)
        if client is None:
            authorities = None if responder.authorities is None else str(responder.authorities)
            tls = ssl.create_default_context(cafile=authorities)
            tls.minimum_version = ssl.TLSVersion.TLSv1_3
            if responder.certificate is not None:
                tls.load_cert_chain(responder.certificate)
            limits = httpx.Limits(max_connections=_CONNECTIONS_MAX)
            client = httpx.AsyncClient(
                verify=tls, trust_env=False, timeout=self._ceiling_s, limits=limits
            )
            self._clients[responder] = client
        return client
