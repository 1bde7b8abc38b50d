"""What a bank's CSV means, declared by whoever sends it."""

import re
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

Column = Annotated[
    str, Meta(min_length=1, max_length=100, description="The heading; without headings its number.")
]
DATE_PARTS: Final = re.compile(r"YYYY|YY|MM|DD")


class Columns(Struct, frozen=True, forbid_unknown_fields=True):
    """Which column is what. The amount is one signed column, or one for each direction.

    Attributes:
        amount: signed, credit positive.
        credit: what came in, where amounts are in two columns.
        debit: what went out, where amounts are in two columns; its sign says nothing.
        balance: after the line.
    """

    booking_date: Column
    value_date: Column | None = None
    amount: Column | None = None
    credit: Column | None = None
    debit: Column | None = None
    balance: Column | None = None
    currency: Column | None = None
    code: Column | None = None
    reference: Column | None = None
    servicer_reference: Column | None = None
    end_to_end_id: Column | None = None
    remittance: Column | None = None
    counterparty_name: Column | None = None
    counterparty_account: Column | None = None

    def __post_init__(self) -> None:
        """One way of telling amounts.

        Raises:
            ValueError: none or both.
        """
        is_split = self.credit is not None and self.debit is not None
        is_half = (self.credit is None) != (self.debit is None)
        if is_half or is_split == (self.amount is not None):
            raise ValueError("Invalid field `amount`: give it, or `credit` and `debit`")


class CsvMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """How to read the file. Quotes are `"`, doubled within a quoted text (RFC 4180).

    Attributes:
        currency: of the lines; a column of currencies has to agree.
        date_format: of `YYYY` or `YY`, `MM` and `DD`, and what stands between.
        lines_before: how many stand before the headings, or before the first row.
        newest_first: whether the rows go back in time.
    """

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
    columns: Columns
    delimiter: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    date_format: Annotated[str, Meta(max_length=20)] = "YYYY-MM-DD"
    encoding: Literal["utf-8", "iso-8859-1", "windows-1252", "utf-16"] = "utf-8"
    has_headings: bool = True
    lines_before: Annotated[int, Meta(ge=0, le=100)] = 0
    newest_first: bool = False

    def __post_init__(self) -> None:
        """What cannot be read otherwise.

        Raises:
            ValueError: a date without one of its parts, or one sign for two things.
        """
        parts = sorted(part[0] for part in DATE_PARTS.findall(self.date_format))
        if parts != ["D", "M", "Y"]:
            raise ValueError("Invalid field `date_format`: it has a year, a month and a day, once")
        if self.thousands == self.decimal:
            raise ValueError("Invalid field `thousands`: it is the decimal sign already")
