"""An agent whose customers pay instantly at another bank, and look when it is settled."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import httpx
import msgspec
from msgspec import Struct

from bezant.cli.bench.agent import Rounds, percentile, serve
from bezant.cli.bench.payer import PAYMENTS, Payer, Ready, Setup

_SETTLED: Final = "payment.settled"
_EVENTS_MAX: Final = 1_000
_BETWEEN_LOOKS_S: Final = 0.05
# What the scheme gives a payment.
_PATIENCE_S: Final = 10.0
_ELSEWHERE: Final = "NL91ABNA0417164300"
"""At another bank, which the sandbox's clearing system reaches."""


class Round(Struct, frozen=True):
    """On how many connections to pay, for how long, and at what pace."""

    connections: int
    seconds: float
    per_second: int


class Settled(Struct, frozen=True):
    """How long it took from when payments were due until they were seen to be settled.

    Attributes:
        unsettled: payments that were not, in the time that the scheme gives them.
    """

    payments: int
    unsettled: int
    p50_ms: float
    p99_ms: float


class _Ordered(Struct):
    id: str


class _Event(Struct):
    kind: str
    subject: str


class _Events(Struct):
    events: list[_Event]
    last: int


_ORDERED: Final = msgspec.json.Decoder(_Ordered)
_EVENTS: Final = msgspec.json.Decoder(_Events)


class _InstantPayer:
    """Companies, which may pay without having their payees verified (Regulation (EU) 2024/886)."""

    def __init__(self, payer: Payer) -> None:
        self._payer = payer
        self._seen = 0

    async def run(self, asked: Round) -> Settled:
        """Pay, and look meanwhile; afterwards for as long as the scheme gives the last."""
        due: dict[str, float] = {}
        settled: dict[str, float] = {}
        are_sent = asyncio.Event()

        def answered(body: bytes, was_due: float) -> None:
            due[_ORDERED.decode(body).id] = was_due

        async def look() -> None:
            async with self._payer.client() as http:
                while not (are_sent.is_set() and due.keys() <= settled.keys()):
                    await self._look(http, settled)

        looking = asyncio.create_task(look())
        await self._payer.origin.keep_pace(
            self._payment, asked.connections, asked.per_second, asked.seconds, answered
        )
        are_sent.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(looking, _PATIENCE_S)
        took = [settled[order] - was_due for order, was_due in due.items() if order in settled]
        p50, p99 = (percentile(took, per_cent) * 1000 for per_cent in (50, 99))
        return Settled(len(due), len(due) - len(took), p50, p99)

    async def _look(self, http: httpx.AsyncClient, settled: dict[str, float]) -> None:
        """Note when the events that tell of it can be read."""
        asked = {"after": self._seen, "limit": _EVENTS_MAX}
        answer = (await http.get("/v1/events", params=asked)).raise_for_status()
        now = time.perf_counter()
        page = _EVENTS.decode(answer.content)
        for event in page.events:
            if event.kind == _SETTLED:
                settled[event.subject.removeprefix(f"{PAYMENTS}/")] = now
        self._seen = page.last
        if len(page.events) < _EVENTS_MAX:
            await asyncio.sleep(_BETWEEN_LOOKS_S)

    def _payment(self) -> bytes:
        return self._payer.post(
            self._payer.dice.choice(self._payer.accounts),
            debtor_name="Bench",
            creditor={"iban": _ELSEWHERE, "name": "Somebody Else"},
            rail="sct_inst",
        )


@asynccontextmanager
async def prepare(setup: Setup) -> AsyncIterator[tuple[Ready, Rounds[Round]]]:
    """Open the accounts."""
    payer = Payer(setup)
    await payer.prepare()
    yield Ready(), _InstantPayer(payer).run


def main() -> None:
    """Run the agent."""
    serve(Setup, Round, prepare)
