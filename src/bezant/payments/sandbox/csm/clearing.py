"""The clearing system itself: what it takes, settles, rejects, and tells of it."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from bezant.formats.iso20022 import (
    InvalidMessage,
    camt029,
    camt056,
    pacs002,
    pacs004,
    pacs008,
    pacs028,
    version_of,
)
from bezant.kernel.clock import Clock
from bezant.payments.calendars.target import is_business_day
from bezant.payments.rails.sepa.participants import full
from bezant.payments.sandbox.csm.books import Books
from bezant.payments.sandbox.csm.debits import DebitClearing
from bezant.payments.sandbox.csm.deliveries import Deliveries
from bezant.payments.sandbox.csm.misbehaviour import Behaviour, Behaviours, Misbehaviour
from bezant.payments.sandbox.csm.participants import Participant
from bezant.payments.sandbox.csm.replies import HANG_UP, UNAVAILABLE, Reply, reply_to
from bezant.payments.sandbox.csm.reports import nothing_of, status_of, status_of_return

if TYPE_CHECKING:
    from bezant.payments.sandbox.csm.watching import Watcher

INSTANT: Final = "sct_inst"
TAKEN: Final = "PDNG"
SETTLED: Final = "ACSC"
REJECTED: Final = "RJCT"

AGE_MAX: Final = timedelta(seconds=10)
"""An instant payment that was accepted longer ago is refused, whatever became of its sender."""

_ANSWER_S: Final = 7.0
_ASKED_BEFORE_IT_ENDS: Final = 2
_FRANKFURT: Final = ZoneInfo("Europe/Berlin")


@dataclass
class Transfer:
    """A transfer that was taken.

    Attributes:
        raw: the message, by which a repeat is told from another of the same name.
        asked: how often somebody has asked what became of it.
        returns: minor units that came back, by the name of the return.
        is_decided: set once its first answer is due.
    """

    scheme: str
    message: pacs008.CreditTransfers
    raw: bytes
    behaviour: Behaviour
    status: str = TAKEN
    reason: str | None = None
    asked: int = 0
    returns: dict[str, int] = field(default_factory=dict)
    is_decided: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def terms(self) -> pacs008.CreditTransfer:
        """What it pays."""
        return self.message.transfers[0]

    @property
    def returned(self) -> int:
        """Minor units that came back."""
        return sum(self.returns.values())


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A return that was heard, by which a repeat is told from another, and its answer."""

    raw: bytes
    reply: Reply


