"""Account numbers by country: drawn at random, with every check digit that has a place in them.

Numbers are not counted up: whoever has one account must not be able to name the others. Where the
check digits of a country cannot be computed here, no numbers are drawn. Rules that differ by bank
are followed in Germany alone: those of sort codes in the United Kingdom stand in tables of Vocalink
which are not here. The Netherlands ask for no remainder by eleven any more.
"""

from dataclasses import dataclass
from random import Random
from typing import Final, Self

from schwifty import BIC, IBAN
from schwifty.checksum import algorithms
from schwifty.domain import Component
from schwifty.exceptions import SchwiftyException
from schwifty.registry import get_iban_spec

from bezant.banking.institutions import national
from bezant.kernel.telemetry import Sensitive

_TRIES_MAX: Final = 100
_US: Final = "US"
_ROUTING_DIGITS: Final = 9
_US_ACCOUNT_DIGITS: Final = 10

_PREFIXED: Final = frozenset({"CZ", "SK"})
"""Where the digits that schwifty calls a branch are the first ones of the customer's number."""

_OF_OTHERS: Final = (Component.ACCOUNT_HOLDER_ID, Component.CURRENCY_CODE)
"""What nobody gives: drawn, it would name another person or another currency."""


class NoSuchNumber(Exception):  # noqa: N818 - there is none
    """The country has no such account numbers, or none with this bank code.

    Attributes:
        part: what of a number was given wrongly.
    """

    def __init__(self, why: str, part: str = "bank_code") -> None:
        super().__init__(why)
        self.part = part


@dataclass(frozen=True, slots=True, repr=False)
class AccountNumber(Sensitive):
    """An account number in the forms that its country knows.

    Attributes:
        iban: None where the country has none.
        bban: the country's own form, in one piece.
        bank_code: or the routing number.
        branch_code: or the sort code; empty where the country has none.
        account_code: the rest, with its check digits.
    """

    country: str
    iban: str | None
    bban: str
    bank_code: str
    branch_code: str
    account_code: str

    @classmethod
    def of_iban(cls, text: str) -> Self:
        """The forms of a valid IBAN."""
        iban = IBAN(text)
        return cls(
            iban.country_code,
            str(iban),
            str(iban.bban),
            iban.bank_code,
            iban.branch_code,
            iban.account_code,
        )

    @property
    def identity(self) -> str:
        """What no other account has."""
        return self.iban or f"{self.country}{self.bban}"


def draw_number(country: str, bank_code: str, branch_code: str, dice: Random) -> AccountNumber:
    """A valid number under a bank code: an IBAN (ISO 13616), or routing and account number.

    Only what the bank may choose is drawn. A branch that nobody named would be another bank's.

    Raises:
        NoSuchNumber: see there.
    """
    if country == _US:
        return _draw_american(bank_code, branch_code, dice)
    _check_parts(country, branch_code)
    given = {"bank_code": bank_code}
    if branch_code:
        given["branch_code"] = branch_code
    for _ in range(_TRIES_MAX):
        try:
            drawn = IBAN.random(country_code=country, random=dice, use_registry=False, **given)
            if country in national.COUNTRIES:
                drawn = IBAN.from_bban(country, national.completed(country, str(drawn.bban)))
            else:
                IBAN(str(drawn), validate_bban=True)
        except (SchwiftyException, ValueError, KeyError):
            continue
        if drawn.bank_code != bank_code or (branch_code and drawn.branch_code != branch_code):
            break  # it was cut to the country's length, or has another check digit
        return AccountNumber.of_iban(str(drawn))
    raise NoSuchNumber(f"{country} has no account numbers under {bank_code} {branch_code}".strip())


def _check_parts(country: str, branch_code: str) -> None:
    try:
        parts = get_iban_spec(country).positions
    except SchwiftyException:
        raise NoSuchNumber(f"{country} has no account numbers that are known here.") from None
    for part in _OF_OTHERS:
        if not parts[part].is_empty:
            raise NoSuchNumber(f"Numbers of {country} have a {part}, which is nobody's to draw.")
    has_checks = not parts[Component.NATIONAL_CHECKSUM_DIGITS].is_empty
    if has_checks and country not in national.COUNTRIES and f"{country}:default" not in algorithms:
        raise NoSuchNumber(f"The check digits in numbers of {country} are not known here.")
    has_branch = not parts[Component.BRANCH_CODE].is_empty and country not in _PREFIXED
    if has_branch and not branch_code:
        raise NoSuchNumber(f"Numbers of {country} have a branch code.", part="branch_code")


def _draw_american(routing: str, branch_code: str, dice: Random) -> AccountNumber:
    if branch_code:
        raise NoSuchNumber("Numbers of US have no branch code.", part="branch_code")
    if not is_routing_number(routing):
        raise NoSuchNumber(f"{routing} is no routing number.")
    account = "".join(str(dice.randrange(10)) for _ in range(_US_ACCOUNT_DIGITS))
    return AccountNumber(_US, None, routing + account, routing, "", account)


def is_routing_number(text: str) -> bool:
    """Whether a text is a routing number with its check digit (ABA, weights 3, 7 and 1)."""
    if len(text) != _ROUTING_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    weights = (3, 7, 1) * 3
    return sum(weight * int(digit) for weight, digit in zip(weights, text, strict=True)) % 10 == 0


def is_bic_of(bic: str, country: str) -> bool:
    """Whether a text has the form of a BIC (ISO 9362) of a country."""
    try:
        return BIC(bic).country_code == country
    except (SchwiftyException, ValueError):
        return False
