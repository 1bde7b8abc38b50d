"""Checks of payments and of what comes, as tests have them: they say the same of everything."""

from collections.abc import Iterator
from contextlib import contextmanager

from bezant.ledger import Seen
from bezant.payments import Arrivals, Arriving, Asked, Checks, Judgement, Verdict


class Always:
    """Says the same of everything."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    def reads(self, asked: Asked) -> tuple[()]:
        assert asked.amount > 0
        return ()

    def judge(self, seen: Seen, asked: Asked) -> Judgement:
        assert seen.draft.book.time_zone is not None
        assert asked.amount > 0
        return Judgement(self._verdict)


@contextmanager
def reviewing() -> Iterator[None]:
    """A time in which every payment is to be looked at."""
    Checks.use([Always(Verdict.REVIEW)])
    try:
        yield
    finally:
        Checks.use([])


class Welcome:
    """Says the same of everything that comes, and notes what it was asked."""

    def __init__(self, verdict: Verdict, reason: str | None = None) -> None:
        self._judgement = Judgement(verdict, reason)
        self.asked: list[Arriving] = []

    def reads(self, arriving: Arriving) -> tuple[()]:
        assert arriving.amount > 0
        return ()

    def judge(self, seen: Seen, arriving: Arriving) -> Judgement:
        assert seen.draft.book.time_zone is not None
        self.asked.append(arriving)
        return self._judgement


@contextmanager
def welcoming(verdict: Verdict, reason: str | None = None) -> Iterator[Welcome]:
    """A time in which all that comes is judged so."""
    check = Welcome(verdict, reason)
    Arrivals.use([check])
    try:
        yield check
    finally:
        Arrivals.use([])
