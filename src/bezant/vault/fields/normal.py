"""Values in the one form in which they are looked up: whatever is equal has equal digests."""

import re
import unicodedata
from typing import Final

from bezant.kernel.ibans import electronic, is_iban
from bezant.kernel.sealed import Normal
from bezant.vault.fields.errors import FieldValueRefused

_EMAIL_CHARACTERS_MAX: Final = 254
"""RFC 3696, erratum 1690: a path of 256 octets (RFC 5321, 4.5.3.1.3) without its brackets."""

_LOCAL_CHARACTERS_MAX: Final = 64
_LOCAL: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]+")
_LABEL: Final = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")

_PHONE_AS_TYPED: Final = re.compile(r"\+[0-9 ().\-/]+")
_NO_DIGIT: Final = re.compile(r"[^0-9]")
_PHONE: Final = re.compile(r"[1-9][0-9]{6,14}")

_GAPS: Final = re.compile(r"[\s.\-/]+")
_TAX_ID: Final = re.compile(r"[A-Z0-9]{5,20}")


def normal_email(text: str, *, folds_local_part: bool = True) -> str:
    """An e-mail address.

    The domain is folded to lower case, as names of hosts are equal in either. RFC 5321 (2.4) leaves
    the local part to its host; hosts that tell `Alice` from `alice` are hardly to be found, so a
    field folds it unless it is declared otherwise. Dots and `+tags` are kept: only some hosts
    ignore them.

    Raises:
        FieldValueRefused: no address at a host with a name.
    """
    typed, at, host = unicodedata.normalize("NFKC", text.strip()).rpartition("@")
    local, domain = _folded(typed) if folds_local_part else typed, _folded(host)
    if (
        not at
        or len(local) + len(at) + len(domain) > _EMAIL_CHARACTERS_MAX
        or len(local) > _LOCAL_CHARACTERS_MAX
        or not _LOCAL.fullmatch(local)
        or not _DOMAIN.fullmatch(domain)
    ):
        raise FieldValueRefused("It is not an e-mail address.")
    return f"{local}@{domain}"


def _folded(text: str) -> str:
    """Without case and compatibility variants: the Unicode Standard, section 3.13, D146."""
    decomposed = unicodedata.normalize("NFD", text).casefold()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", decomposed).casefold())


def normal_phone(text: str) -> str:
    """A telephone number as E.164 has it: `+` and 7 to 15 digits with the country's code.

    A trunk zero in brackets, as in `+44 (0)20`, is not dialled from abroad and left out.

    Raises:
        FieldValueRefused: without a country's code, or of another length.
    """
    typed = unicodedata.normalize("NFKC", text.strip()).replace("(0)", "")
    digits = _NO_DIGIT.sub("", typed)
    if not _PHONE_AS_TYPED.fullmatch(typed) or not _PHONE.fullmatch(digits):
        raise FieldValueRefused("It is not a telephone number with its country's code.")
    return f"+{digits}"


def normal_iban(text: str) -> str:
    """An IBAN as machines write it.

    Raises:
        FieldValueRefused: unknown country, another length, or wrong check digits.
    """
    iban = electronic(text)
    if not is_iban(iban):
        raise FieldValueRefused("It is not an IBAN.")
    return iban


def normal_tax_id(text: str) -> str:
    """A tax identifier: letters in upper case and digits, without what stands between them.

    Each country has its own check digits; of all of them only what they share is asked for.

    Raises:
        FieldValueRefused: too short, too long, without a digit, or of other characters.
    """
    tax_id = _GAPS.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not _TAX_ID.fullmatch(tax_id) or not any(each.isdigit() for each in tax_id):
        raise FieldValueRefused("It is not a tax identifier.")
    return tax_id


def normalised(form: Normal, value: str) -> str:
    """The value in the form of an index.

    Raises:
        FieldValueRefused: it has not that form.
    """
    match form:
        case Normal.EMAIL:
            return normal_email(value)
        case Normal.PHONE:
            return normal_phone(value)
        case Normal.IBAN:
            return normal_iban(value)
        case Normal.TAX_ID:
            return normal_tax_id(value)
