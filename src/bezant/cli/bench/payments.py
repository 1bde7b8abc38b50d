"""The suite of payments: what customers of a bank wait for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bezant.cli.bench import agent, cases, connections, instant_payer, payer
from bezant.server.endpoint import Endpoint
from bezant.server.sandboxing import SANDBOX_BIC

PACE: Final = 200
"""Payments a second, as the target has it."""

_PACING_CONNECTIONS: Final = 128
_INSTANT_CONNECTIONS: Final = 256
_BUSY_CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True)
class PaymentSuite:
    """One run.

    Args:
        platform: what is measured.
        api_key: that grants everything.
        seconds: of one case.
        progress: told each case as it begins.
    """

    platform: Endpoint
    api_key: str
    seconds: float
    progress: Callable[[str], None]

    async def run(self) -> dict[str, float]:
        """The figures, by case."""
        platform = self.platform
        assert platform.ca is not None
        self.progress("Opening the accounts of a bank")
        setup = payer.Setup(platform.url, platform.ca, self.api_key)
        async with agent.started(payer, setup, payer.Ready) as (paying, _):
            paced = payer.Round(_PACING_CONNECTIONS, self.seconds, PACE)
            # A platform that has just started prepares its statements at the first requests.
            await paying.ask(paced, connections.Outcome)
            self.progress(cases.BOOK_TRANSFER_P99)
            at_pace = await paying.ask(paced, connections.Outcome)
            self.progress(cases.BOOK_TRANSFERS)
            busy = payer.Round(_BUSY_CONNECTIONS, self.seconds)
            at_most = await paying.ask(busy, connections.Outcome)
        self.progress(cases.INSTANT_P99)
        setup = payer.Setup(platform.url, platform.ca, self.api_key, SANDBOX_BIC)
        async with agent.started(instant_payer, setup, payer.Ready) as (paying, _):
            instantly = instant_payer.Round(_INSTANT_CONNECTIONS, self.seconds, PACE)
            await paying.ask(instantly, instant_payer.Settled)
            settled = await paying.ask(instantly, instant_payer.Settled)
        if settled.unsettled:
            raise agent.AgentFailedError(
                f"{settled.unsettled} of {settled.payments} instant payments were not settled.",
                "See what the platform wrote.",
            )
        return {
            cases.INSTANT_P50: settled.p50_ms,
            cases.INSTANT_P99: settled.p99_ms,
            cases.BOOK_TRANSFER_P50: at_pace.p50_ms,
            cases.BOOK_TRANSFER_P99: at_pace.p99_ms,
            cases.BOOK_TRANSFERS: at_most.per_second,
        }
