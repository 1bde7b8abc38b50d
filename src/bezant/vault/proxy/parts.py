"""The parts of what tokens stand for, as placeholders name them."""

from collections.abc import Sequence
from typing import Final

from bezant.vault.proxy.errors import TemplateRefused
from bezant.vault.proxy.templates import Placeholder
from bezant.vault.tokens import TokenRow, Values

CVC: Final = "cvc"

_SORT_CODE_DIGITS: Final = 6
_OF_CARDS: Final = frozenset(
    {"", "number", "expiry_month", "expiry_year", "expiry_year_short", "holder", CVC}
)


def require_parts(row: TokenRow, places: Sequence[Placeholder]) -> None:
    """Look that a token has what the placeholders name.

    Raises:
        TemplateRefused: it has not.
    """
    if row.kind == "card":
        has = _OF_CARDS if row.holder_reference else _OF_CARDS - {"holder"}
    elif row.kind == "value":
        has = frozenset({"", "text"})
    else:
        of_uk = frozenset({"sort_code", "account_number"})
        has = frozenset({"", "iban"}) if row.name == "iban" else of_uk
    for place in places:
        if place.member not in has:
            raise TemplateRefused(f"A {row.kind} has no {place.member or 'main part'}.")


def part_of(values: Values, member: str) -> str:
    """A part of what a token stands for, other than the CVC."""
    year, _, month = (values.expiry or "").partition("-")
    parts = {
        "expiry_month": month,
        "expiry_year": year,
        "expiry_year_short": year[-2:],
        "holder": values.holder or "",
        "sort_code": values.text[:_SORT_CODE_DIGITS],
        "account_number": values.text[_SORT_CODE_DIGITS:],
    }
    return parts.get(member, values.text)
