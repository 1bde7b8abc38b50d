"""What a bank writes as MT940 is read as it was meant."""

import io
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bezant.formats.bank_statement import (
    Part,
    StatementClosed,
    StatementLine,
    StatementOpened,
    StatementUnreadable,
    Unbalanced,
    checked,
)
from bezant.formats.mt940 import read_mt940
from swift import Line, Swift

LETTERS = "ABCXYZ0189"
references = st.builds(
    "{}{}{}".format,
    st.sampled_from(LETTERS),
    st.text(f"{LETTERS} .-", max_size=12),
    st.sampled_from(LETTERS),
)
words = st.builds(
    "{}{}{}".format, st.sampled_from("Ab"), st.text("ab1 .,-", max_size=30), st.just("z")
)
QUICKLY = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
days = st.dates(date(1980, 1, 2), date(2079, 12, 30))


@st.composite
def lines(draw: st.DrawFn) -> Line:
    valued = draw(days)
    booked = valued + timedelta(days=draw(st.integers(-150, 150)))
    has_entry_date = draw(st.booleans())
    end_to_end, remittance, name = draw(references), draw(words), draw(words)
    text = draw(
        st.sampled_from([
            (),
            (remittance,),
            (f"166?00TEXT?20EREF+{end_to_end}", f"?21SVWZ+{remittance[:5]}?22{remittance[5:]}",
             f"?30BIC?31DE1?32{name}"),
            (f"/TRTP/SEPA/IBAN/DE1/NAME/{name}/REMI/USTD//{remittance}/EREF/{end_to_end}",),
        ])
    )  # fmt: skip
    return Line(
        draw(st.integers(-(10**12), 10**12).filter(bool)),
        booked if has_entry_date else valued,
        valued,
        reference=draw(st.just("NONREF") | references),
        servicer=draw(st.just("") | references),
        code=draw(st.sampled_from(["NTRF", "N030", "FCHG", "S103"])),
        details=draw(st.just("") | words),
        text=text,
        is_reversal=draw(st.booleans()),
        has_entry_date=has_entry_date,
        funds=draw(st.sampled_from(["", "R"])),
    )


@st.composite
def statements(draw: st.DrawFn) -> Swift:
    found = draw(st.lists(lines(), max_size=6))
    pages = draw(st.sets(st.integers(1, max(len(found) - 1, 1)), max_size=2)) if found else set()
    return Swift(
        found,
        opening=draw(st.integers(-(10**13), 10**13)),
        day=draw(days),
        currency=draw(st.sampled_from(["EUR", "JPY", "KWD", "CHF"])),
        pages=sorted(page for page in pages if page < len(found)),
        end=draw(st.sampled_from(["-", "", "-}"])),
        newline=draw(st.sampled_from(["\r\n", "\n"])),
        tail=draw(st.sampled_from([(), (":64:C260302EUR1,",), (":86:The statement's own text",)])),
    )


def read(file: bytes) -> list[Part]:
    return list(checked(read_mt940(io.BytesIO(file))))


@QUICKLY
@given(st.lists(statements(), min_size=1, max_size=3))
def test_what_is_written_is_read(written: list[Swift]) -> None:
    numbered = [replace(each, number=str(at)) for at, each in enumerate(written, 1)]
    parts = iter(read(b"".join(each.written() for each in numbered)))
    for statement in numbered:
        opened = next(parts)
        assert isinstance(opened, StatementOpened)
        assert (opened.id, opened.number, opened.account, opened.currency) == (
            statement.id, statement.number, statement.account, statement.currency,
        )  # fmt: skip
        assert opened.opening is not None
        assert (opened.opening.date, opened.opening.amount) == (statement.day, statement.opening)
        for no, line in enumerate(statement.lines, 1):
            part = next(parts)
            assert isinstance(part, StatementLine)
            check_line(part, line, no)
        closed = next(parts)
        assert isinstance(closed, StatementClosed)
        assert closed.closing is not None
        assert closed.closing.amount == statement.closing
    assert list(parts) == []


def check_line(part: StatementLine, line: Line, no: int) -> None:
    assert part.no == no
    assert (part.amount, part.is_reversal, part.code) == (line.amount, line.is_reversal, line.code)
    assert part.value_date == line.valued
    # An entry date has no year: it is the day nearest to the value date.
    assert (part.booking_date.month, part.booking_date.day) == (line.booked.month, line.booked.day)
    if (line.booked.month, line.booked.day) != (2, 29):
        assert part.booking_date == line.booked
    assert part.reference == ("" if line.reference == "NONREF" else line.reference)
    assert part.servicer_reference == line.servicer
    text = "".join(line.text)
    if "EREF" in text:
        assert part.end_to_end_id
        assert part.end_to_end_id in text
        assert part.counterparty_name
        assert part.counterparty_name in text
        assert part.counterparty_account == "DE1"
    elif text:
        assert part.remittance.startswith(text.strip())
    if line.details:
        assert line.details in part.remittance


@QUICKLY
@given(statements(), st.integers(-3, 3).filter(bool))
def test_what_does_not_add_up_is_refused_with_the_difference(written: Swift, missing: int) -> None:
    with pytest.raises(Unbalanced) as refused:
        read(replace(written, missing=missing).written())
    assert refused.value.difference == missing


@QUICKLY
@given(statements(), st.binary(max_size=12), st.integers(0, 10_000))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    written: Swift, damage: bytes, place: int
) -> None:
    file = written.written()
    at = place % len(file)
    with suppress(StatementUnreadable):
        read(file[:at] + damage + file[at + len(damage) :])
