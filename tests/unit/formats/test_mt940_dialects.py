"""MT940 as banks really write it, and what is refused of it."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bezant.formats.bank_statement import Part, StatementLine, StatementUnreadable, checked
from bezant.formats.mt940 import read_mt940
from swift import Line, Swift

HEAD = ":20:X\n:25:NL1\n:28C:1\n"
OPENING = ":60F:C240101EUR0,\n"


def read(text: str) -> list[Part]:
    return list(checked(read_mt940(io.BytesIO(text.encode()))))


def line(text: str, closing: str) -> StatementLine:
    [_, found, _] = read(f"{HEAD}{OPENING}{text}\n:62F:{closing}\n-")
    assert isinstance(found, StatementLine)
    return found


@pytest.mark.parametrize(
    ("written", "amount", "is_reversal"),
    [("C1,5", 150, False), ("D1,5", -150, False), ("RC1,", -100, True), ("RD1,00", 100, True),
     ("CR1,", 100, False), ("DR1,", -100, False), ("RDR2", 200, True)],
)  # fmt: skip
def test_marks_and_funds_codes(*, written: str, amount: int, is_reversal: bool) -> None:
    sign = "C" if amount > 0 else "D"
    units = f"{abs(amount) // 100},{abs(amount) % 100:02}"
    found = line(f":61:240101{written}NTRFNONREF", f"{sign}240101EUR{units}")
    assert (found.amount, found.is_reversal) == (amount, is_reversal)


@pytest.mark.parametrize(
    ("value", "entry", "booked"),
    [("231229", "0102", date(2024, 1, 2)), ("240102", "1230", date(2023, 12, 30)),
     ("240301", "0229", date(2024, 2, 29)), ("240101", "", date(2024, 1, 1))],
)  # fmt: skip
def test_an_entry_date_is_of_the_nearest_year(value: str, entry: str, booked: date) -> None:
    assert line(f":61:{value}{entry}C1,NTRFX", "C240101EUR1,").booking_date == booked


def test_what_is_only_expected_is_no_line() -> None:
    assert len(read(f"{HEAD}{OPENING}:61:240101EC5,NTRFX\n:62F:C240101EUR0,\n-")) == 2


def test_blocks_of_swift_around_the_text_are_passed_over() -> None:
    text = f"{{1:F01BANK}}{{2:I940}}{{4:\n{HEAD}{OPENING}:62F:C240101EUR0,\n-}}\n"
    assert len(read(text)) == 2


def test_a_subfield_may_break_anywhere_and_another_separator_may_stand() -> None:
    text = ":86:166>00GUT>20EREF+ab>21c KREF+d SVWZ+Invoi>22ce 7\n>32Bo\nb>33 Example>31DE7"
    found = line(f":61:240101C1,NTRFNONREF//B1\n{text}", "C240101EUR1,")
    assert (found.end_to_end_id, found.reference, found.remittance) == ("abc", "d", "Invoice 7")
    assert (found.counterparty_name, found.counterparty_account) == ("Bob Example", "DE7")


@pytest.mark.parametrize(
    ("text", "at", "place"),
    [
        ("", 1, "-"),
        ("hello", 1, "-"),
        (f"{HEAD}{OPENING}-", 5, ":62F:"),
        (f"{HEAD}{OPENING}:61:240101X1,NTRFX\n", 5, ":61:"),
        (f"{HEAD}{OPENING}:61:241301C1,NTRFX\n", 5, ":61:"),
        (f"{HEAD}{OPENING}:61:2401010230C1,NTRFX\n", 5, ":61:"),
        (f"{HEAD}:60F:C240101JPY0,5\n", 4, ":60F:"),
        (f"{HEAD}{OPENING}:62F:C240101USD0,\n", 5, ":62F:"),
        (f":20:X\n:28C:1\n{OPENING}", 3, ":60F:"),
        (f"{HEAD}:61:240101C1,NTRFX\n", 4, ":61:"),
        (f"{HEAD}:99:X\n", 4, ":99:"),
        (f"{HEAD}{OPENING}:62M:C240101EUR0,\n-\n{HEAD}:60M:C240101EUR1,\n", 10, ":60M:"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_tag(text: str, at: int, place: str) -> None:
    with pytest.raises(StatementUnreadable) as refused:
        read(text)
    assert (refused.value.line, refused.value.place) == (at, place)


class Endless(io.RawIOBase):
    """A statement of twenty thousand lines that is never whole in memory."""

    def __init__(self) -> None:
        self._lines = self._written()

    @staticmethod
    def _written() -> Iterator[bytes]:
        yield f"{HEAD}{OPENING}".encode()
        for _ in range(20_000):
            yield b":61:240101C1,NTRFNONREF\n:86:166?00X?20EREF+1?32Somebody\n"
        yield b":62F:C240101EUR20000,\n-\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer
        piece = next(self._lines, b"")
        buffer[: len(piece)] = piece
        return len(piece)


def test_memory_does_not_grow_with_the_file() -> None:
    tracemalloc.start()
    count = sum(1 for _ in checked(read_mt940(io.BufferedReader(Endless()))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_002
    assert peak < 1 << 20


def test_pages_are_one_statement() -> None:
    day = date(2024, 1, 1)
    found = [Line(amount, day) for amount in (1, 2, 3)]
    parts = list(read_mt940(io.BytesIO(Swift(found, pages=[1, 2], day=day).written())))
    assert [type(part).__name__ for part in parts] == [
        "StatementOpened", *["StatementLine"] * 3, "StatementClosed",
    ]  # fmt: skip
