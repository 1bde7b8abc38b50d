"""What people and programs ask the bank for, and tell it: JSON and XML over HTTP.

| request | does |
|---|---|
| `PUT /admin/accounts/{iban}` `{"opening": "0", "participant": …}` | opens an account |
| `POST /admin/accounts/{iban}/orders` `{"amount": "-1250", "iban": …}` | books an order |
| `POST /admin/accounts/{iban}/behaviours` `{"misbehaviour": "gap"}` | spoils the next statement |
| `POST /admin/days` | ends the day of every account |
| `GET /accounts/{iban}` | tells what there is to fetch |
| `GET /accounts/{iban}/statements/{n}` | camt.053, the n-th that appeared |
| `GET /accounts/{iban}/report` | camt.052 of the day that is running |
| `GET /accounts/{iban}/notifications/{n}` | camt.054 of the n-th entry |
"""

from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from bezant.payments.sandbox.csm.replies import Reply
from bezant.payments.sandbox.csm.server import Request
from bezant.payments.sandbox.statements.accounts import Account, Booked, Misbehaviour
from bezant.payments.sandbox.statements.bank import StatementBank

T = TypeVar("T")

Iban = Annotated[str, Meta(pattern=r"^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}\Z")]
Bic = Annotated[str, Meta(pattern=r"^[A-Z0-9]{8}([A-Z0-9]{3})?\Z")]
Cents = Annotated[str, Meta(pattern=r"^-?[1-9][0-9]{0,14}\Z")]
Part = Annotated[str, Meta(pattern=r"^[A-Z0-9]{4}\Z")]
Short = Annotated[str, Meta(max_length=35)]
Text = Annotated[str, Meta(max_length=140)]


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account; `opening` is in cents."""

    opening: Annotated[str, Meta(pattern=r"^-?[0-9]{1,15}\Z")] = "0"
    participant: Bic | None = None
    servicer: Annotated[str, Meta(min_length=1, max_length=140)] = "Sandbox bank"


class NewOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order from or to an account; `amount` is in cents, negative for a debit.

    Attributes:
        value_days: the value date less the booking date.
        is_reversal: whether it takes an earlier entry back.
    """

    amount: Cents
    iban: Iban
    name: Text = ""
    end_to_end_id: Short = ""
    remittance: Text = ""
    reference: Short = ""
    code: tuple[Part, Part, Part] = ("PMNT", "RCDT", "ESCT")
    value_days: Annotated[int, Meta(ge=-30, le=30)] = 0
    is_reversal: bool = False

    def on(self, today: date) -> Booked:
        """The entry that it makes of a day."""
        return Booked(
            amount=int(self.amount),
            booking_date=today,
            value_date=today + timedelta(self.value_days),
            reference=self.reference,
            code=self.code,
            name=self.name,
            iban=self.iban,
            end_to_end_id=self.end_to_end_id,
            remittance=self.remittance,
            is_reversal=self.is_reversal,
        )


class NewBehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misbehaviour of the next day's statement."""

    misbehaviour: Misbehaviour


class Desk:
    """Handles requests to the bank."""

    def __init__(self, bank: StatementBank) -> None:
        self._bank = bank

    async def __call__(self, request: Request) -> Reply:
        """Answer a request."""
        self._bank.turn()
        parts = request.path.strip("/").split("/")
        try:
            if parts[0] == "admin":
                return self._command(request.method, parts[1:], request.body)
            if request.method == "GET" and parts[0] == "accounts":
                return self._fetch(parts[1:])
        except KeyError:
            pass  # of an account or a message that is not there
        except (msgspec.DecodeError, ValueError) as wrong:
            return _json({"wrong": str(wrong)}, HTTPStatus.BAD_REQUEST)
        return Reply(status=HTTPStatus.NOT_FOUND)

    def _command(self, method: str, path: list[str], body: bytes) -> Reply:
        bank = self._bank
        match (method, path):
            case ("PUT", ["accounts", iban]):
                known, new = msgspec.convert(iban, Iban), _read(body, NewAccount)
                account = bank.open(known, new.servicer, int(new.opening), new.participant)
                return _json(_shown(account))
            case ("POST", ["accounts", iban, "orders"]):
                booked = bank.order(iban, _read(body, NewOrder).on(bank.today))
                return _json({"reference": booked.reference, "booked_on": booked.booking_date})
            case ("POST", ["accounts", iban, "behaviours"]):
                new_behaviour = _read(body, NewBehaviour)
                bank.accounts[iban].misbehaviours.append(new_behaviour.misbehaviour)
            case ("POST", ["days"]):
                bank.end_day()
            case _:
                return Reply(status=HTTPStatus.NOT_FOUND)
        return _json({})

    def _fetch(self, path: list[str]) -> Reply:
        bank = self._bank
        match path:
            case [iban]:
                return _json(_shown(bank.accounts[iban]))
            case [iban, "report"]:
                return Reply(bank.report(iban))
            case [iban, "statements", number]:
                published = bank.accounts[iban].published
                if not 0 < int(number) <= len(published):
                    raise KeyError(number)
                return Reply(published[int(number) - 1].content)
            case [iban, "notifications", number]:
                return Reply(bank.notification(iban, int(number)))
            case _:
                return Reply(status=HTTPStatus.NOT_FOUND)


def _shown(account: Account) -> dict[str, object]:
    return {
        "iban": account.iban,
        "balance": str(account.balance),
        "statements": [{"number": each.number, "id": each.id} for each in account.published],
        "notifications": len(account.notified),
    }


def _read(body: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(body, type=kind)


def _json(content: object, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(msgspec.json.encode(content), status, media_type="application/json")
