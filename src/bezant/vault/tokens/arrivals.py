"""What comes to be tokenized: read, checked, in the form in which it is kept and compared."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from bezant.kernel.telemetry import Sensitive
from bezant.vault.tokens.accounts import parse_iban, parse_uk_account
from bezant.vault.tokens.cards import CardNumber, check_expiry, check_holder, parse_card_number
from bezant.vault.tokens.errors import NeverErasedRequired, TokenFormatRefused
from bezant.vault.tokens.schemas import (
    BankAccount,
    CardNumberOnly,
    NamedValue,
    NewCard,
    NewToken,
    TokenFormat,
    TokenKind,
    TokenSearch,
)

_FORMATS: Final[dict[TokenKind, frozenset[TokenFormat]]] = {
    "card": frozenset({"opaque", "card", "card_bin", "ff1"}),
    "bank_account": frozenset({"opaque", "shaped", "ff1"}),
    "value": frozenset({"opaque", "shaped", "ff1"}),
}

# The date where it is latest on earth begins twelve hours after that of UTC.
_LAST_ZONE: Final = timedelta(hours=12)

_LAST_FOUR: Final = 4


@dataclass(frozen=True, slots=True, repr=False)
class Thing(Sensitive):
    """A value of a kind, as it is sealed and as it is compared.

    Attributes:
        name: of a value, what it is; of an account, `iban` or `uk`; of a card, empty.
        text: in its one form.
        card: the number with what it tells.
        last_four: what may be shown of it.
    """

    kind: TokenKind
    name: str
    text: str
    card: CardNumber | None = None
    last_four: str | None = None

    @property
    def domain(self) -> str:
        """What its fingerprint is for."""
        return ".".join(filter(None, ("fingerprint", self.kind, self.name)))


@dataclass(frozen=True, slots=True, repr=False)
class Arrival(Sensitive):
    """What is to be tokenized, and how.

    Attributes:
        expiry: a card's last month, as `YYYY-MM`.
        cvc: never sealed, never written.
    """

    thing: Thing
    subject_id: UUID
    format: TokenFormat
    is_single_use: bool
    expires_at: datetime | None
    expiry: str | None = None
    holder: str | None = None
    cvc: str | None = None


def read_arrival(new: NewToken, at: datetime) -> Arrival:
    """Check what came.

    Raises:
        Refusal: it is no card, no account, or its format is not for it.
    """
    thing = _thing(new)
    if new.format not in _FORMATS[thing.kind]:
        raise TokenFormatRefused(f"A {thing.kind} has no such tokens.", field="format")
    if new.format == "ff1" and not new.never_erased:
        raise NeverErasedRequired("Declare that it is never erased.", field="never_erased")
    expires_at = None if new.ttl_s is None else at + timedelta(seconds=new.ttl_s)
    expiry = holder = cvc = None
    if new.card is not None:
        expiry = _expiry(new.card, (at - _LAST_ZONE).date())
        if new.card.holder is not None:
            holder = check_holder(new.card.holder, field="card.holder")
        cvc = new.card.cvc
    return Arrival(
        thing, new.subject_id, new.format, new.single_use, expires_at, expiry, holder, cvc
    )


def read_search(search: TokenSearch) -> Thing:
    """The value that is searched for.

    Raises:
        Refusal: it is no card or no account.
    """
    return _thing(search)


def _thing(asked: NewToken | TokenSearch) -> Thing:
    if asked.card is not None:
        return _card(asked.card)
    if asked.bank_account is not None:
        return _account(asked.bank_account)
    assert asked.value is not None
    return _value(asked.value)


def _card(card: NewCard | CardNumberOnly) -> Thing:
    number = parse_card_number(card.number, field="card.number")
    return Thing("card", "", number.digits, number, number.last_four)


def _account(account: BankAccount) -> Thing:
    if account.iban is not None:
        iban = parse_iban(account.iban, field="bank_account.iban")
        return Thing("bank_account", "iban", iban, last_four=iban[-_LAST_FOUR:])
    assert account.sort_code is not None
    assert account.account_number is not None
    uk = parse_uk_account(account.sort_code, account.account_number, field="bank_account.sort_code")
    text = uk.sort_code + uk.account_number
    return Thing("bank_account", "uk", text, last_four=text[-_LAST_FOUR:])


def _value(value: NamedValue) -> Thing:
    return Thing("value", value.name, value.text)


def _expiry(card: NewCard, today: date) -> str:
    last = check_expiry(card.expiry_year, card.expiry_month, today, field="card.expiry_year")
    return f"{last.year:04}-{last.month:02}"
