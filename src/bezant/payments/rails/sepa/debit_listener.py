"""What the clearing system brings us of direct debits, as the bank of debtors and of creditors.

Every message may come twice, late or out of order. The core keeps what was said, and the same again
changes nothing; what comes too early is declined, so that it comes again.
"""

from dataclasses import replace
from typing import Protocol
from uuid import UUID

from bezant.formats.iso20022 import (
    InvalidMessage,
    camt056,
    mandates,
    pacs002,
    pacs003,
    pacs004,
    pacs007,
    version_of,
)
from bezant.payments.direct_debits.domain import Sequence, incoming_id
from bezant.payments.direct_debits.rail import (
    Collections,
    Declined,
    GivenBack,
    Incoming,
    Original,
    TooEarly,
)
from bezant.payments.direct_debits.reasons import Back, back_of_money
from bezant.payments.direct_debits.schemas import DebitContent, Former, MandateContent
from bezant.payments.rails.port import Pending, Rejected, Unknown
from bezant.payments.rails.sepa.codes import Use, meaning_of
from bezant.payments.rails.sepa.debit_messages import INSTRUMENTS
from bezant.payments.rails.sepa.listener import NotThereYet
from bezant.payments.rails.sepa.participants import Participant, full
from bezant.payments.states import OrderState

_SCHEMES = {name: scheme for scheme, name in INSTRUMENTS.items()}
_DUPLICATE = "AM05"
_NOT_OURS = "RC01"
_NO_REASON = "MS03"


class Telling(Protocol):
    """What the listener needs of the rail: to tell that a collection is not taken."""

    async def tell(self, given_back: GivenBack) -> Pending | Rejected | Unknown:
        """See `DebitRail.tell`."""
        ...


