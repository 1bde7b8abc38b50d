"""What rails hand over: collections of other banks, and what these say of ours."""

from typing import Final
from uuid import UUID

from bezant.kernel.calls import Call, RefusedAnswer
from bezant.ledger import Rider
from bezant.payments.direct_debits.collecting import NOT_SETTLED, Debit, DebitState
from bezant.payments.direct_debits.domain import incoming_id, normal_creditor_identifier
from bezant.payments.direct_debits.ending import AFTER_SETTLEMENT, EndDebit, SettlePresented
from bezant.payments.direct_debits.errors import (
    CreditorIdentifierInvalid,
    DirectDebitNotFound,
    DirectDebitState,
)
from bezant.payments.direct_debits.foundation import Foundation
from bezant.payments.direct_debits.rail import Declined, Incoming, Taken, TooEarly
from bezant.payments.direct_debits.reasons import Back, fits
from bezant.payments.direct_debits.schemas import DirectDebit
from bezant.payments.direct_debits.service import DirectDebitService
from bezant.payments.direct_debits.taking import DebitTerms, Offered, TakeDebit

_NO_ACCOUNT: Final = "AC01"
_NO_CREDITOR: Final = "BE05"
_NO_REASON: Final = "MS03"


class IncomingCollections:
    """The core's side of the port: see `Collections`."""

    def __init__(self, foundation: Foundation, debits: DirectDebitService) -> None:
        self._of = foundation
        self._debits = debits

    async def offer(self, incoming: Incoming) -> Taken | Declined:
        """A collection from another bank, before its due date."""
        tenant_id, says = incoming.tenant_id, incoming.content.mandate
        account_id = await self._of.accounts.find_by_iban(tenant_id, says.debtor_iban)
        if account_id is None:
            return Declined(_NO_ACCOUNT)
        account = await self._of.accounts.account(tenant_id, account_id)
        if account.institution_id != incoming.institution_id:
            return Declined(_NO_ACCOUNT)
        try:
            creditor_id = normal_creditor_identifier(says.creditor_id)
        except CreditorIdentifierInvalid:
            return Declined(_NO_CREDITOR)
        words, former = self._debits.words, says.former
        debit_id = incoming_id(
            tenant_id, incoming.institution_id, incoming.rail, incoming.sender_bic,
            incoming.transaction_id,
        )  # fmt: skip
        known_by = None
        if former is not None and (former.reference or former.creditor_id):
            before = former.creditor_id or creditor_id
            known_by = words.reference(before, former.reference or says.reference)
        terms = DebitTerms(
            id=debit_id,
            institution_id=account.institution_id,
            rail=incoming.rail,
            scheme=incoming.scheme,
            sequence=incoming.sequence,
            is_final=False,
            creditor_account=None,
            debtor_account=account_id,
            mandate_id=None,
            creditor=words.creditor(creditor_id),
            reference=words.reference(creditor_id, says.reference),
            former=known_by,
            asset=incoming.asset,
            amount=incoming.amount,
            due_on=incoming.due_on,
        )
        sealed = words.seal_debit(tenant_id, debit_id, incoming.content)
        actor = f"rail:{incoming.rail}"
        message = words.seal_message(tenant_id, debit_id, incoming.message)
        rider = TakeDebit(terms, sealed, message, actor)
        answer = await self._of.ledger.submit(
            self._call(tenant_id, debit_id, actor, "direct_debit.take"), account.book_id, rider
        )
        code = answer.value(Offered).code
        return Taken(debit_id) if code is None else Declined(code)

    async def takes(
        self, tenant_id: UUID, institution_id: UUID, debit_id: UUID
    ) -> tuple[int, str] | None:
        """Amount and asset of an institution's collection; None where it has no such."""
        try:
            debit = await self._debits.debit(tenant_id, debit_id)
        except DirectDebitNotFound:
            return None
        return (debit.amount, debit.asset) if debit.institution_id == institution_id else None

    async def withdrawn(
        self, tenant_id: UUID, debit_id: UUID, code: str, message: bytes = b""
    ) -> bool:
        """The other bank cancels a collection that it presented; whether that was in time."""
        return await self._ended(tenant_id, debit_id, Back.CANCELLATION, code, message)

    async def reversed(
        self, tenant_id: UUID, debit_id: UUID, code: str, message: bytes = b""
    ) -> bool:
        """The other bank's creditor gives a settled collection back; whether it was settled."""
        return await self._ended(tenant_id, debit_id, Back.REVERSAL, code, message)

    async def settled(self, tenant_id: UUID, debit_id: UUID, message: bytes = b"") -> bool:
        """A collection of ours is settled; whether it is now."""
        debit = await self._debits.debit(tenant_id, debit_id)
        sealed = self._debits.words.seal_message(tenant_id, debit_id, message)
        rider = SettlePresented(debit, sealed, f"rail:{debit.rail}")
        heard = await self._heard(tenant_id, debit, rider)
        return heard is not None and heard.state is DebitState.SETTLED

    async def given_back(
        self, tenant_id: UUID, debit_id: UUID, back: Back, code: str, message: bytes = b""
    ) -> bool:
        """The debtor's bank rejects, returns or refunds a collection of ours."""
        return await self._ended(tenant_id, debit_id, back, code, message)

    async def _ended(
        self, tenant_id: UUID, debit_id: UUID, back: Back, code: str, message: bytes
    ) -> bool:
        debit = await self._debits.debit(tenant_id, debit_id)
        # A code that the scheme does not know is not passed on as one of its own.
        known = code if fits(code, back) else _NO_REASON
        sealed = self._debits.words.seal_message(tenant_id, debit_id, message)
        rider = EndDebit(debit, back, known, f"rail:{debit.rail}", is_told=True, message=sealed)
        if await self._heard(tenant_id, debit, rider) is not None:
            return True
        now = await self._debits.debit(tenant_id, debit_id)
        if back in AFTER_SETTLEMENT and now.state in NOT_SETTLED:
            raise TooEarly
        return False

    async def _heard(self, tenant_id: UUID, debit: Debit, rider: Rider) -> DirectDebit | None:
        """What it changed; None for nothing: what is said twice, or too late or early."""
        call = self._call(tenant_id, debit.id, f"rail:{debit.rail}", "direct_debit.hear")
        answer = await self._of.ledger.submit(call, debit.book_id, rider)
        try:
            return answer.value(DirectDebit)
        except RefusedAnswer as refused:
            if refused.code == DirectDebitState.code:
                return None
            raise

    def _call(self, tenant_id: UUID, debit_id: UUID, actor: str, action: str) -> Call:
        return Call(
            id=self._of.ids.new(),
            tenant_id=tenant_id,
            actor=actor,
            action=action,
            resource=f"/v1/direct-debits/{debit_id}",
            origin="rail",
        )
