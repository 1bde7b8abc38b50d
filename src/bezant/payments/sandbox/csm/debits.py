"""Direct debits in the clearing system: taken, told to debtors' banks, settled on their day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

from bezant.formats.iso20022 import (
    InvalidMessage,
    camt056,
    pacs002,
    pacs003,
    pacs004,
    pacs007,
    version_of,
)
from bezant.kernel.clock import Clock
from bezant.payments.calendars.target import add_business_days, is_business_day
from bezant.payments.rails.sepa.codes import NOT_THERE
from bezant.payments.rails.sepa.participants import full
from bezant.payments.sandbox.csm.books import Books
from bezant.payments.sandbox.csm.debit_reports import (
    CANCELLED,
    REJECTED,
    SETTLED,
    TAKEN,
    nothing_of_debit,
    report_on,
    report_on_back,
    resolved,
)
from bezant.payments.sandbox.csm.deliveries import Deliveries
from bezant.payments.sandbox.csm.misbehaviour import Behaviour, Behaviours, Misbehaviour
from bezant.payments.sandbox.csm.participants import Participant
from bezant.payments.sandbox.csm.replies import (
    HANG_UP,
    UNAVAILABLE,
    Reply,
    reply_to,
    spoilt,
    whole,
)
from bezant.payments.sandbox.csm.watching import Watcher

SCHEME: Final = "sdd"
CUT_OFF: Final = time(16)
"""Until when a collection is taken on the business day before it settles, in Frankfurt."""

TOO_LATE: Final = "TM01"
_FRANKFURT: Final = ZoneInfo("Europe/Berlin")


@dataclass
class Collected:
    """A collection that was taken.

    Attributes:
        message: with this collection alone.
        raw: the message that it came in, by which a repeat is told from another of the same name.
        given_back: the name of the message that gave it back, once one has.
        spoilt: kinds of messages about it whose first answer was spoilt.
        withheld: by bank, the message that it is to hear after the next one.
    """

    message: pacs003.Collections
    raw: bytes
    behaviour: Behaviour
    status: str = TAKEN
    reason: str | None = None
    given_back: str | None = None
    spoilt: set[str] = field(default_factory=set)
    withheld: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def terms(self) -> pacs003.Collection:
        """What it collects."""
        return self.message.collections[0]

    @property
    def creditor_bic(self) -> str:
        """The bank that collects."""
        return full(self.terms.creditor.bic)

    @property
    def debtor_bic(self) -> str:
        """The bank that is collected from."""
        return full(self.terms.debtor.bic)


class DebitClearing:
    """The direct debits of a clearing system.

    Args:
        clock: its own.
        deliveries: to participants that have an address.
        participants: by BIC; those that are not among them are simulated, and let everything pass.
        books: positions of all schemes.
        behaviours: what is done to the next collections.
        watchers: are told what it settles.

    Attributes:
        collected: by the collecting bank's BIC and its name for the collection.
    """

    def __init__(
        self,
        clock: Clock,
        deliveries: Deliveries,
        participants: Mapping[str, Participant],
        books: Books,
        behaviours: Behaviours,
        watchers: Sequence[Watcher],
    ) -> None:
        self._clock = clock
        self._deliveries = deliveries
        self._participants = participants
        self._books = books
        self._behaviours = behaviours
        self._watchers = watchers
        self.collected: dict[tuple[str, str], Collected] = {}

    def take(self, bic: str, message: bytes) -> Reply:
        """Take a message of a bank's."""
        kinds = {
            pacs003.VERSION: self.collect,
            pacs002.VERSION: self.reject,
            pacs004.VERSION: self.give_back,
            pacs007.VERSION: self.reverse,
            camt056.VERSION: self.cancel,
        }
        try:
            taken = kinds.get(version_of(message))
            if taken is not None:
                return taken(full(bic), message)
        except InvalidMessage:
            pass  # as a message of an unknown kind
        return Reply(status=HTTPStatus.BAD_REQUEST)

    def collect(self, bic: str, raw: bytes) -> Reply:
        """Take collections, or the repeat of such a message, answered by how each stands."""
        message = pacs003.read_pacs003(raw)
        new = [
            (replace(message, collections=(each,)), self._behaviours.of(each.amount, each.debtor))
            for each in message.collections
            if (bic, each.transaction_id) not in self.collected
        ]
        for kind, reply in ((Misbehaviour.DROPPED, HANG_UP), (Misbehaviour.ERROR, UNAVAILABLE)):
            if any(behaviour.misbehaviour is kind for _, behaviour in new):
                return reply
        taken = [self._taken(bic, part, raw, behaviour) for part, behaviour in new]
        self._present([each for each in taken if each.status == TAKEN])
        return self._answered(bic, message, raw, taken)

    def _answered(
        self, bic: str, message: pacs003.Collections, raw: bytes, taken: Sequence[Collected]
    ) -> Reply:
        """How each collection of a message stands, in one answer.

        It is spoilt by the first new one to which something is done, whose report comes first.
        """
        odd = [each for each in taken if each.behaviour.misbehaviour is not Misbehaviour.NONE]
        first = next(iter([*odd, *taken]), None)
        reports: list[pacs002.StatusReport] = []
        for each in message.collections:
            known = self.collected[bic, each.transaction_id]
            if known.raw == raw:
                report = self._standing(known)
            else:
                part = replace(message, collections=(each,))
                report = report_on(part, REJECTED, "AM05", self._clock.now())
            reports.insert(0 if known is first else len(reports), report)
        reports = [replace(each, message_id=reports[0].message_id) for each in reports]
        for collected in taken:
            if collected is not first:
                collected.spoilt.add(pacs003.VERSION)
        return self._answer(first, pacs003.VERSION, *reports)

    def _taken(
        self, bic: str, message: pacs003.Collections, raw: bytes, behaviour: Behaviour
    ) -> Collected:
        """Take one, or reject it at once."""
        collected = Collected(message, raw, behaviour)
        self.collected[bic, collected.terms.transaction_id] = collected
        reason = self._fault(bic, message)
        if behaviour.misbehaviour is Misbehaviour.DECLINED:
            reason = behaviour.code
        if reason is not None:
            collected.status, collected.reason = REJECTED, reason
        return collected

    def _present(self, taken: Sequence[Collected]) -> None:
        """Have debtors' banks hear of collections: each of those that are its own.

        What is done to one of them is done to it alone, in a message of its own.
        """
        together: dict[str, list[Collected]] = {}
        for each in taken:
            if each.behaviour.misbehaviour is Misbehaviour.NONE:
                together.setdefault(each.debtor_bic, []).append(each)
            else:
                self._tell(each, each.debtor_bic, pacs003.write_pacs003(each.message))
        for bic, theirs in together.items():
            terms = tuple(each.terms for each in theirs)
            part = pacs003.write_pacs003(replace(theirs[0].message, collections=terms))
            self._tell(theirs[0], bic, part)

    def cycle(self) -> int:
        """Settle what is due, on a day on which TARGET is open; how many."""
        today = self._now().date()
        settled = 0
        if is_business_day(today):
            for each in list(self.collected.values()):
                if each.status == TAKEN and each.message.settlement_date <= today:
                    settled += self._settle(each)
        for each in self.collected.values():
            self._release(each)
        return settled

    def reject(self, bic: str, raw: bytes) -> Reply:
        """Take a rejection from the debtor's bank. What has settled is answered as settled."""
        report = pacs002.read_pacs002(raw)
        collected = self._received(bic, report.original_message_id, report.original_transaction_id)
        if collected is None:
            return whole(nothing_of_debit(report, self._clock.now()))
        if report.status == REJECTED and collected.status == TAKEN:
            collected.status, collected.reason = REJECTED, report.reason
            told = pacs002.write_pacs002(self._standing(collected))
            self._tell(collected, collected.creditor_bic, told)
        status = SETTLED if collected.status == SETTLED else REJECTED
        answer = report_on(collected.message, status, collected.reason, self._clock.now())
        return self._answer(collected, pacs002.VERSION, answer)

    def give_back(self, bic: str, raw: bytes) -> Reply:
        """Take the return or refund of what has settled from the debtor's bank."""
        back = pacs004.read_pacs004(raw)
        collected = self._received(bic, back.original_message_id, back.original_transaction_id)
        about = (back.message_id, pacs004.VERSION, back.return_id)
        return self._given_back(collected, about, back.amount, raw)

    def reverse(self, bic: str, raw: bytes) -> Reply:
        """Take the reversal of what has settled from the creditor's bank."""
        reversal = pacs007.read_pacs007(raw)
        collected = self.collected.get((bic, reversal.original_transaction_id))
        about = (reversal.message_id, pacs007.VERSION, reversal.reversal_id)
        return self._given_back(collected, about, reversal.amount, raw)

    def cancel(self, bic: str, raw: bytes) -> Reply:
        """Stop a collection that has not settled, for the creditor's bank."""
        request = camt056.read_camt056(raw)
        collected = self.collected.get((bic, request.original_transaction_id))
        if collected is None:
            return Reply(resolved(request, NOT_THERE, self._clock.now()))
        if collected.status == TAKEN:
            collected.status, collected.reason = CANCELLED, request.reason
            self._tell(collected, collected.debtor_bic, raw)
        kept = None if collected.status == CANCELLED else "ARDT"
        answer = resolved(request, kept, self._clock.now())
        if camt056.VERSION in collected.spoilt:
            return Reply(answer)
        collected.spoilt.add(camt056.VERSION)
        return spoilt(answer, collected.behaviour)

    def _given_back(
        self, collected: Collected | None, about: tuple[str, str, str], amount: int, raw: bytes
    ) -> Reply:
        """Move the money back, once, and tell the other bank."""
        now, name = self._clock.now(), about[2]
        if collected is None or collected.status != SETTLED or amount != collected.terms.amount:
            return whole(report_on_back(about, REJECTED, "AG01", now))
        if collected.given_back not in {None, name}:
            return whole(report_on_back(about, REJECTED, "AM05", now))
        if collected.given_back is None:
            collected.given_back = name
            self._books.move(collected.creditor_bic, collected.debtor_bic, amount)
            to_creditor = about[1] == pacs004.VERSION
            for watcher in self._watchers:
                watcher.collection_back(collected.terms, is_reversal=not to_creditor)
            other = collected.creditor_bic if to_creditor else collected.debtor_bic
            self._tell(collected, other, raw)
        return self._answer(collected, about[1], report_on_back(about, SETTLED, None, now))

    def _fault(self, bic: str, message: pacs003.Collections) -> str | None:
        """Why a collection is not taken at all."""
        if full(message.collections[0].creditor.bic) != bic:
            return "CNOR"
        if not is_business_day(message.settlement_date):
            return "DT01"
        return TOO_LATE if self._now() > cut_off(message.settlement_date) else None

    def _settle(self, collected: Collected) -> bool:
        """Settle one; whether it was not rejected by a simulated bank."""
        behaviour = collected.behaviour
        is_simulated = self._address(collected.debtor_bic) is None
        if is_simulated and behaviour.misbehaviour is Misbehaviour.PENDING_DECLINED:
            collected.status, collected.reason = REJECTED, behaviour.code
        else:
            collected.status = SETTLED
            self._books.move(collected.debtor_bic, collected.creditor_bic, collected.terms.amount)
            for watcher in self._watchers:
                watcher.collected(collected.message)
        report = report_on(collected.message, collected.status, collected.reason, self._clock.now())
        self._tell(collected, collected.creditor_bic, pacs002.write_pacs002(report))
        return collected.status == SETTLED

    def _tell(self, collected: Collected, bic: str, message: bytes) -> None:
        """Have a bank hear of something, as the collection's behaviour has it."""
        if (address := self._address(bic)) is None:
            return
        misbehaviour = collected.behaviour.misbehaviour
        if misbehaviour is Misbehaviour.REORDERED and bic not in collected.withheld:
            collected.withheld[bic] = message
            return
        self._deliveries.tell(address, message)
        if misbehaviour is Misbehaviour.DELIVERED_TWICE:
            self._deliveries.tell(address, message)
        if (withheld := collected.withheld.get(bic)) is not None:
            collected.withheld[bic] = None
            self._deliveries.tell(address, withheld)

    def _release(self, collected: Collected) -> None:
        """Let arrive what nothing has overtaken."""
        for bic, message in collected.withheld.items():
            address = self._address(bic)
            if message is not None and address is not None:
                collected.withheld[bic] = None
                self._deliveries.tell(address, message)

    @staticmethod
    def _answer(collected: Collected | None, kind: str, *reports: pacs002.StatusReport) -> Reply:
        """An answer, spoilt where it is the first to such a message about the collection."""
        if collected is None or kind in collected.spoilt:
            return whole(*reports)
        collected.spoilt.add(kind)
        return reply_to(collected.behaviour, *reports)

    def _standing(self, collected: Collected) -> pacs002.StatusReport:
        status, reason = collected.status, collected.reason
        lies = collected.behaviour.misbehaviour is Misbehaviour.LIES_LATE
        if lies and status == SETTLED:
            status, reason = REJECTED, collected.behaviour.code
        return report_on(collected.message, status, reason, self._clock.now())

    def _received(self, bic: str, message_id: str, name: str) -> Collected | None:
        """A collection from a bank's customer, as that bank calls it."""
        for (_, known), each in self.collected.items():
            is_it = known == name and each.message.message_id == message_id
            if is_it and each.debtor_bic == bic:
                return each
        return None

    def _address(self, bic: str) -> str | None:
        participant = self._participants.get(bic)
        return None if participant is None else participant.address(SCHEME)

    def _now(self) -> datetime:
        return self._clock.now().astimezone(_FRANKFURT)


def cut_off(settlement_date: date) -> datetime:
    """Until when collections are taken that settle on a day."""
    return datetime.combine(add_business_days(settlement_date, -1), CUT_OFF, _FRANKFURT)
