"""Collections: asked for, stopped, given back, and found."""

from typing import Final
from uuid import UUID

from bezant.banking import AccountRestrictions
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.payments.direct_debits import errors, schemas, store
from bezant.payments.direct_debits.collecting import Debit, DebitState
from bezant.payments.direct_debits.creditors import registration_id
from bezant.payments.direct_debits.domain import sequence_of
from bezant.payments.direct_debits.ending import EndDebit
from bezant.payments.direct_debits.foundation import Foundation, Words
from bezant.payments.direct_debits.mandate_service import DebitMandateService
from bezant.payments.direct_debits.mandates import Held
from bezant.payments.direct_debits.rail import Collection
from bezant.payments.direct_debits.reasons import Back, fits
from bezant.payments.direct_debits.records import view
from bezant.payments.direct_debits.taking import CreateDebit, DebitTerms
from bezant.payments.orders.domain import BOOK

_BEFORE_ALL: Final = UUID(int=0)


class DirectDebitService:
    """The collections of a tenant's customers, on either side."""

    def __init__(self, foundation: Foundation) -> None:
        self._of = foundation
        self.words = Words(foundation.secrecy)
        self.mandates = DebitMandateService(foundation)

    async def create(
        self, call: Call, new: schemas.NewDebit, debit_id: UUID | None = None
    ) -> Answer:
        """`POST /v1/direct-debits` -> 201 `DirectDebit`.

        Args:
            call: who asks.
            new: what is asked for.
            debit_id: under which it is announced once, however often it is asked for.

        Raises:
            DebitMandateNotFound: the tenant has no such.
            NotForRail: the scheme to the debtor's bank could never carry it out.
        """
        held = await self.mandates.held(call.tenant_id, new.mandate_id)
        account = await self._of.accounts.account(call.tenant_id, held.creditor_account)
        debit_id = debit_id or self._of.ids.new()
        content = schemas.DebitContent(
            self.words.mandate(call.tenant_id, held), held.terms.signed_on, new.end_to_end_id,
            new.remittance,
        )  # fmt: skip
        terms = DebitTerms(
            id=debit_id,
            institution_id=account.institution_id,
            rail=self.rail_of(held),
            scheme=held.terms.scheme,
            sequence=None,
            is_final=new.is_final,
            creditor_account=held.creditor_account,
            debtor_account=held.debtor_account,
            mandate_id=held.id,
            creditor=held.creditor,
            reference=held.reference,
            former=held.former,
            asset=new.asset,
            amount=int(new.amount),
            due_on=new.due_on,
        )
        if terms.rail != BOOK:
            await self._check(call.tenant_id, held, terms, content)
        sealed = self.words.seal_debit(call.tenant_id, debit_id, content)
        rider = CreateDebit(
            terms,
            registration_id(call.tenant_id, account.institution_id, held.creditor),
            self._of.allow_unregistered,
            sealed,
            call.actor,
        )
        return await self._of.ledger.submit(call, held.book_id, rider)

    async def _check(
        self, tenant_id: UUID, held: Held, terms: DebitTerms, content: schemas.DebitContent
    ) -> None:
        """Refuse what the scheme to the debtor's bank could never carry out.

        Raises:
            NotForRail: see there.
        """
        sequence = sequence_of(held.terms, is_final=terms.is_final)
        iban = await self._iban(tenant_id, held.creditor_account)
        collection = Collection(
            tenant_id, terms.institution_id, terms.id, terms.id, terms.scheme, sequence,
            terms.amount, terms.asset, terms.due_on, self._of.clock.now(), iban, content,
        )  # fmt: skip
        self._of.rails[terms.rail].check(collection)

    async def collection(self, tenant_id: UUID, debit: Debit) -> Collection:
        """One that was presented, as its rail gets it."""
        assert debit.sequence is not None
        assert debit.creditor_account is not None
        return Collection(
            tenant_id, debit.institution_id, debit.id, await self.message(tenant_id, debit.id),
            debit.scheme, debit.sequence, debit.amount,
            debit.asset, debit.due_on, debit.created_at,
            await self._iban(tenant_id, debit.creditor_account),
            await self.content(tenant_id, debit.id),
        )  # fmt: skip

    async def message(self, tenant_id: UUID, debit_id: UUID) -> UUID:
        """What the message of a collection of ours was named after.

        Before there were batches, each was in one of its own.
        """
        row = await self._of.database.fetchrow(store.FIND_MEMBER, tenant_id, debit_id)
        return debit_id if row is None else row["message_id"]

    async def _iban(self, tenant_id: UUID, account_id: UUID) -> str:
        place = await self._of.accounts.place(tenant_id, account_id)
        iban = self._of.accounts.opened_number(tenant_id, place).iban
        assert iban is not None, "its institution has one country, whose accounts have IBANs"
        return iban

    def rail_of(self, held: Held) -> str:
        """By what a mandate's collections reach its debtor's bank."""
        if held.debtor_account is not None:
            return BOOK
        return next(iter(self._of.rails))

    async def cancel(self, call: Call, debit_id: UUID, asked: schemas.DebitReason) -> Answer:
        """`POST /v1/direct-debits/{debit}/cancel`: by the creditor, before it is presented."""
        debit = await self._creditors(call.tenant_id, debit_id)
        return await self._end(call, debit, Back.CANCELLATION, asked.code)

    async def refuse(self, call: Call, debit_id: UUID) -> Answer:
        """`POST /v1/direct-debits/{debit}/refuse`: by the debtor, before it is debited."""
        debit = await self._debtors(call.tenant_id, debit_id)
        return await self._end(call, debit, Back.REFUSAL, "MS02")

    async def refund(self, call: Call, debit_id: UUID, asked: schemas.RefundAsked) -> Answer:
        """`POST /v1/direct-debits/{debit}/refund`: the debtor has the money back at once."""
        debit = await self._debtors(call.tenant_id, debit_id)
        code = "MD01" if asked.unauthorised else "MD06"
        return await self._end(call, debit, Back.REFUND, code, unauthorised=asked.unauthorised)

    async def give_back(self, call: Call, debit_id: UUID, asked: schemas.DebitReason) -> Answer:
        """`POST /v1/direct-debits/{debit}/return`: by the debtor's bank."""
        debit = await self._debtors(call.tenant_id, debit_id)
        return await self._end(call, debit, Back.RETURN, asked.code)

    async def reverse(self, call: Call, debit_id: UUID, asked: schemas.DebitReason) -> Answer:
        """`POST /v1/direct-debits/{debit}/reverse`: by the creditor, who should not have it."""
        debit = await self._creditors(call.tenant_id, debit_id)
        return await self._end(call, debit, Back.REVERSAL, asked.code)

    async def debit(self, tenant_id: UUID, debit_id: UUID) -> Debit:
        """A collection as it stands.

        Raises:
            DirectDebitNotFound: the tenant has no such.
        """
        row = await self._of.database.fetchrow(store.READ_DEBITS, tenant_id, [debit_id])
        if row is None:
            raise errors.DirectDebitNotFound("There is no such direct debit.")
        return Debit.of(dict(row))

    async def page(
        self, tenant_id: UUID, of: schemas.DebitsOf, *, after: str | None, limit: int
    ) -> schemas.DirectDebits:
        """The tenant's collections, or those from or to an account, after the one named `after`."""
        start, database = _BEFORE_ALL if after is None else UUID(after), self._of.database
        if of.debtor_account is not None:
            listed = await database.fetch(
                store.LIST_OF_DEBTOR, tenant_id, of.debtor_account, start, limit + 1
            )
        elif of.creditor_account is not None:
            listed = await database.fetch(
                store.LIST_OF_CREDITOR, tenant_id, of.creditor_account, start, limit + 1
            )
        else:
            listed = await database.fetch(store.LIST, tenant_id, start, limit + 1)
        ids = [row["debit_id"] for row in listed[:limit]]
        rows = await database.fetch(store.READ_DEBITS, tenant_id, ids)
        found = sorted((Debit.of(dict(row)) for row in rows), key=lambda debit: debit.id)
        more = str(ids[-1]) if len(listed) > limit else None
        return schemas.DirectDebits([view(debit) for debit in found], more)

    async def steps(self, tenant_id: UUID, debit_id: UUID) -> schemas.DebitSteps:
        """`GET /v1/direct-debits/{debit}/steps`."""
        await self.debit(tenant_id, debit_id)
        rows = await self._of.database.fetch(store.LIST_STEPS, tenant_id, debit_id)
        return schemas.DebitSteps(
            [
                schemas.DebitStep(
                    row["seq"],
                    None if row["from_state"] == "none" else DebitState(row["from_state"]),
                    DebitState(row["to_state"]),
                    row["at"],
                    row["actor"],
                    row["reason"],
                )
                for row in rows
            ]
        )

    async def read(self, call: Call, debit_id: UUID) -> schemas.DebitContent:
        """`GET /v1/direct-debits/{debit}/content`. The audit entry is durable before the answer.

        Raises:
            DirectDebitNotFound: the tenant has no such, or what it said has been erased.
            SubjectRestricted: a customer on either side is not to be read of for the purpose.
        """
        debit = await self.debit(call.tenant_id, debit_id)
        sides = debit.debtor_account, debit.creditor_account
        await AccountRestrictions(self._of.database, self._of.clock).check(call, sides)
        await audit.write(self._of.database, self._of.clock, call, Answer(200, b""))
        return await self.content(call.tenant_id, debit_id)

    async def content(self, tenant_id: UUID, debit_id: UUID) -> schemas.DebitContent:
        """What a collection says.

        Raises:
            DirectDebitNotFound: what it said has been erased.
        """
        row = await self._of.database.fetchrow(store.FIND_CONTENT, tenant_id, debit_id)
        if row is None:
            raise errors.DirectDebitNotFound("What it said is not kept any more.")
        return self.words.debit(tenant_id, debit_id, row["sealed"])

    async def _debtors(self, tenant_id: UUID, debit_id: UUID) -> Debit:
        debit = await self.debit(tenant_id, debit_id)
        if debit.debtor_account is None:
            raise errors.NotTheDebtor("The debtor is another bank's customer.")
        return debit

    async def _creditors(self, tenant_id: UUID, debit_id: UUID) -> Debit:
        debit = await self.debit(tenant_id, debit_id)
        if debit.creditor_account is None:
            raise errors.NotTheCreditor("The creditor is another bank's customer.")
        return debit

    async def _end(
        self, call: Call, debit: Debit, back: Back, code: str, *, unauthorised: bool = False
    ) -> Answer:
        if not fits(code, back):
            raise errors.ReasonUnfit(f"{code} is no reason of a {back}.", field="code")
        rider = EndDebit(debit, back, code, call.actor, unauthorised=unauthorised)
        return await self._of.ledger.submit(call, debit.book_id, rider)
