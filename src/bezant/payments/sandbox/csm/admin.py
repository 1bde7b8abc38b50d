"""What people and tests tell the clearing system: JSON over HTTP, beside its messages.

| request | does |
|---|---|
| `PUT /admin/participants/{bic}` `{"url": …}` | delivers a bank's messages to an address |
| `POST /admin/behaviours` `{"misbehaviour": …, "code": …}` | spoils the next transfer |
| `POST /admin/rules` `{"misbehaviour": …, "amount": …}` | spoils every one that fits |
| `DELETE /admin/rules` | spoils none any more |
| `POST /admin/credits` | has a simulated bank pay an account of a participant |
| `POST /admin/returns` | has a simulated bank send a payment back |
| `POST /admin/recalls` | has a simulated bank ask for a credit back |
| `POST /admin/cycles` | settles what waits for the next cycle |
| `POST /admin/debits` | has a simulated bank collect from an account of a participant |
| `POST /admin/debits/backs` | has a simulated bank reject, return, reverse or cancel one |
| `GET /admin/debits` | shows the collections |
| `GET /admin/positions`, `GET /admin/transfers` | shows the books |
"""

from http import HTTPStatus
from typing import Final, Literal, TypeVar
from uuid import uuid4

import msgspec

from bezant.formats.iso20022 import camt056, pacs004, pacs008
from bezant.kernel.clock import Clock
from bezant.payments.rails.sepa.messages import INSTRUMENTS, settlement_date
from bezant.payments.rails.sepa.participants import full
from bezant.payments.sandbox.csm.clearing import Clearing, Transfer
from bezant.payments.sandbox.csm.debit_admin import DebitAdmin
from bezant.payments.sandbox.csm.misbehaviour import Behaviour, Misbehaviour, Rule
from bezant.payments.sandbox.csm.participants import Participant
from bezant.payments.sandbox.csm.replies import Reply
from bezant.payments.sandbox.csm.server import Request

_PREFIX: Final = "/admin/"
_ANY_ACCOUNT: Final = "FR1420041010050500013M02606"
_ANY_BANK: Final = "PSSTFRPPXXX"

T = TypeVar("T")


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a bank takes messages."""

    url: str | None


class NewBehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misbehaviour; `amount`, `iban` and `name` say of which transfers, in a rule."""

    misbehaviour: Misbehaviour
    code: str = "AC04"
    delay_s: int = 15
    amount: str | None = None
    iban: str | None = None
    name: str | None = None

    @property
    def behaviour(self) -> Behaviour:
        """It, without saying of which transfers."""
        return Behaviour(self.misbehaviour, self.code, self.delay_s)


class NewCredit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment to a participant. `amount` is in cents."""

    bic: str
    iban: str
    name: str
    amount: str
    scheme: Literal["sct_inst", "sct"] = "sct_inst"
    remittance: str | None = None
    transaction_id: str | None = None


class NewReturn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A payment that comes back, whole or in part."""

    sender_bic: str
    transaction_id: str
    code: str = "AC04"
    amount: str | None = None


