"""Account numbers by country: drawn at random, with every check digit that the country asks for.

Numbers are not counted up: whoever has one account must not be able to name the others.
"""

from dataclasses import dataclass
from random import Random
from typing import Final, Self

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from bezant.kernel.telemetry import Sensitive

_TRIES_MAX: Final = 100
_US: Final = "US"
_ROUTING_DIGITS: Final = 9
_US_ACCOUNT_DIGITS: Final = 10


class NoSuchNumber(Exception):  # noqa: N818 - there is none
    """The country has no such account numbers, or none with this bank code."""


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

    Raises:
        NoSuchNumber: see there.
    """
    if country == _US:
        return _draw_american(bank_code, dice)
    given = {"bank_code": bank_code}
    if branch_code:
        given["branch_code"] = branch_code
    for _ in range(_TRIES_MAX):
        try:
            drawn = IBAN.random(country_code=country, random=dice, use_registry=False, **given)
            IBAN(str(drawn), validate_bban=True)
        except (SchwiftyException, ValueError, KeyError):
            continue
        if drawn.bank_code != bank_code or (branch_code and drawn.branch_code != branch_code):
            break  # it was cut to the country's length
        return AccountNumber.of_iban(str(drawn))
    raise NoSuchNumber(f"{country} has no account numbers under {bank_code} {branch_code}".strip())


def _draw_american(routing: str, dice: Random) -> AccountNumber:
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


def is_iban(text: str) -> bool:
    """Whether a text is a valid IBAN, its country's own check digits included."""
    try:
        IBAN(text, validate_bban=True)
    except (SchwiftyException, ValueError):
        return False
    return True


def is_bic_of(bic: str, country: str) -> bool:
    """Whether a text has the form of a BIC (ISO 9362) of a country."""
    try:
        return BIC(bic).country_code == country
    except (SchwiftyException, ValueError):
        return False