class Clearing:
    """One clearing system.

    Args:
        clock: its own.
        deliveries: to participants that have an address.

    Attributes:
        transfers: by the sender's BIC and its name for the transfer, in the order of their coming.
        debits: the direct debits, over the same books.
        watchers: are told what it settles.
    """

    def __init__(self, clock: Clock, deliveries: Deliveries) -> None:
        self._clock = clock
        self._deliveries = deliveries
        self._participants: dict[str, Participant] = {}
        self.books = Books()
        self.behaviours = Behaviours()
        self.transfers: dict[tuple[str, str], Transfer] = {}
        self._returns: dict[tuple[str, str], GivenBack] = {}
        self.watchers: list[Watcher] = []
        self.debits = DebitClearing(
            clock, deliveries, self._participants, self.books, self.behaviours, self.watchers
        )

    def admit(self, participant: Participant) -> None:
        """Admit a bank, or give it another address. Those never admitted are simulated."""
        self._participants[full(participant.bic)] = participant

    async def take(self, scheme: str, bic: str, message: bytes) -> Reply:
        """Take a message of a bank's."""
        try:
            version = version_of(message)
            if version == pacs008.VERSION:
                return await self.transfer(scheme, bic, message)
            if version == pacs028.VERSION:
                return await self._inquiry(bic, message)
            later = {
                pacs004.VERSION: self.give_back,
                camt056.VERSION: self._recall,
                camt029.VERSION: self._kept,
            }
            if version in later:
                return later[version](bic, message)
        except InvalidMessage:
            pass  # as a message of an unknown kind
        return Reply(status=HTTPStatus.BAD_REQUEST)

    async def transfer(self, scheme: str, bic: str, raw: bytes) -> Reply:
        """Take a transfer, or the repeat of one."""
        message = pacs008.read_pacs008(raw)
        if len(message.transfers) != 1:
            raise InvalidMessage("Document", "It is not one transfer.")
        [terms] = message.transfers
        name = (full(bic), terms.transaction_id)
        if (known := self.transfers.get(name)) is not None:
            await known.is_decided.wait()
            if known.raw != raw:
                return Reply(self._report(message, REJECTED, "AM05"))
            return Reply(self._report(known.message, known.status, known.reason))
        if full(terms.debtor.bic) != full(bic):
            return Reply(self._report(message, REJECTED, "DNOR"))
        behaviour = self.behaviours.of(terms.amount, terms.creditor)
        if behaviour.misbehaviour is Misbehaviour.DROPPED:
            return HANG_UP
        if behaviour.misbehaviour is Misbehaviour.ERROR:
            return UNAVAILABLE
        transfer = self.transfers[name] = Transfer(scheme, message, raw, behaviour)
        try:
            await self._decide(transfer)
        finally:
            transfer.is_decided.set()
        status, reason = transfer.status, transfer.reason
        report = status_of(message, terms, status, reason, self._clock.now())
        return reply_to(behaviour, report)

    def cycle(self) -> int:
        """Settle what is due, on a day on which TARGET is open; how many."""
        return self.debits.cycle() + self._transfers_cycle()

    def _transfers_cycle(self) -> int:
        today = self._clock.now().astimezone(_FRANKFURT).date()
        if not is_business_day(today):
            return 0
        due = [
            each
            for each in self.transfers.values()
            if each.scheme != INSTANT
            and each.status == TAKEN
            and each.message.settlement_date <= today
            and each.behaviour.misbehaviour is not Misbehaviour.PENDING_DECLINED
        ]
        for transfer in due:
            self._settle(transfer)
            if (address := self._address(transfer.terms.creditor.bic, transfer)) is not None:
                sent_back = partial(self._sent_back, transfer.terms.creditor.bic)
                self._deliveries.tell(address, transfer.raw, sent_back)
        return len(due)

    async def _decide(self, transfer: Transfer) -> None:
        misbehaviour = transfer.behaviour.misbehaviour
        if misbehaviour is Misbehaviour.DECLINED:
            self._reject(transfer, transfer.behaviour.code)
        elif transfer.scheme != INSTANT or misbehaviour in {
            Misbehaviour.PENDING,
            Misbehaviour.PENDING_DECLINED,
        }:
            return
        elif self._age(transfer) > AGE_MAX:
            self._reject(transfer, "TM01")
        else:
            await self._settle_at_once(transfer)

    def _age(self, transfer: Transfer) -> timedelta:
        return self._clock.now() - (transfer.terms.accepted_at or transfer.message.created_at)

    async def _settle_at_once(self, transfer: Transfer) -> None:
        """Have the payee's bank agree, settle, and confirm it to that bank."""
        address = self._address(transfer.terms.creditor.bic, transfer)
        if address is None:
            self._settle(transfer)
            return
        misbehaviour = transfer.behaviour.misbehaviour
        if misbehaviour is Misbehaviour.REORDERED:
            early = self._report(transfer.message, SETTLED, None)
            await self._deliveries.ask(address, early, _ANSWER_S)
        answer = await self._deliveries.ask(address, transfer.raw, _ANSWER_S)
        if misbehaviour is Misbehaviour.DELIVERED_TWICE:
            answer = await self._deliveries.ask(address, transfer.raw, _ANSWER_S)
        reason = _refusal_in(answer, transfer.terms)
        if reason is None:
            self._settle(transfer)
        else:
            self._reject(transfer, reason)
        confirmation = self._report(transfer.message, transfer.status, transfer.reason)
        if reason is None or reason == "AB05":
            # Who has agreed, or may have, is told how it ended.
            self._deliveries.tell(address, confirmation)
        if misbehaviour is Misbehaviour.DELIVERED_TWICE:
            self._deliveries.tell(address, confirmation)

    def _settle(self, transfer: Transfer) -> None:
        terms = transfer.terms
        transfer.status = SETTLED
        self.books.move(full(terms.debtor.bic), full(terms.creditor.bic), terms.amount)
        for watcher in self.watchers:
            watcher.settled(transfer.scheme, terms)

    @staticmethod
    def _reject(transfer: Transfer, reason: str) -> None:
        transfer.status, transfer.reason = REJECTED, reason

    async def _inquiry(self, bic: str, raw: bytes) -> Reply:
        request = pacs028.read_pacs028(raw)
        transfer = self.transfers.get((full(bic), request.original_transaction_id))
        if transfer is None:
            return Reply(nothing_of(request, self._clock.now()))
        transfer.asked += 1
        misbehaviour = transfer.behaviour.misbehaviour
        is_waiting = transfer.status == TAKEN and transfer.is_decided.is_set()
        if is_waiting and transfer.asked >= _ASKED_BEFORE_IT_ENDS:
            if misbehaviour is Misbehaviour.PENDING_DECLINED:
                self._reject(transfer, transfer.behaviour.code)
            elif misbehaviour is Misbehaviour.PENDING and transfer.scheme == INSTANT:
                await self._settle_at_once(transfer)
        if misbehaviour is Misbehaviour.LIES_LATE:
            return Reply(self._report(transfer.message, REJECTED, transfer.behaviour.code))
        return Reply(self._report(transfer.message, transfer.status, transfer.reason))

    def give_back(self, bic: str, raw: bytes) -> Reply:
        """Take the return of a transfer from the bank that got it, or the repeat of one."""
        returned = pacs004.read_pacs004(raw)
        name = (full(bic), returned.return_id)
        if (known := self._returns.get(name)) is not None:
            if known.raw == raw:
                return known.reply
            return Reply(status_of_return(returned, REJECTED, "AM05", self._clock.now()))
        reply = self._given_back(bic, returned, raw)
        self._returns[name] = GivenBack(raw, reply)
        return reply

    def _given_back(self, bic: str, returned: pacs004.PaymentReturn, raw: bytes) -> Reply:
        transfer = self._received(bic, returned.original_transaction_id)
        now = self._clock.now()
        if transfer is None or transfer.status != SETTLED:
            return Reply(status_of_return(returned, REJECTED, "AG01", now))
        if transfer.returned + returned.amount > transfer.terms.amount:
            return Reply(status_of_return(returned, REJECTED, "AM05", now))
        transfer.returns[returned.return_id] = returned.amount
        sender = full(transfer.terms.debtor.bic)
        self.books.move(full(bic), sender, returned.amount)
        for watcher in self.watchers:
            watcher.returned(transfer.terms, returned.amount)
        if (address := self._address(sender, transfer)) is not None:
            self._deliveries.tell(address, raw)
        return Reply(status_of_return(returned, SETTLED, None, now))

    def _sent_back(self, bic: str, answer: bytes) -> None:
        """What a bank answers to a credit of the day: nothing, or its return."""
        if answer:
            self.give_back(bic, answer)

    def _recall(self, bic: str, raw: bytes) -> Reply:
        request = camt056.read_camt056(raw)
        transfer = self.transfers.get((full(bic), request.original_transaction_id))
        if transfer is not None:
            creditor_bic = transfer.terms.creditor.bic
            address = self._address(creditor_bic, transfer)
            if address is not None:
                self._deliveries.tell(address, raw, partial(self._kept_at_once, creditor_bic))
        return Reply()

    def _kept_at_once(self, bic: str, answer: bytes) -> None:
        """What a bank answers to a recall: nothing so far, or its refusal."""
        if answer:
            self._kept(bic, answer)

    def _kept(self, bic: str, raw: bytes) -> Reply:
        resolution = camt029.read_camt029(raw)
        transfer = self._received(bic, resolution.original_transaction_id)
        if transfer is not None:
            address = self._address(transfer.terms.debtor.bic, transfer)
            if address is not None:
                self._deliveries.tell(address, raw)
        return Reply()

    def _received(self, bic: str, transaction_id: str) -> Transfer | None:
        """A transfer to a bank."""
        for (_, name), transfer in self.transfers.items():
            if name == transaction_id and full(transfer.terms.creditor.bic) == full(bic):
                return transfer
        return None

    def _address(self, bic: str, transfer: Transfer) -> str | None:
        participant = self._participants.get(full(bic))
        return None if participant is None else participant.address(transfer.scheme)

    def _report(self, message: pacs008.CreditTransfers, status: str, reason: str | None) -> bytes:
        [terms] = message.transfers
        report = status_of(message, terms, status, reason, self._clock.now())
        return pacs002.write_pacs002(report)


def _refusal_in(answer: bytes | None, terms: pacs008.CreditTransfer) -> str | None:
    """Why a bank does not take a transfer; None where it does."""
    if answer is None:
        return "AB05"
    try:
        report = pacs002.read_pacs002(answer)
    except InvalidMessage:
        return "AB09"
    if report.original_transaction_id != terms.transaction_id:
        return "AB09"
    if report.status == "ACCP":
        return None
    return report.reason or "MS03"
