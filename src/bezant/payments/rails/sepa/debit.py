"""SDD Core and B2B: collections and what is told of them, through a clearing system (CSM).

A collection is taken until the business day before its settlement date, and settles on that day
unless somebody has rejected or withdrawn it. The clearing system says which of two came first.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final
from uuid import UUID

from bezant.formats.iso20022 import (
    InvalidMessage,
    camt029,
    pacs002,
    pacs003,
    pacs004,
    pacs007,
)
from bezant.kernel.clock import Clock
from bezant.payments.direct_debits.rail import (
    Collection,
    GivenBack,
    Kept,
    Original,
    Withdrawn,
)
from bezant.payments.rails.errors import NotForRail
from bezant.payments.rails.port import Pending, Rejected, Settled, Unknown
from bezant.payments.rails.sepa.codes import DUPLICATES, NOT_THERE, Use, meaning_of
from bezant.payments.rails.sepa.debit_messages import (
    check_collection,
    collection_name,
    collections_message,
    rejection_message,
    return_message,
    reversal_message,
    told_name,
    withdrawal_message,
)
from bezant.payments.rails.sepa.link import CsmLink, NoAnswer, NotReached
from bezant.payments.rails.sepa.participants import Participants
from bezant.payments.states import OrderState

MALFORMED: Final = "FF01"
_NO_REASON: Final = "MS03"
_STOPPED: Final = "CNCL"
_REFUSED: Final = "RJCR"

_Answer = Settled | Pending | Rejected | Unknown


class SepaDebitRail:
    """The rail; see `bezant.payments.direct_debits.DebitRail`.

    Args:
        link: to the clearing system.
        participants: who may send.
        clock: tells when a message is made.
    """

    name: ClassVar[str] = "sdd"

    def __init__(self, link: CsmLink, participants: Participants, clock: Clock) -> None:
        self._link = link
        self._participants = participants
        self._clock = clock

    def check(self, collection: Collection) -> None:
        """Refuse what the schemes could never carry out.

        Raises:
            NotForRail: saying which part of the collection does not fit.
        """
        check_collection(collection, self._participants)

    async def present(self, collections: Sequence[Collection]) -> Mapping[UUID, _Answer]:
        """Send a pacs.003, once or again; the answer to a repeat says how each of it stands.

        Whether it comes too late for its day is for the clearing system to say: an earlier sending
        of it may have arrived in time.
        """
        first = collections[0]
        bic = self._bic(first)
        if bic is None:
            return {each.id: Unknown("NO_PARTICIPANT") for each in collections}
        # What is presented does not change any more, so that what does not fit was never sent.
        fit = [each for each in collections if _fits(each, bic)]
        outcomes: dict[UUID, _Answer] = {each.id: Rejected(MALFORMED) for each in collections}
        if not fit:
            return outcomes
        heard = await self._asked(bic, collections_message(fit, bic))
        for each in fit:
            outcomes[each.id] = _standing_in(heard, each)
        return outcomes

    async def withdraw(self, collection: Collection, code: str) -> Withdrawn | Kept | Unknown:
        """Have a collection stopped by a camt.056, which a camt.029 answers."""
        bic = self._bic(collection)
        if bic is None:
            return Unknown("NO_PARTICIPANT")
        message = withdrawal_message(collection, bic, code, self._clock.now())
        heard = await self._asked(bic, message)
        return heard if isinstance(heard, Unknown) else _resolution_in(heard, collection)

    async def tell(self, given_back: GivenBack) -> Pending | Rejected | Unknown:
        """Reject before settlement (pacs.002), return after it (pacs.004), reverse (pacs.007)."""
        bic = self._bic(given_back)
        if bic is None:
            return Unknown("NO_PARTICIPANT")
        if given_back.original is None:
            message = reversal_message(given_back, bic, self._clock.now())
            return await self._given_back(bic, message, pacs007.VERSION, given_back)
        return await self._rejected(bic, given_back, given_back.original)

    async def _rejected(
        self, bic: str, told: GivenBack, original: Original
    ) -> Pending | Rejected | Unknown:
        """Reject it, if it has not settled; return it, if it has.

        Neither follows from what was done here: an account may be debited before the scheme
        settles, and found to be empty after it has.
        """
        message = rejection_message(told, original, self._clock.now())
        name = (pacs003.VERSION, original.transaction_id)
        answer = await self._reported(bic, message, name, told)
        match answer:
            case Settled():
                return await self._returned(bic, told, original)
            case Rejected():
                return Pending(original.transaction_id, answer.raw)
            case Pending():
                return Unknown("NOT_REJECTED_YET", answer.raw)
            case Unknown():
                return answer

    async def _returned(
        self, bic: str, told: GivenBack, original: Original
    ) -> Pending | Rejected | Unknown:
        message = return_message(told, original, self._clock.now())
        return await self._given_back(bic, message, pacs004.VERSION, told)

    async def _given_back(
        self, bic: str, message: bytes, version: str, told: GivenBack
    ) -> Pending | Rejected | Unknown:
        name = told_name(told.id)
        answer = await self._reported(bic, message, (version, name), told)
        match answer:
            case Settled():
                return Pending(name, answer.raw)
            case Rejected() if answer.code in DUPLICATES:
                # The other side gave it back first, which comes here and changes nothing.
                return Pending(name, answer.raw)
            case _:
                return answer

    async def _reported(
        self, bic: str, message: bytes, about: tuple[str, str], said: Collection | GivenBack
    ) -> _Answer:
        """What the pacs.002 says that answers a message.

        Whatever does not surely speak of what was sent says nothing of it: `Unknown`.
        """
        heard = await self._asked(bic, message)
        return heard if isinstance(heard, Unknown) else _report_in(heard, about, said)

    async def _asked(self, bic: str, message: bytes) -> bytes | Unknown:
        heard = await self._link.ask(f"/{self.name}/{bic}", message)
        match heard:
            case NotReached():
                return Unknown("NOT_REACHED")
            case NoAnswer():
                return Unknown(heard.why)
            case bytes():
                return heard

    def _bic(self, said: Collection | GivenBack) -> str | None:
        try:
            return self._participants.of_institution(said.tenant_id, said.institution_id).bic
        except NotForRail:
            # The settings name it no more; what was sent before stays sent.
            return None


def _fits(collection: Collection, bic: str) -> bool:
    try:
        collections_message([collection], bic)
    except NotForRail:
        return False
    return True


def _standing_in(heard: bytes | Unknown, collection: Collection) -> _Answer:
    """What an answer to the collections of a message says of one."""
    if isinstance(heard, Unknown):
        return heard
    about = (pacs003.VERSION, collection_name(collection.id))
    answer = _report_in(heard, about, collection)
    if isinstance(answer, Rejected) and answer.code in DUPLICATES:
        return Unknown("DUPLICATE", answer.raw)
    return answer


def _report_in(heard: bytes, about: tuple[str, str], said: Collection | GivenBack) -> _Answer:
    try:
        reports = pacs002.read_reports(heard)
    except InvalidMessage:
        return Unknown("UNREADABLE", heard)
    found = [
        each
        for each in reports
        if (each.original_message_name, each.original_transaction_id) == about
    ]
    if len(found) != 1:
        return Unknown("OTHER_MESSAGE", heard)
    [report] = found
    if report.amount not in {None, said.amount} or report.currency not in {None, said.asset}:
        return Unknown("OTHER_AMOUNT", heard)
    # Of the others in the message, nothing is kept with this one.
    return _outcome(report, pacs002.write_pacs002(report))


def _outcome(report: pacs002.StatusReport, heard: bytes) -> _Answer:
    name = report.original_transaction_id
    match meaning_of(Use.STATUS, report.status, SepaDebitRail.name).state:
        case OrderState.SETTLED:
            return Settled(name, report.accepted_at or report.created_at, heard)
        case OrderState.PENDING:
            return Pending(name, heard)
        case OrderState.REJECTED:
            return Rejected(report.reason or report.proprietary_reason or _NO_REASON, raw=heard)
        case _:
            return Unknown(f"STATUS_{report.status}"[:35], heard)


def _resolution_in(heard: bytes, collection: Collection) -> Withdrawn | Kept | Unknown:
    try:
        resolution = camt029.read_camt029(heard)
    except InvalidMessage:
        return Unknown("UNREADABLE", heard)
    if resolution.original_transaction_id != collection_name(collection.id):
        return Unknown("OTHER_MESSAGE", heard)
    if resolution.outcome == _STOPPED:
        return Withdrawn(heard)
    if resolution.outcome == _REFUSED and resolution.reason not in {None, NOT_THERE}:
        return Kept(str(resolution.reason))
    # It may not have arrived yet, and may still.
    return Unknown("NOT_THERE_YET", heard)