class DebitListener:
    """Takes the messages of the clearing system.

    Args:
        collections: keeps what comes in.
        rail: tells what is not taken.
    """

    def __init__(self, collections: Collections, rail: Telling) -> None:
        self._collections = collections
        self._rail = rail

    async def take(self, participant: Participant, rail: str, message: bytes) -> bytes:
        """Take a message. No answer is due: what there is to say is a message of its own.

        Args:
            participant: whom it is for.
            rail: `sdd`.
            message: as it came.

        Raises:
            InvalidMessage: it is none that we take.
            NotThereYet: it is about something that is not here, or not so far.
        """
        try:
            match version_of(message):
                case pacs003.VERSION:
                    await self._presented(participant, rail, message)
                case pacs002.VERSION:
                    await self._status(participant, rail, message)
                case pacs004.VERSION:
                    await self._back(participant, message)
                case pacs007.VERSION:
                    await self._reversal(participant, rail, message)
                case camt056.VERSION:
                    await self._cancellation(participant, rail, message)
                case _:
                    raise InvalidMessage("/", "It is a message of a kind that is not taken.")
        except TooEarly:
            raise NotThereYet from None
        return b""

    async def _presented(self, participant: Participant, rail: str, message: bytes) -> None:
        """Collections from our accounts: each is taken or declined by itself.

        What fails of some keeps nobody from taking the others; the message then comes again.

        Raises:
            NotThereYet: nobody knows whether what is declined was told.
            InvalidMessage: some are not of these schemes, or have the name of another.
        """
        presented = pacs003.read_pacs003(message)
        if presented.instrument not in _SCHEMES:
            raise InvalidMessage("Document", "It is not of these schemes.")
        if presented.sequence not in frozenset(Sequence):
            raise InvalidMessage("Document", "It is of no sequence.")
        failed: Exception | None = None
        for collection in presented.collections:
            try:
                await self._collection(participant, rail, presented, collection)
            except (InvalidMessage, NotThereYet) as failure:
                # What may still be told counts for more than what never can.
                if not isinstance(failed, NotThereYet):
                    failed = failure
        if failed is not None:
            raise failed

    async def _collection(
        self,
        participant: Participant,
        rail: str,
        presented: pacs003.Collections,
        collection: pacs003.Collection,
    ) -> None:
        """A collection from one of our accounts."""
        # Kept with it is its own part: the others are of other people.
        part = replace(presented, collections=(collection,))
        incoming = Incoming(
            tenant_id=participant.tenant_id,
            institution_id=participant.institution_id,
            rail=rail,
            sender_bic=full(collection.creditor.bic),
            transaction_id=collection.transaction_id,
            scheme=_SCHEMES[presented.instrument],
            sequence=Sequence(presented.sequence),
            amount=collection.amount,
            asset=collection.currency,
            due_on=collection.due_on,
            content=_content(presented, collection),
            message=pacs003.write_pacs003(part),
        )
        if full(collection.debtor.bic) != full(participant.bic):
            await self._decline(incoming, presented, _NOT_OURS)
            return
        taken = await self._collections.offer(incoming)
        if isinstance(taken, Declined):
            if taken.code == _DUPLICATE:
                # To reject it by its name would reject the one that stands.
                raise InvalidMessage("Document", "Another collection has this name.")
            await self._decline(incoming, presented, taken.code)

    async def _decline(self, incoming: Incoming, presented: pacs003.Collections, code: str) -> None:
        """Tell that nobody here will pay it. Nothing is kept of it, so that it comes again if not.

        Raises:
            NotThereYet: nobody knows whether that has arrived.
        """
        content = incoming.content
        original = Original(presented.message_id, incoming.transaction_id, content.end_to_end_id)
        told = GivenBack(
            incoming.tenant_id, incoming.institution_id, _id_of(incoming), Back.REJECT, code,
            incoming.amount, incoming.asset, original,
        )  # fmt: skip
        if isinstance(await self._rail.tell(told), Unknown):
            raise NotThereYet

    async def _status(self, participant: Participant, rail: str, message: bytes) -> None:
        """What became of collections of ours."""
        for report in pacs002.read_reports(message):
            await self._reported(participant, rail, report)

    async def _reported(
        self, participant: Participant, rail: str, report: pacs002.StatusReport
    ) -> None:
        if report.original_message_name != pacs003.VERSION:
            raise InvalidMessage("Document", "It reports on something else.")
        debit_id = await self._ours(
            participant, report.original_transaction_id, report.amount, report.currency
        )
        tenant_id, collections = participant.tenant_id, self._collections
        state = meaning_of(Use.STATUS, report.status, rail).state
        said = pacs002.write_pacs002(report)
        if state is OrderState.SETTLED:
            await collections.settled(tenant_id, debit_id, said)
        elif state is OrderState.REJECTED:
            code = report.reason or _NO_REASON
            await collections.given_back(tenant_id, debit_id, Back.REJECT, code, said)

    async def _back(self, participant: Participant, message: bytes) -> None:
        """Money of a collection of ours that goes back to its debtor."""
        back = pacs004.read_pacs004(message)
        debit_id = await self._ours(
            participant, back.original_transaction_id, back.amount, back.currency
        )
        kind = back_of_money(back.reason)
        await self._collections.given_back(
            participant.tenant_id, debit_id, kind, back.reason, message
        )

    async def _reversal(self, participant: Participant, rail: str, message: bytes) -> None:
        """Another bank's creditor gives a collection back."""
        reversal = pacs007.read_pacs007(message)
        if reversal.creditor_bic is None:
            raise InvalidMessage("TxInf/OrgnlTxRef/CdtrAgt", "It does not say whose it is.")
        debit_id = await self._theirs(
            participant,
            rail,
            (reversal.creditor_bic, reversal.original_transaction_id),
            (reversal.amount, reversal.currency),
        )
        await self._collections.reversed(participant.tenant_id, debit_id, reversal.reason, message)

    async def _cancellation(self, participant: Participant, rail: str, message: bytes) -> None:
        """Another bank's creditor has stopped a collection, which settles no more.

        It may have been debited here at the beginning of its day, before it would have settled.
        """
        request = camt056.read_camt056(message)
        debit_id = await self._theirs(
            participant,
            rail,
            (request.assigner_bic, request.original_transaction_id),
            (request.original_amount, request.currency),
        )
        tenant_id, code = participant.tenant_id, request.reason
        if not await self._collections.withdrawn(tenant_id, debit_id, code, message):
            await self._collections.reversed(tenant_id, debit_id, code, message)

    async def _ours(
        self, participant: Participant, name: str, amount: int | None, currency: str | None
    ) -> UUID:
        """A collection of ours, by what the scheme knows it by.

        Raises:
            InvalidMessage: there is none, or it takes something else.
        """
        try:
            debit_id = UUID(hex=name)
        except ValueError:
            debit_id = UUID(int=0)
        takes = await self._collections.takes(
            participant.tenant_id, participant.institution_id, debit_id
        )
        if takes is None:
            raise InvalidMessage("OrgnlTxId", "There is no such collection.")
        if amount not in {None, takes[0]} or currency not in {None, takes[1]}:
            raise InvalidMessage("OrgnlTxRef", "It is not what was collected.")
        return debit_id

    async def _theirs(
        self,
        participant: Participant,
        rail: str,
        named: tuple[str, str],
        said: tuple[int, str],
    ) -> UUID:
        """A collection of another bank, by its BIC and its name there, that takes what is said.

        Raises:
            NotThereYet: there is none, or none yet.
            InvalidMessage: it takes something else.
        """
        sender_bic, name = named
        tenant_id, institution_id = participant.tenant_id, participant.institution_id
        debit_id = incoming_id(tenant_id, institution_id, rail, full(sender_bic), name)
        takes = await self._collections.takes(tenant_id, institution_id, debit_id)
        if takes is None:
            raise NotThereYet
        if takes != said:
            raise InvalidMessage("OrgnlIntrBkSttlmAmt", "It is not what was collected.")
        return debit_id


def _id_of(incoming: Incoming) -> UUID:
    return incoming_id(
        incoming.tenant_id,
        incoming.institution_id,
        incoming.rail,
        incoming.sender_bic,
        incoming.transaction_id,
    )


def _content(presented: pacs003.Collections, collection: pacs003.Collection) -> DebitContent:
    mandate = collection.mandate
    says = MandateContent(
        mandate.creditor_id,
        collection.creditor.name,
        mandate.reference,
        collection.debtor.name,
        collection.debtor.iban,
        _former(mandate),
    )
    return DebitContent(
        says,
        mandate.signed_on,
        collection.end_to_end_id,
        collection.remittance,
        collection.transaction_id,
        presented.message_id,
        full(collection.creditor.bic),
    )


def _former(mandate: mandates.MandateInformation) -> Former | None:
    before = mandate.amendment
    if before is None:
        return None
    return Former(before.creditor_id, before.creditor_name, before.reference, before.debtor_iban)
