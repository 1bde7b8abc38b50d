"""What every SEPA credit transfer must be: its currency, its amount, its countries, its letters."""

import re
import unicodedata
from typing import Final

from bezant.payments.rails.errors import NotForRail
from bezant.payments.rails.port import Coordinates, Outgoing
from bezant.payments.rails.sepa.participants import Participants, bic_of

EURO: Final = "EUR"
AMOUNT_MAX: Final = 99_999_999_999
"""999,999,999.99: the most that a message of the schemes has room for."""

COUNTRIES: Final = frozenset(
    [
        "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB",
        "GI", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK",
        "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA",
    ]
)  # fmt: skip
"""Whose banks can be reached."""

_NAME_MAX: Final = 70
_REFERENCE_MAX: Final = 35
_REMITTANCE_MAX: Final = 140

# The letters that every bank of the area can read (EPC217-08).
_LATIN: Final = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_TO_LATIN: Final = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l",
        "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "\u0131": "i",
        "ħ": "h", "Ħ": "H", "ŋ": "n", "&": "+", "_": "-", "\u2019": "'", "\u2018": "'",
        "\u2013": "-",
        "\u00a0": " ", ";": ",", "@": "(at)", "#": ".", "*": ".", "€": "EUR",
    }
)  # fmt: skip


def check_transfer(outgoing: Outgoing, participants: Participants) -> None:
    """Refuse what the schemes could never carry out.

    Raises:
        NotForRail: saying which part of the payment does not fit.
    """
    if outgoing.asset != EURO:
        raise NotForRail("The scheme pays in euros.", field="asset")
    if not 0 < outgoing.amount <= AMOUNT_MAX:
        raise NotForRail("The scheme pays from 0.01 to 999,999,999.99 euros.", field="amount")
    participants.of_institution(outgoing.tenant_id, outgoing.institution_id)
    _check_side(outgoing.debtor, "debtor_name")
    _check_side(outgoing.creditor, "creditor.name")
    iban = outgoing.creditor.iban or ""
    if outgoing.creditor.bic is None and bic_of(iban) is None:
        raise NotForRail("Nobody tells the bank of this IBAN.", field="creditor.iban")
    _check_reference(outgoing.end_to_end_id)
    if len(latin(outgoing.remittance or "", "remittance")) > _REMITTANCE_MAX:
        raise NotForRail(f"It has room for {_REMITTANCE_MAX} letters.", field="remittance")


def latin(text: str, field: str) -> str:
    """A text in the letters of the schemes, as near as they come: `Müller` as `Muller`.

    Raises:
        NotForRail: it has letters that have none near them.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_TO_LATIN))
    plain = "".join(each for each in plain if not unicodedata.combining(each))
    if not _LATIN.fullmatch(plain):
        raise NotForRail("It has letters that the scheme does not carry.", field=field)
    return plain


def _check_side(side: Coordinates, field: str) -> None:
    if not 0 < len(latin(side.name, field).strip()) <= _NAME_MAX:
        raise NotForRail(f"A name has from 1 to {_NAME_MAX} letters.", field=field)
    if side.iban is None or side.iban[:2] not in COUNTRIES:
        raise NotForRail("The scheme reaches IBANs of its countries.", field=field)


def _check_reference(text: str) -> None:
    """It reaches the payee unchanged, so that it is refused rather than rewritten."""
    is_plain = _LATIN.fullmatch(text) and text.strip() == text
    if not (is_plain and 0 < len(text) <= _REFERENCE_MAX):
        raise NotForRail("A reference is 35 plain letters at most.", field="end_to_end_id")
    if text.startswith("/") or text.endswith("/") or "//" in text:
        raise NotForRail("A reference has no slash at its ends, nor two.", field="end_to_end_id")
