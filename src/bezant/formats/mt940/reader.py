"""Reading an MT940 file as a stream of statements and their lines.

A statement may come in several messages (pages): the first opens with `:60F:`, those between close
and open with `:62M:` and `:60M:`, the last closes with `:62F:`. They are one statement here.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from bezant.formats.bank_statement import (
    Part,
    StatementClosed,
    StatementLine,
    StatementOpened,
    StatementUnreadable,
    known_reference,
)
from bezant.formats.iso4217 import scale_of
from bezant.formats.mt940.lines import Balance, balance, movement
from bezant.formats.mt940.purpose import Purpose, purpose
from bezant.formats.mt940.source import Field, read_fields
from bezant.kernel.money import format_units

# Available balances and others that say nothing of the lines.
_PASSED_OVER: Final = frozenset({"13D", "34F", "64", "65", "90D", "90C", "21"})


def read_mt940(source: BinaryIO) -> Iterator[Part]:
    """The parts of an MT940 file, in the file's order. Memory holds one line at a time.

    Raises:
        StatementUnreadable: not MT940, or not a sound one: naming the line and the tag.
    """
    reading = _Reading()
    for field in read_fields(source):
        yield from reading.take(field)
    yield from reading.end()


class _Reading:
    """The state of one pass."""

    def __init__(self) -> None:
        self._heads: dict[str, Field] = {}
        self._opened: StatementOpened | None = None
        self._interim: tuple[Field, Balance, str] | None = None
        self._line: tuple[Field, StatementLine] | None = None
        self._has_text = False
        self._is_open = False
        self._no = self._statements = self._last_at = 0

    def take(self, field: Field) -> Iterator[Part]:
        """What is complete once this field is read."""
        self._last_at = field.at
        match field.tag:
            case "20" | "25" | "28C" | "28" | "25P":
                yield from self._head(field)
            case "60F" | "60M":
                yield from self._open(field)
            case "61":
                yield from self._flush()
                self._read_line(field)
            case "86":
                self._read_text(field)
            case "62F" | "62M":
                yield from self._flush()
                yield from self._close(field)
            case "":
                self._end_message(field)
            case _ if field.tag in _PASSED_OVER:
                pass
            case _:
                raise field.refusal("This tag is none of MT940.")

    def end(self) -> Iterator[Part]:
        """What is complete once the file has ended."""
        yield from self._end_interim()
        if not self._statements:
            raise StatementUnreadable(max(self._last_at, 1), "-", "It holds no statement (:60F:).")

    def _head(self, field: Field) -> Iterator[Part]:
        if self._is_open:
            raise field.refusal("The statement before it has no closing balance (:62F:).")
        if field.tag == "20":
            self._heads = {}
        self._heads[field.tag[:2]] = field
        return iter(())

    def _open(self, field: Field) -> Iterator[Part]:
        if self._is_open:
            raise field.refusal("The statement before it has no closing balance (:62F:).")
        for tag in ("20", "25", "28"):
            if tag not in self._heads:
                raise field.refusal(f"The message has no :{tag}{'C' if tag == '28' else ''}:.")
        found = balance(field)
        self._is_open = True
        if field.tag == "60M" and self._interim is not None and self._continues(field, found):
            self._interim = None
            return
        yield from self._end_interim()
        number, _, _ = self._heads["28"].lines[0].partition("/")
        self._opened = StatementOpened(
            at=self._heads["20"].at,
            id=self._heads["20"].lines[0].strip(),
            number=number.strip(),
            account=self._account,
            currency=found.currency,
            opening=found.stated,
        )
        self._no = 0
        self._statements += 1
        yield self._opened

    @property
    def _account(self) -> str:
        return self._heads["25"].lines[0].strip()

    @property
    def _number(self) -> str:
        return self._heads["28"].lines[0].partition("/")[0].strip()

    def _continues(self, field: Field, found: Balance) -> bool:
        """Whether a page goes on where the one before ended."""
        assert self._interim is not None
        assert self._opened is not None
        _, before, number = self._interim
        if number != self._number or self._opened.account != self._account:
            return False
        if before.currency != found.currency or before.stated.amount != found.stated.amount:
            scale = scale_of(before.currency)
            raise field.refusal(
                f"The page before ended with {format_units(before.stated.amount, scale)}"
                f" {before.currency}; this one begins with"
                f" {format_units(found.stated.amount, scale_of(found.currency))} {found.currency}."
            )
        return True

    def _read_line(self, field: Field) -> None:
        if not self._is_open or self._opened is None:
            raise field.refusal("A line stands before the opening balance (:60F:).")
        found = movement(field, self._opened.currency)
        self._has_text = False
        if found is None:
            return
        self._no += 1
        line = StatementLine(
            at=field.at,
            no=self._no,
            booking_date=found.booking_date,
            value_date=found.value_date,
            amount=found.amount,
            is_reversal=found.is_reversal,
            code=found.code,
            reference=known_reference(found.reference),
            servicer_reference=known_reference(found.servicer_reference),
            remittance=found.details,
        )
        self._line = (field, line)

    def _read_text(self, field: Field) -> None:
        """A `:86:` belongs to the line before it; after the closing balance, to the statement."""
        if self._line is None or not self._is_open:
            return
        if self._has_text:
            raise field.refusal("The line has a :86: already.")
        self._has_text = True
        at, line = self._line
        self._line = (at, _with_purpose(line, purpose(field.lines)))

    def _flush(self) -> Iterator[Part]:
        if self._line is not None:
            yield self._line[1]
            self._line = None

    def _close(self, field: Field) -> Iterator[Part]:
        if not self._is_open or self._opened is None:
            raise field.refusal("A closing balance without an opening one (:60F:).")
        found = balance(field)
        if found.currency != self._opened.currency:
            raise field.refusal(
                f"It is in {found.currency}, the opening balance in {self._opened.currency}."
            )
        self._is_open = False
        if field.tag == "62M":
            self._interim = (field, found, self._number)
        else:
            yield StatementClosed(field.at, found.stated)

    def _end_interim(self) -> Iterator[Part]:
        """A statement whose last page is not here ends with what it has."""
        if self._interim is not None:
            field, found, _ = self._interim
            self._interim = None
            yield StatementClosed(field.at, found.stated)

    def _end_message(self, field: Field) -> None:
        if self._is_open:
            raise StatementUnreadable(
                field.at, ":62F:", "The message ends without a closing balance."
            )


def _with_purpose(line: StatementLine, told: Purpose) -> StatementLine:
    texts = filter(None, (told.remittance, line.remittance))
    return StatementLine(
        at=line.at,
        no=line.no,
        booking_date=line.booking_date,
        value_date=line.value_date,
        amount=line.amount,
        is_reversal=line.is_reversal,
        code=line.code,
        reference=line.reference or known_reference(told.reference),
        servicer_reference=line.servicer_reference,
        end_to_end_id=known_reference(told.end_to_end_id),
        remittance="\n".join(texts),
        counterparty_name=told.name,
        counterparty_account=told.account,
    )
