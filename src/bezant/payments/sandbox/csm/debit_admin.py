"""What simulated banks are told to do about direct debits: JSON under `/admin/debits`."""

from datetime import date
from http import HTTPStatus
from typing import Final, Literal
from uuid import uuid4

import msgspec

from bezant.formats.iso20022 import camt056, mandates, pacs002, pacs003, pacs004, pacs007, pacs008
from bezant.kernel.clock import Clock
from bezant.payments.direct_debits.domain import settles_on
from bezant.payments.rails.sepa.participants import full
from bezant.payments.sandbox.csm.debits import Collected, DebitClearing
from bezant.payments.sandbox.csm.replies import Reply

_ANY_ACCOUNT: Final = "FR1420041010050500013M02606"
_ANY_BANK: Final = "PSSTFRPPXXX"


class NewCollection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A collection from an account of a participant. `amount` is in cents."""

    bic: str
    iban: str
    name: str
    amount: str
    due_on: date
    signed_on: date
    scheme: Literal["CORE", "B2B"] = "CORE"
    sequence: Literal["FRST", "RCUR", "FNAL", "OOFF"] = "RCUR"
    creditor_id: str = "FR72ZZZ123456"
    reference: str = "SIMULATED-1"


class NewBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a simulated bank does about a collection, whose creditor's bank is `creditor_bic`.

    The debtor's rejects it before it settles, and returns or refunds it afterwards. The creditor's
    cancels it before, and reverses it afterwards.
    """

    creditor_bic: str
    transaction_id: str
    back: Literal["reject", "return", "cancel", "reverse"]
    code: str


class DebitAdmin:
    """Has simulated banks collect, and give back."""

    def __init__(self, debits: DebitClearing, clock: Clock) -> None:
        self._debits = debits
        self._clock = clock

    def command(self, method: str, path: list[str], body: bytes) -> Reply:
        """Answer a request."""
        match (method, path):
            case ("POST", []):
                return self._collect(msgspec.json.decode(body, type=NewCollection))
            case ("POST", ["backs"]):
                return self._back(msgspec.json.decode(body, type=NewBack))
            case ("GET", []):
                return _json([_shown(each) for each in self._debits.collected.values()])
            case _:
                return Reply(status=HTTPStatus.NOT_FOUND)

    def _collect(self, new: NewCollection) -> Reply:
        now, name = self._clock.now(), uuid4().hex
        collection = pacs003.Collection(
            end_to_end_id="NOTPROVIDED",
            transaction_id=name,
            amount=int(new.amount),
            currency="EUR",
            due_on=new.due_on,
            mandate=mandates.MandateInformation(new.reference, new.signed_on, new.creditor_id),
            creditor=pacs008.AccountOwner("Simulated creditor", _ANY_ACCOUNT, _ANY_BANK),
            debtor=pacs008.AccountOwner(new.name, new.iban, full(new.bic)),
            remittance=None,
        )
        message = pacs003.Collections(
            name, now, settles_on(new.due_on), new.scheme, new.sequence, (collection,)
        )
        self._debits.collect(_ANY_BANK, pacs003.write_pacs003(message))
        return _json(_shown(self._debits.collected[_ANY_BANK, name]))

    def _back(self, new: NewBack) -> Reply:
        collected = self._debits.collected[full(new.creditor_bic), new.transaction_id]
        creditor, debtor = collected.creditor_bic, collected.debtor_bic
        match new.back:
            case "reject":
                return self._debits.reject(debtor, self._rejection(collected, new.code))
            case "return":
                return self._debits.give_back(debtor, self._return(collected, new.code))
            case "cancel":
                return self._debits.cancel(creditor, self._cancellation(collected, new.code))
            case "reverse":
                return self._debits.reverse(creditor, self._reversal(collected, new.code))

    def _rejection(self, collected: Collected, code: str) -> bytes:
        terms = collected.terms
        report = pacs002.StatusReport(
            message_id=uuid4().hex,
            created_at=self._clock.now(),
            original_message_id=collected.message.message_id,
            original_message_name=pacs003.VERSION,
            original_end_to_end_id=terms.end_to_end_id,
            original_transaction_id=terms.transaction_id,
            status="RJCT",
            reason=code,
        )
        return pacs002.write_pacs002(report)

    def _return(self, collected: Collected, code: str) -> bytes:
        terms, now, name = collected.terms, self._clock.now(), uuid4().hex
        back = pacs004.PaymentReturn(
            message_id=name,
            created_at=now,
            settlement_date=now.date(),
            return_id=name,
            original_message_id=collected.message.message_id,
            original_message_name=pacs003.VERSION,
            original_end_to_end_id=terms.end_to_end_id,
            original_transaction_id=terms.transaction_id,
            original_amount=terms.amount,
            amount=terms.amount,
            currency=terms.currency,
            reason=code,
        )
        return pacs004.write_pacs004(back)

    def _reversal(self, collected: Collected, code: str) -> bytes:
        terms, now, name = collected.terms, self._clock.now(), uuid4().hex
        reversal = pacs007.PaymentReversal(
            message_id=name,
            created_at=now,
            settlement_date=now.date(),
            reversal_id=name,
            original_message_id=collected.message.message_id,
            original_message_name=pacs003.VERSION,
            original_end_to_end_id=terms.end_to_end_id,
            original_transaction_id=terms.transaction_id,
            amount=terms.amount,
            currency=terms.currency,
            reason=code,
            creditor_bic=collected.creditor_bic,
        )
        return pacs007.write_pacs007(reversal)

    def _cancellation(self, collected: Collected, code: str) -> bytes:
        terms, name = collected.terms, uuid4().hex
        request = camt056.CancellationRequest(
            assignment_id=name,
            created_at=self._clock.now(),
            assigner_bic=collected.creditor_bic,
            assignee_bic=collected.debtor_bic,
            cancellation_id=name,
            original_message_id=collected.message.message_id,
            original_message_name=pacs003.VERSION,
            original_end_to_end_id=terms.end_to_end_id,
            original_transaction_id=terms.transaction_id,
            original_amount=terms.amount,
            currency=terms.currency,
            original_settlement_date=collected.message.settlement_date,
            reason=code,
        )
        return camt056.write_camt056(request)


def _shown(collected: Collected) -> dict[str, object]:
    terms = collected.terms
    return {
        "creditor_bic": collected.creditor_bic,
        "debtor_bic": collected.debtor_bic,
        "transaction_id": terms.transaction_id,
        "amount": str(terms.amount),
        "settles_on": collected.message.settlement_date.isoformat(),
        "status": collected.status,
        "reason": collected.reason,
        "is_given_back": collected.given_back is not None,
    }


def _json(content: object) -> Reply:
    return Reply(msgspec.json.encode(content), media_type="application/json")
