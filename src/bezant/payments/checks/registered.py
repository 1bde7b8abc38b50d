"""The checks of this platform, and what they say together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from bezant.ledger import Seen
from bezant.payments.checks.errors import PaymentBlocked, PaymentNeedsReview
from bezant.payments.checks.limits import LimitCheck
from bezant.payments.checks.port import Asked, Judgement, PreExecution, RowKeys, Verdict

if TYPE_CHECKING:
    from bezant.kernel.database import Row


class Checks:
    """Limits, and whatever the composition root adds.

    Riders travel to the process that holds a book's lane, and checks do not travel with them: every
    process has the same, as it has the same kinds of riders.
    """

    _further: ClassVar[tuple[PreExecution, ...]] = ()
    _limits: ClassVar[PreExecution] = LimitCheck()

    @classmethod
    def use(cls, further: Sequence[PreExecution]) -> None:
        """Ask these too from now on, and no others that were."""
        cls._further = tuple(further)

    @classmethod
    def reads(cls, asked: Asked) -> RowKeys:
        """What all of them look at."""
        return tuple(key for check in cls._every() for key in check.reads(asked))

    @classmethod
    def judge(cls, seen: Seen, asked: Asked, *, is_reviewed: bool = False) -> Judgement:
        """What they say together: a block by one is a block, and a review else a review.

        Args:
            seen: what they look at.
            asked: the payment.
            is_reviewed: somebody has looked at it, and released it.

        Raises:
            PaymentBlocked: one of them forbids it; or another refusal with its own code.
            PaymentNeedsReview: one of them wants it looked at, which is too late.
        """
        rows: list[Row] = []
        reason = None
        verdict = Verdict.ALLOW
        for judgement in [check.judge(seen, asked) for check in cls._every()]:
            rows += judgement.rows
            if judgement.verdict is Verdict.BLOCK:
                raise PaymentBlocked(
                    "A check forbids the payment.", reason=judgement.reason or "block"
                )
            if judgement.verdict is Verdict.REVIEW and verdict is Verdict.ALLOW and not is_reviewed:
                verdict, reason = Verdict.REVIEW, judgement.reason or "review"
        if verdict is Verdict.REVIEW and asked.is_instant:
            raise PaymentNeedsReview("Nobody can look at it in time.")
        return Judgement(verdict, reason, tuple(rows))

    @classmethod
    def _every(cls) -> tuple[PreExecution, ...]:
        return (cls._limits, *cls._further)
