"""Writing MT940 files, as banks do: the counterpart of the reader under test."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from bezant.formats.iso4217 import scale_of


@dataclass(frozen=True)
class Line:
    """A line of a statement; amounts are signed minor units."""

    amount: int
    booked: date
    valued: date | None = None
    reference: str = "NONREF"
    servicer: str = ""
    code: str = "NTRF"
    details: str = ""
    text: tuple[str, ...] = ()
    is_reversal: bool = False
    has_entry_date: bool = True
    funds: str = ""

    def written(self, currency: str) -> list[str]:
        """A reversal is marked by what it takes back: `RD` gives a debit back."""
        is_credit = self.amount > 0
        mark = f"R{'D' if is_credit else 'C'}" if self.is_reversal else "C" if is_credit else "D"
        valued = self.valued or self.booked
        servicer = f"//{self.servicer}" if self.servicer else ""
        entry = f"{self.booked:%m%d}" if self.has_entry_date else ""
        amount = f"{mark}{self.funds}{decimal(abs(self.amount), currency)}"
        lines = [f":61:{valued:%y%m%d}{entry}{amount}{self.code}{self.reference}{servicer}"]
        if self.details:
            lines.append(self.details)
        if self.text:
            lines += [f":86:{self.text[0]}", *self.text[1:]]
        return lines


@dataclass(frozen=True)
class Swift:
    """A statement."""

    lines: Sequence[Line]
    opening: int = 0
    day: date = date(2026, 3, 2)
    closing_day: date | None = None
    currency: str = "EUR"
    id: str = "STARTUMS"
    number: str = "49"
    account: str = "10020030/1234567"
    pages: Sequence[int] = ()
    end: str = "-"
    newline: str = "\r\n"
    missing: int = 0
    tail: Sequence[str] = field(default_factory=tuple)

    @property
    def closing(self) -> int:
        return self.opening + sum(line.amount for line in self.lines)

    def balance(self, tag: str, amount: int, day: date) -> str:
        mark = "D" if amount < 0 else "C"
        return f":{tag}:{mark}{day:%y%m%d}{self.currency}{decimal(abs(amount), self.currency)}"

    def written(self) -> bytes:
        """The file; `missing` is added to the closing balance, to have it wrong."""
        starts = [0, *self.pages]
        ends = [*self.pages, len(self.lines)]
        closing_day = self.closing_day or max([line.booked for line in self.lines] or [self.day])
        found: list[str] = []
        amount = self.opening
        for page, (start, end) in enumerate(zip(starts, ends, strict=True), 1):
            first, last = page == 1, page == len(starts)
            found += [
                f":20:{self.id}",
                f":25:{self.account}",
                f":28C:{self.number}/{page:03}",
                self.balance("60F" if first else "60M", amount, self.day),
            ]
            for line in self.lines[start:end]:
                found += line.written(self.currency)
                amount += line.amount
            told = amount + (self.missing if last else 0)
            found += [self.balance("62F" if last else "62M", told, closing_day), *self.tail]
            if self.end:
                found.append(self.end)
        return "".join(text + self.newline for text in found).encode()


def decimal(amount: int, currency: str) -> str:
    """An amount with its decimal comma."""
    scale = scale_of(currency)
    digits = str(amount).rjust(scale + 1, "0")
    return f"{digits[:-scale]},{digits[-scale:]}" if scale else f"{digits},"
