"""What the two schemes of credit transfers have in common: a message there, an answer back."""

from datetime import datetime, timedelta
from typing import ClassVar

from bezant.kernel.clock import Clock
from bezant.kernel.ids import Ids
from bezant.payments.rails.port import Absent, NotSent, Outcome, Outgoing, Rejected, Unknown
from bezant.payments.rails.sepa import scheme
from bezant.payments.rails.sepa.answers import outcome_in
from bezant.payments.rails.sepa.codes import DUPLICATES
from bezant.payments.rails.sepa.link import CsmLink, NoAnswer, NotReached
from bezant.payments.rails.sepa.messages import inquiry_message, transfer_message
from bezant.payments.rails.sepa.participants import Participants
from bezant.payments.rails.sepa.returning import Returns


class CsmRail(Returns):
    """A rail through a clearing system, over which money is also asked back and given back.

    Args:
        link: to it.
        participants: who may send.
        clock: tells how old an attempt is.
        ids: of questions.
    """

    name: ClassVar[str]
    answers_within_s: ClassVar[int | None]
    instrument: ClassVar[str | None]
    """The scheme, as its messages name it."""
    under_way_max: ClassVar[timedelta]
    """What the clearing system does not have after this time, it will not carry out any more."""

    def __init__(self, link: CsmLink, participants: Participants, clock: Clock, ids: Ids) -> None:
        super().__init__(link, participants, self.name)
        self._clock = clock
        self._ids = ids

    def settlement_account(self, asset: str) -> str:
        """The ledger account of the institution's money at the scheme."""
        return f"settlement:{self.name}:{asset}"

    def check(self, outgoing: Outgoing) -> None:
        """Refuse what the scheme could never carry out.

        Raises:
            NotForRail: saying which part of the payment does not fit.
        """
        scheme.check_transfer(outgoing, self._participants)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Send an attempt, once or again, as long as it is in time."""
        if self._is_too_late(outgoing, self._clock.now()):
            return NotSent("TOO_LATE")
        message = transfer_message(outgoing, self._participants, self.instrument)
        heard = await self._link.ask(self._path(outgoing), message)
        match heard:
            case NotReached():
                return NotSent("NOT_REACHED")
            case NoAnswer():
                return Unknown(heard.why)
            case bytes():
                return _of_sending(outcome_in(heard, outgoing, self.name), heard)

    async def inquire(self, outgoing: Outgoing) -> Outcome:
        """Ask by pacs.028."""
        now = self._clock.now()
        message = inquiry_message(outgoing, self._ids.new().hex, now)
        heard = await self._link.ask(self._path(outgoing), message)
        match heard:
            case NotReached():
                return Unknown("NOT_REACHED")
            case NoAnswer():
                return Unknown(heard.why)
            case bytes():
                outcome = outcome_in(heard, outgoing, self.name)
                if isinstance(outcome, NotSent) and self._may_arrive(outgoing, now):
                    return Absent(heard)
                return outcome

    def _may_arrive(self, outgoing: Outgoing, now: datetime) -> bool:
        """Whether a message of it may be under way, and be carried out."""
        # Of what has its time from the acceptance, a late message is refused.
        since = outgoing.sent_by if self.answers_within_s is None else outgoing.accepted_at
        return since is None or now < since + self.under_way_max

    def _is_too_late(self, outgoing: Outgoing, now: datetime) -> bool:
        """Whether the scheme would only refuse it by now."""
        if self.answers_within_s is None:
            return False
        return now >= outgoing.accepted_at + timedelta(seconds=self.answers_within_s)


def _of_sending(outcome: Outcome, heard: bytes) -> Outcome:
    """What an answer to a payment, and not to a question, says."""
    if isinstance(outcome, NotSent):
        return Unknown("NO_ANSWER", heard)
    if isinstance(outcome, Rejected) and outcome.code in DUPLICATES:
        # It was sent before; whether that was carried out is still to be asked.
        return Unknown("DUPLICATE", heard)
    return outcome
