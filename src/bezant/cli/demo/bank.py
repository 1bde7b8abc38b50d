"""The bank: it keeps its own account of the month, and writes a statement of it (MT940)."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from bezant.cli.demo.month import Month
from bezant.kernel.money import format_units

FORGOTTEN: Final = (("Counting of coins", 7_35),)
"""What the bank charges and tells nobody about before its statement: the planted breaks."""

_FORGOTTEN_ON: Final = 28
_SCALE: Final = 2


@dataclass(frozen=True, slots=True)
class BankLine:
    """A line of the statement. `amount` is signed, in cents: what comes in is positive."""

    booked: date
    amount: int
    text: str
    end_to_end_id: str = ""
    reference: str = "NONREF"

    def written(self) -> list[str]:
        """Its fields `:61:` and `:86:`."""
        mark = "C" if self.amount > 0 else "D"
        day = f"{self.booked:%y%m%d}{self.booked:%m%d}"
        id_ = f"/EREF/{self.end_to_end_id}" if self.end_to_end_id else ""
        return [
            f":61:{day}{mark}{_decimal(self.amount)}NTRF{self.reference}",
            f":86:{id_}/REMI/USTD//{self.text}",
        ]


@dataclass(slots=True)
class Bank:
    """What the bank booked on the euro account of the fintech.

    Attributes:
        lines: in the order in which they were booked.
        forgotten: those of them that the books were not told of.
    """

    lines: list[BankLine] = field(default_factory=list)
    forgotten: list[BankLine] = field(default_factory=list)

    def book(self, line: BankLine) -> None:
        """Book what the fintech knows of."""
        self.lines.append(line)

    def charge(self, month: Month) -> None:
        """Take charges that the fintech does not know of yet."""
        for text, amount in FORGOTTEN:
            line = BankLine(month.day(_FORGOTTEN_ON), -amount, text)
            self.lines.append(line)
            self.forgotten.append(line)

    def statement(self, month: Month) -> bytes:
        """The statement of the month, which was the first of the account."""
        closing = sum(line.amount for line in self.lines)
        fields = [
            ":20:STATEMENT",
            ":25:DEMOFRPP/EUR0001",
            ":28C:1/1",
            f":60F:C{month.first:%y%m%d}EUR0,",
            *(text for line in self.lines for text in line.written()),
            f":62F:{'C' if closing >= 0 else 'D'}{month.last:%y%m%d}EUR{_decimal(closing)}",
            "-",
        ]
        return "".join(f"{text}\r\n" for text in fields).encode()


def _decimal(cents: int) -> str:
    """An amount without its sign, with the comma of the format."""
    return format_units(abs(cents), _SCALE).replace(".", ",")
