"""Bank accounts as they arrive: IBAN (ISO 13616), and the British sort code and account number."""

import re
from dataclasses import dataclass
from typing import Final

from bezant.kernel.ibans import LENGTHS, is_iban
from bezant.kernel.telemetry import Sensitive
from bezant.vault.tokens.errors import AccountNumberRefused

_GAPS: Final = str.maketrans("", "", " -")
_SORT_CODE: Final = re.compile(r"[0-9]{2}([ -]?)[0-9]{2}\1[0-9]{2}")
_UK_ACCOUNT: Final = re.compile(r"[0-9]{6,8}")
_UK_ACCOUNT_DIGITS: Final = 8


@dataclass(frozen=True, slots=True, repr=False)
class UkAccount(Sensitive):
    """An account in the United Kingdom. It has no `repr`."""

    sort_code: str
    account_number: str


def parse_iban(text: str, *, field: str) -> str:
    """Read an IBAN as people write it, in groups and in either case.

    Raises:
        AccountNumberRefused: unknown country, another length, or wrong check digits.
    """
    iban = text.translate(_GAPS).upper()
    if is_iban(iban):
        return iban
    if iban[:2] not in LENGTHS:
        raise AccountNumberRefused("An IBAN begins with the code of its country.", field=field)
    if len(iban) != LENGTHS[iban[:2]]:
        raise AccountNumberRefused("IBANs of this country have another length.", field=field)
    raise AccountNumberRefused("The check digits of the IBAN are wrong.", field=field)


def parse_uk_account(sort_code: str, account_number: str, *, field: str) -> UkAccount:
    """Read a sort code (`12-34-56`) and an account number.

    Their check digits differ by bank and by year (VocaLink's modulus tables), so that only their
    form is checked: 6 digits, and 8, of which the leading ones may be missing zeros.

    Raises:
        AccountNumberRefused: of another form.
    """
    if not _SORT_CODE.fullmatch(sort_code):
        raise AccountNumberRefused("A sort code is three pairs of digits.", field=field)
    if not _UK_ACCOUNT.fullmatch(account_number):
        raise AccountNumberRefused("A British account number has 6 to 8 digits.", field=field)
    return UkAccount(sort_code.translate(_GAPS), account_number.zfill(_UK_ACCOUNT_DIGITS))
