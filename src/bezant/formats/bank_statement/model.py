"""Statements as a stream of parts: each is opened, has lines, and is closed.

Amounts are integers of minor units at the currency's ISO 4217 scale; credit on the owner's account
is positive.
"""

from datetime import date
from typing import Final

from msgspec import Struct

# What banks write where there is no reference, in the formats' own words.
_NO_REFERENCE: Final = frozenset({"NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOREF", "KEINE"})


def known_reference(text: str) -> str:
    """The reference, or nothing where the text only says that there is none."""
    text = text.strip()
    return "" if text.upper() in _NO_REFERENCE else text


class StatedBalance(Struct, frozen=True):
    """A balance as the bank states it, signed, at the end of a day."""

    date: date
    amount: int


class StatementOpened(Struct, frozen=True):
    """A statement begins.

    Attributes:
        at: its line in the file, from 1.
        id: the bank's identifier; empty where the format has none.
        number: the bank's count of statements, such as `49` of a year; empty where not given.
        account: the identifier of the account; it may identify its owner.
        currency: ISO 4217.
        opening: None where the format states none.
    """

    at: int
    id: str
    number: str
    account: str
    currency: str
    opening: StatedBalance | None


class StatementLine(Struct, frozen=True):
    """One booked movement.

    The texts may identify people: whoever keeps them keeps them erasable.

    Attributes:
        at: its line in the file, from 1.
        no: its place in the statement, from 1.
        amount: signed.
        is_reversal: whether it takes an earlier movement back.
        code: the bank's kind of movement, such as `NTRF` or `PMNT.RCDT.ESCT`.
        reference: the owner's own, of the order or of the batch it came in.
        servicer_reference: the bank's.
        end_to_end_id: the ordering party's, carried to the end.
    """

    at: int
    no: int
    booking_date: date
    value_date: date
    amount: int
    is_reversal: bool = False
    code: str = ""
    reference: str = ""
    servicer_reference: str = ""
    end_to_end_id: str = ""
    remittance: str = ""
    counterparty_name: str = ""
    counterparty_account: str = ""


class StatementClosed(Struct, frozen=True):
    """A statement ends.

    Attributes:
        at: the line of its closing balance, or of its end.
        closing: None where the format states none.
        is_explained: whether the reader has checked already that the lines lead to `closing`, by
            rules that its format has of its own.
    """

    at: int
    closing: StatedBalance | None
    is_explained: bool = False


Part = StatementOpened | StatementLine | StatementClosed
