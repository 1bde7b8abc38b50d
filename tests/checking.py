"""Checks before payments, as tests have them: they say the same of every payment."""

from collections.abc import Iterator
from contextlib import contextmanager

from bezant.ledger import Seen
from bezant.payments import Asked, Checks, Judgement, Verdict


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
