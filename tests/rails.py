"""A rail of the tests' own, over a scheme in memory: it answers as it is told to."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bezant.payments.rails import (
    Asked,
    NotForRail,
    NotSent,
    Outcome,
    Outgoing,
    Pending,
    Rejected,
    Settled,
    Unknown,
)

if TYPE_CHECKING:
    from uuid import UUID

Answering = Callable[[Outgoing], Outcome]


def settled(outgoing: Outgoing) -> Outcome:
    """Carried out."""
    return Settled(f"scheme-{outgoing.attempt_id.hex}", datetime.now(UTC), b"<settled/>")


def rejected(_: Outgoing) -> Outcome:
    """Not carried out, finally."""
    return Rejected("AC04", "closed account", b"<rejected/>")


def unknown(_: Outgoing) -> Outcome:
    """No answer."""
    return Unknown("TIMEOUT")


def not_sent(_: Outgoing) -> Outcome:
    """The other side has nothing of it."""
    return NotSent("NOT_FOUND")


class SchemeRail:
    """What it is told to answer, and what it has executed: once for each attempt, if at all."""

    def __init__(self, name: str = "scheme") -> None:
        self.name = name
        self.answers_within_s: int | None = 10
        self.on_send: Answering = settled
        self.on_inquiry: Answering = not_sent
        self.sent: Counter[UUID] = Counter()
        self.inquired: Counter[UUID] = Counter()
        self.on_recall: Outcome = Pending("taken")
        self.recall_refusals = frozenset({"AC04", "CUST", "LEGL"})
        self.told: list[tuple[str, Asked, str | None]] = []
        self.held: asyncio.Event | None = None
        self.began = asyncio.Event()

    def settlement_account(self, asset: str) -> str:
        return f"settlement:{self.name}:{asset}"

    def check(self, outgoing: Outgoing) -> None:
        if outgoing.amount > 10_000_000:
            raise NotForRail("The scheme takes 100,000.00.", field="amount")

    async def send(self, outgoing: Outgoing) -> Outcome:
        self.sent[outgoing.attempt_id] += 1
        self.began.set()
        if self.held is not None:
            await self.held.wait()
        return self.on_send(outgoing)

    async def inquire(self, outgoing: Outgoing) -> Outcome:
        self.inquired[outgoing.attempt_id] += 1
        return self.on_inquiry(outgoing)

    async def send_recall(self, asked: Asked) -> Outcome:
        return self._told("recall", asked)

    async def send_return(self, asked: Asked) -> Outcome:
        return self._told("return", asked)

    async def answer_recall(self, asked: Asked, refusal: str) -> Outcome:
        return self._told("refusal", asked, refusal)

    def _told(self, what: str, asked: Asked, refusal: str | None = None) -> Outcome:
        saying = (what, asked, refusal)
        for said in self.told:
            # As clearing systems do: a name is of one message, and a repeat changes nothing of it.
            assert said == saying or said[1].message_id != asked.message_id, "another of the name"
        self.told.append(saying)
        return self.on_recall
