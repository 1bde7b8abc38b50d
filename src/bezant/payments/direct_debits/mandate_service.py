"""Mandates of creditors, and what payers allow: asked for, and found."""

from typing import Final
from uuid import UUID

import msgspec
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from bezant.kernel.calls import Answer, Call
from bezant.payments.direct_debits import errors, mandates, schemas, store
from bezant.payments.direct_debits.controls import CONTROLS, Controls, Listed, Standing
from bezant.payments.direct_debits.creditors import registration_id
from bezant.payments.direct_debits.domain import normal_creditor_identifier
from bezant.payments.direct_debits.foundation import Foundation, Words
from bezant.payments.direct_debits.mandates import (
    AmendDebitMandate,
    CancelDebitMandate,
    Held,
    SignDebitMandate,
)
from bezant.payments.direct_debits.payers import (
    SetDebitControls,
    SetPayerMandate,
    controls_view,
    payer_mandate_in,
    payer_mandate_view,
)
from bezant.payments.orders.errors import UnknownCreditorAccount

_BEFORE_ALL: Final = UUID(int=0)


class DebitMandateService:
    """Creditors' mandates, and what payers say of theirs."""

    def __init__(self, foundation: Foundation) -> None:
        self._of = foundation
        self._words = Words(foundation.secrecy)

    async def sign(self, call: Call, new: schemas.NewDebitMandate) -> Answer:
        """`POST /v1/direct-debit-mandates` -> 201 `DebitMandate`.

        Raises:
            BankAccountNotFound: the tenant has no such account to collect for.
            CreditorIdentifierInvalid: see there.
            DebtorIbanInvalid: see there.
            DebtorUnreachable: the debtor is not here, and no rail leads away.
        """
        call = self._words.fingerprints.covered(call)
        creditor_id = normal_creditor_identifier(new.creditor_id)
        account = await self._of.accounts.account(call.tenant_id, new.creditor_account)
        content = schemas.MandateContent(
            creditor_id, new.creditor_name, new.reference, new.debtor.name,
            _checked(new.debtor.iban),
        )  # fmt: skip
        debtor = await self.debtor(call.tenant_id, account.book_id, content)
        mandate_id, creditor = self._of.ids.new(), self._words.creditor(creditor_id)
        rider = SignDebitMandate(
            mandate_id, account.id, debtor, new.scheme, new.one_off, new.signed_on,
            new.notice_days, creditor,
            registration_id(call.tenant_id, account.institution_id, creditor),
            self._words.reference(creditor_id, new.reference),
            self._words.seal_mandate(call.tenant_id, mandate_id, content), call.actor,
        )  # fmt: skip
        return await self._of.ledger.submit(call, account.book_id, rider)

    async def amend(self, call: Call, mandate_id: UUID, new: schemas.MandateAmendment) -> Answer:
        """`POST /v1/direct-debit-mandates/{mandate}/amend` -> 200 `DebitMandate`."""
        call = self._words.fingerprints.covered(call)
        held = await self.held(call.tenant_id, mandate_id)
        before = self._words.mandate(call.tenant_id, held)
        after = _amended(before, new)
        account = await self._of.accounts.account(call.tenant_id, held.creditor_account)
        creditor = self._words.creditor(after.creditor_id)
        rider = AmendDebitMandate(
            mandate_id, held.row_version, account.id,
            await self.debtor(call.tenant_id, held.book_id, after), creditor,
            registration_id(call.tenant_id, account.institution_id, creditor),
            self._words.reference(after.creditor_id, after.reference),
            self._words.seal_mandate(call.tenant_id, mandate_id, after), call.actor,
        )  # fmt: skip
        return await self._of.ledger.submit(call, held.book_id, rider)

    async def cancel(self, call: Call, mandate_id: UUID) -> Answer:
        """`POST /v1/direct-debit-mandates/{mandate}/cancel` -> 200 `DebitMandate`."""
        held = await self.held(call.tenant_id, mandate_id)
        rider = CancelDebitMandate(mandate_id, call.actor)
        return await self._of.ledger.submit(call, held.book_id, rider)

    async def held(self, tenant_id: UUID, mandate_id: UUID) -> Held:
        """A mandate as it stands.

        Raises:
            DebitMandateNotFound: the tenant has no such.
        """
        row = await self._of.database.fetchrow(store.READ_MANDATES, tenant_id, [mandate_id])
        if row is None:
            raise errors.DebitMandateNotFound("There is no such mandate.")
        return Held.of(dict(row))

    async def found(
        self, tenant_id: UUID, creditor_iban: str, creditor_id: str, reference: str
    ) -> tuple[Held, schemas.MandateContent]:
        """A mandate by what messages name it by, and what it says.

        Raises:
            UnknownCreditorAccount: the tenant has no such account.
            CreditorIdentifierInvalid: see there.
            DebitMandateNotFound: there is none of that creditor, for that account.
        """
        account_id = await self._of.accounts.find_by_iban(tenant_id, creditor_iban)
        if account_id is None:
            raise UnknownCreditorAccount("There is no such account.")
        identifier = normal_creditor_identifier(creditor_id)
        fingerprint = self._words.reference(identifier, reference)
        named = await self._of.database.fetchrow(store.READ_REFERENCES, tenant_id, [fingerprint])
        if named is None:
            raise errors.DebitMandateNotFound("There is no such mandate.")
        held = await self.held(tenant_id, named["mandate_id"])
        if held.creditor_account != account_id:
            raise errors.DebitMandateNotFound("There is no such mandate of that account.")
        return held, self._words.mandate(tenant_id, held)

    async def page(
        self, tenant_id: UUID, *, after: str | None, limit: int
    ) -> schemas.DebitMandates:
        """The tenant's mandates after the one named `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        database = self._of.database
        listed = await database.fetch(store.LIST_MANDATES, tenant_id, start, limit + 1)
        ids = [row["mandate_id"] for row in listed[:limit]]
        rows = await database.fetch(store.READ_MANDATES, tenant_id, ids)
        found = sorted((Held.of(dict(row)) for row in rows), key=lambda held: held.id)
        more = str(ids[-1]) if len(listed) > limit else None
        return schemas.DebitMandates([mandates.view(held) for held in found], more)

    async def set_controls(
        self, call: Call, account_id: UUID, new: schemas.NewDebitControls
    ) -> Answer:
        """`PUT /v1/accounts/{account}/direct-debit-controls` -> 200 `DebitControls`.

        Raises:
            CreditorIdentifierInvalid: see there.
            CreditorListedTwice: by identifiers that may differ in their business codes.
        """
        call = self._words.fingerprints.covered(call)
        account = await self._of.accounts.account(call.tenant_id, account_id)
        listed = tuple(
            Listed(
                self._words.creditor(normal_creditor_identifier(each.creditor_id)),
                each.verdict, each.amount_max, each.days_between,
            )
            for each in new.creditors
        )  # fmt: skip
        if len({each.creditor for each in listed}) < len(listed):
            raise errors.CreditorListedTwice("List each creditor once.", field="creditors")
        controls = Controls(new.is_blocked, new.only_listed, new.amount_max, listed)
        rider = SetDebitControls(account_id, controls, call.actor)
        return await self._of.ledger.submit(call, account.book_id, rider)

    async def controls(self, tenant_id: UUID, account_id: UUID) -> schemas.DebitControls:
        """`GET /v1/accounts/{account}/direct-debit-controls`."""
        await self._of.accounts.account(tenant_id, account_id)
        row = await self._of.database.fetchrow(store.READ_CONTROLS, tenant_id, [account_id])
        if row is None:
            return controls_view(0, Controls())
        return controls_view(row["version"], CONTROLS.decode(row["controls"]))

    async def set_payer_mandate(
        self, call: Call, account_id: UUID, new: schemas.PayerMandateStanding
    ) -> Answer:
        """`POST /v1/accounts/{account}/payer-mandates` -> 201 `PayerMandateView`."""
        call = self._words.fingerprints.covered(call)
        account = await self._of.accounts.account(call.tenant_id, account_id)
        creditor_id = normal_creditor_identifier(new.creditor_id)
        reference = self._words.reference(creditor_id, new.reference)
        standing = Standing(new.standing)
        rider = SetPayerMandate(account_id, reference, new.scheme, standing, call.actor)
        return await self._of.ledger.submit(call, account.book_id, rider)

    async def payer_mandates(
        self, tenant_id: UUID, account_id: UUID, *, after: str | None, limit: int
    ) -> schemas.PayerMandates:
        """`GET /v1/accounts/{account}/payer-mandates`."""
        await self._of.accounts.account(tenant_id, account_id)
        start = _BEFORE_ALL if after is None else UUID(after)
        rows = await self._of.database.fetch(
            store.LIST_PAYER_MANDATES, tenant_id, account_id, start, limit + 1
        )
        found = [
            payer_mandate_view(row["key"], payer_mandate_in(dict(row))) for row in rows[:limit]
        ]
        more = str(found[-1].id) if len(rows) > limit else None
        return schemas.PayerMandates(found, more)

    async def debtor(
        self, tenant_id: UUID, book_id: UUID, content: schemas.MandateContent
    ) -> UUID | None:
        """The debtor's account, where it is one of the creditor's book; else a rail leads there.

        Raises:
            DebtorUnreachable: none does.
        """
        accounts = self._of.accounts
        account_id = await accounts.find_by_iban(tenant_id, content.debtor_iban)
        if account_id is not None:
            account = await accounts.account(tenant_id, account_id)
            if account.book_id == book_id:
                return account_id
        if not self._of.rails:
            raise errors.DebtorUnreachable("No rail leads to the debtor.", field="debtor.iban")
        return None


def _amended(
    before: schemas.MandateContent, new: schemas.MandateAmendment
) -> schemas.MandateContent:
    """What the mandate says, and what it said when a collection last carried it."""
    creditor_id = before.creditor_id
    if new.creditor_id is not None:
        creditor_id = normal_creditor_identifier(new.creditor_id)
    debtor_iban = before.debtor_iban if new.debtor is None else _checked(new.debtor.iban)
    after = schemas.MandateContent(
        creditor_id,
        new.creditor_name or before.creditor_name,
        new.reference or before.reference,
        before.debtor_name if new.debtor is None else new.debtor.name,
        debtor_iban,
    )
    former = before.former or schemas.Former()
    changes = {
        name: getattr(former, name) or getattr(before, name)
        for name in ("creditor_id", "creditor_name", "reference", "debtor_iban")
        if getattr(former, name) is not None or getattr(before, name) != getattr(after, name)
    }
    return msgspec.structs.replace(after, former=schemas.Former(**changes))


def _checked(text: str) -> str:
    try:
        return str(IBAN(text, validate_bban=True))
    except (SchwiftyException, ValueError):
        raise errors.DebtorIbanInvalid("It is no valid IBAN.", field="debtor.iban") from None
