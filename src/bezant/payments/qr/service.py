"""Making and reading codes."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from bezant.banking import AccountService, InstitutionService
from bezant.formats import epc_qr
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.idempotency import once
from bezant.payments.qr import schemas
from bezant.payments.qr.errors import AccountWithoutIban, QrCodeUnusable

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy


class QrCodeService:
    """Codes of a tenant's accounts, and those that its customers scan.

    Args:
        database: connected as the application's role.
        accounts: whose numbers codes name.
        institutions: whose BICs they name.
        fingerprints: under which requests are known again.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        accounts: AccountService,
        institutions: InstitutionService,
        fingerprints: Fingerprints,
    ) -> None:
        self._database = database
        self._clock = clock
        self._accounts = accounts
        self._institutions = institutions
        self._fingerprints = fingerprints

    async def write(self, call: Call, account_id: UUID, asked: schemas.NewQrCode) -> Answer:
        """`POST /v1/accounts/{account}/qr-code` -> 200 `QrCode`. The audit log says who asked.

        Raises:
            BankAccountNotFound: the tenant has no such.
            AccountWithoutIban: see there.
            QrCodeUnusable: no code says that.
        """
        call = msgspec.structs.replace(call, purpose=asked.purpose)
        account = await self._accounts.account(call.tenant_id, account_id)
        institution = await self._institutions.find(call.tenant_id, account.institution_id)
        iban = self._accounts.opened_number(call.tenant_id, account.place).iban
        if iban is None:
            raise AccountWithoutIban("The account has no IBAN.")
        transfer = epc_qr.CreditTransfer(
            name=asked.name,
            iban=iban,
            bic=institution.bic,
            cents=None if asked.amount is None else int(asked.amount),
            purpose=asked.purpose_code or "",
            reference=asked.reference or "",
            text=asked.remittance or "",
            note=asked.note or "",
        )
        try:
            payload = epc_qr.write(transfer)
        except epc_qr.EpcQrUnusable as unusable:
            raise QrCodeUnusable(f"{unusable}.") from None
        return await self._told(call, schemas.QrCode(payload.decode(), epc_qr.svg(payload)))

    async def read(self, call: Call, asked: schemas.ScannedQrCode) -> Answer:
        """`POST /v1/payments/qr` -> 200 `PaymentDraft`.

        Raises:
            QrCodeUnusable: it is no such code.
        """
        try:
            scanned = epc_qr.read_text(asked.payload)
        except epc_qr.EpcQrUnusable as unusable:
            raise QrCodeUnusable(f"{unusable}.", field="payload") from None
        draft = schemas.PaymentDraft(
            schemas.DraftCreditor(scanned.iban, scanned.name),
            "EUR",
            None if scanned.cents is None else str(scanned.cents),
            scanned.text or scanned.reference or None,
            scanned.reference or None,
            scanned.purpose or None,
            scanned.bic or None,
            scanned.note or None,
        )
        return await self._told(call, draft)

    async def _told(self, call: Call, value: schemas.QrCode | schemas.PaymentDraft) -> Answer:
        """The answer, of which nothing is stored but that it was given."""

        async def work(_connection: "PoolConnectionProxy[asyncpg.Record]") -> Answer:
            return Answer.of(schemas.Done())

        call = self._fingerprints.covered(call)
        answer = await once(self._database, self._clock, call, work)
        if answer.is_refusal:
            return answer
        return msgspec.structs.replace(answer, body=msgspec.json.encode(value))