class NewRecall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credit that is asked back by the bank that sent it."""

    sender_bic: str
    transaction_id: str
    code: str = "DUPL"


class Admin:
    """Handles what comes under `/admin/`, and passes everything else on to the clearing."""

    def __init__(self, clearing: Clearing, clock: Clock) -> None:
        self._clearing = clearing
        self._clock = clock
        self._debits = DebitAdmin(clearing.debits, clock)

    async def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        if request.path.startswith(_PREFIX):
            try:
                return await self._command(request)
            except (msgspec.DecodeError, ValueError, KeyError) as wrong:
                return _json({"wrong": str(wrong)}, HTTPStatus.BAD_REQUEST)
        parts = request.path.strip("/").split("/")
        match (request.method, parts):
            case ("POST", [("sct_inst" | "sct") as scheme, bic]):
                return await self._clearing.take(scheme, bic, request.body)
            case ("POST", ["sdd", bic]):
                return self._clearing.debits.take(bic, request.body)
            case _:
                return Reply(status=HTTPStatus.NOT_FOUND)

    async def _command(self, request: Request) -> Reply:
        clearing, body = self._clearing, request.body
        match (request.method, request.path.removeprefix(_PREFIX).split("/")):
            case ("POST", ["credits"]):
                reply = await self._credit(_read(body, NewCredit))
            case ("POST", ["returns"]):
                reply = self._return(_read(body, NewReturn))
            case ("POST", ["recalls"]):
                reply = await self._recall(_read(body, NewRecall))
            case (method, ["debits", *path]):
                reply = self._debits.command(method, path, body)
            case ("GET", ["positions"]):
                reply = _json(clearing.books.positions())
            case ("GET", ["transfers"]):
                reply = _json([_shown(each) for each in clearing.transfers.values()])
            case (method, path):
                reply = self._setting(method, path, body)
        return reply

    def _setting(self, method: str, path: list[str], body: bytes) -> Reply:
        clearing = self._clearing
        match (method, path):
            case ("PUT", ["participants", bic]):
                clearing.admit(Participant(bic, _read(body, Address).url))
            case ("POST", ["behaviours"]):
                clearing.behaviours.queued.append(_read(body, NewBehaviour).behaviour)
            case ("POST", ["rules"]):
                clearing.behaviours.rules.append(_rule(_read(body, NewBehaviour)))
            case ("DELETE", ["rules"]):
                clearing.behaviours.rules.clear()
            case ("POST", ["cycles"]):
                return _json({"settled": clearing.cycle()})
            case _:
                return Reply(status=HTTPStatus.NOT_FOUND)
        return _json({})

    async def _credit(self, new: NewCredit) -> Reply:
        now = self._clock.now()
        name = new.transaction_id or uuid4().hex
        transfer = pacs008.CreditTransfer(
            instruction_id=None,
            end_to_end_id="NOTPROVIDED",
            transaction_id=name,
            amount=int(new.amount),
            currency="EUR",
            accepted_at=now.replace(microsecond=0),
            debtor=pacs008.AccountOwner("Simulated payer", _ANY_ACCOUNT, _ANY_BANK),
            creditor=pacs008.AccountOwner(new.name, new.iban, full(new.bic)),
            remittance=new.remittance,
        )
        instrument = INSTRUMENTS[new.scheme]
        settles = settlement_date(now, instrument)
        message = pacs008.CreditTransfers(name, now, settles, instrument, (transfer,))
        raw = pacs008.write_pacs008(message)
        await self._clearing.transfer(new.scheme, _ANY_BANK, raw)
        return _json(_shown(self._clearing.transfers[_ANY_BANK, name]))

    def _return(self, new: NewReturn) -> Reply:
        transfer = self._clearing.transfers[full(new.sender_bic), new.transaction_id]
        terms, now = transfer.terms, self._clock.now()
        name = uuid4().hex
        returned = pacs004.PaymentReturn(
            message_id=name,
            created_at=now,
            settlement_date=settlement_date(now, transfer.message.instrument),
            return_id=name,
            original_message_id=transfer.message.message_id,
            original_message_name=pacs008.VERSION,
            original_end_to_end_id=terms.end_to_end_id,
            original_transaction_id=terms.transaction_id,
            original_amount=terms.amount,
            amount=terms.amount if new.amount is None else int(new.amount),
            currency=terms.currency,
            reason=new.code,
        )
        return self._clearing.give_back(terms.creditor.bic, pacs004.write_pacs004(returned))

    async def _recall(self, new: NewRecall) -> Reply:
        transfer = self._clearing.transfers[full(new.sender_bic), new.transaction_id]
        terms, name = transfer.terms, uuid4().hex
        request = camt056.CancellationRequest(
            assignment_id=name,
            created_at=self._clock.now(),
            assigner_bic=terms.debtor.bic,
            assignee_bic=terms.creditor.bic,
            cancellation_id=name,
            original_message_id=transfer.message.message_id,
            original_message_name=pacs008.VERSION,
            original_end_to_end_id=terms.end_to_end_id,
            original_transaction_id=terms.transaction_id,
            original_amount=terms.amount,
            currency=terms.currency,
            original_settlement_date=transfer.message.settlement_date,
            reason=new.code,
        )
        raw = camt056.write_camt056(request)
        return await self._clearing.take(transfer.scheme, terms.debtor.bic, raw)


def _rule(new: NewBehaviour) -> Rule:
    amount = None if new.amount is None else int(new.amount)
    return Rule(new.behaviour, amount, new.iban, new.name)


def _shown(transfer: Transfer) -> dict[str, object]:
    terms = transfer.terms
    return {
        "scheme": transfer.scheme,
        "sender": full(terms.debtor.bic),
        "receiver": full(terms.creditor.bic),
        "transaction_id": terms.transaction_id,
        "amount": str(terms.amount),
        "status": transfer.status,
        "reason": transfer.reason,
        "returned": str(transfer.returned),
    }


def _read(body: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(body, type=kind)


def _json(content: object, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(msgspec.json.encode(content), status, media_type="application/json")
