"""Checks of what other banks bring, asked in the commit that takes it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar, Final, Protocol
from uuid import UUID

from msgspec import Struct

from bezant.ledger import Seen
from bezant.payments.checks.port import Judgement, RowKeys, Verdict

REGULATORY: Final = "RR04"
"""The scheme's code for what a check does not let in: it says no more than that."""

_ALLOWED: Final = Judgement(Verdict.ALLOW)
_WEIGHT: Final = {verdict: weight for weight, verdict in enumerate(Verdict)}


class ArrivalKind(StrEnum):
    """What comes: money for an account, or a collection from it."""

    CREDIT = "credit"
    DIRECT_DEBIT = "direct_debit"


class Arriving(Struct, frozen=True):
    """What another bank brings, as checks see it: no name, number or text.

    Attributes:
        id: of the payment, or of the direct debit, that it becomes.
        account_id: that it is for, or that it is taken from.
        counterparty: a keyed fingerprint of who pays, or of the creditor's identifier.
        amount: minor units, above zero.
        can_wait: whether somebody can look at it: money that a scheme has settled already. Neither
            an instant credit nor a collection waits for anybody.
    """

    id: UUID
    kind: ArrivalKind
    institution_id: UUID
    rail: str
    account_id: UUID
    counterparty: bytes
    asset: str
    amount: int
    can_wait: bool


class OnArrival(Protocol):
    """A check of what comes.

    It is asked when something is taken, and of a collection again when it is debited: what it
    records it records once. Its rows are kept whatever is decided, since what is refused is on
    record too; they may refer to a payment only where it allows it.
    """

    def reads(self, arriving: Arriving) -> RowKeys:
        """The rows that `judge` looks at, for a rider's reads."""
        ...

    def judge(self, seen: Seen, arriving: Arriving) -> Judgement:
        """Judge it, without any I/O. May run several times, and refuses by its verdict alone."""
        ...


class Arrivals:
    """Whatever the composition root adds, and nothing else.

    As with `Checks`, every process has the same.
    """

    _every: ClassVar[tuple[OnArrival, ...]] = ()

    @classmethod
    def use(cls, every: Sequence[OnArrival]) -> None:
        """Ask these from now on, and no others that were."""
        cls._every = tuple(every)

    @classmethod
    def reads(cls, arriving: Arriving) -> RowKeys:
        """What all of them look at."""
        return tuple(key for check in cls._every for key in check.reads(arriving))

    @classmethod
    def judge(cls, seen: Seen, arriving: Arriving) -> Judgement:
        """What they say together: the gravest, and the first that says so has given the reason.

        A review of what cannot wait is a block.
        """
        every = [check.judge(seen, arriving) for check in cls._every]
        gravest = max(every, key=lambda one: _WEIGHT[one.verdict], default=_ALLOWED)
        verdict = gravest.verdict
        if verdict is Verdict.REVIEW and not arriving.can_wait:
            verdict = Verdict.BLOCK
        rows = tuple(row for judgement in every for row in judgement.rows)
        if verdict is Verdict.ALLOW:
            return Judgement(verdict, rows=rows)
        return Judgement(verdict, gravest.reason or verdict.value, rows)
