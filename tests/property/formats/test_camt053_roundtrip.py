"""Whatever a statement says is read as it was written, and nothing less is taken for it."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bezant.formats.camt053 import (
    Direction,
    Entry,
    StatementError,
    StatementHeader,
    audit_statements,
    read_statements,
)
from statements import DAY, Movement, Payment, Statement, xml

amounts = st.integers(0, 10**15)
# What XML 1.0 can carry; blanks at the ends are not kept.
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufffe\uffff"),
    max_size=30,
).map(str.strip)
identifiers = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=30)
dates = st.dates(date(2000, 1, 1), date(2099, 12, 31))
versions = st.sampled_from([f"{number:02d}" for number in range(2, 14)])

payments = st.builds(
    Payment,
    amount=st.none() | amounts,
    currency=st.sampled_from(["", "USD", "JPY"]),
    name=texts,
    account=st.just("") | identifiers,
    end_to_end_id=st.just("") | identifiers,
    remittance=texts,
)
movements = st.builds(
    Movement,
    amount=st.integers(-(10**15), 10**15),
    payments=st.lists(payments, max_size=3).map(tuple),
    booked=dates,
    valued=st.none() | dates,
    status=st.sampled_from(["BOOK", "BOOK", "PDNG", "INFO"]),
    reference=st.just("") | identifiers,
    servicer_reference=st.just("") | identifiers,
    is_reversal=st.booleans(),
)
statements = st.builds(
    Statement,
    movements=st.lists(movements, max_size=5),
    opening=st.integers(-(10**15), 10**15),
    id=identifiers,
    number=st.none() | st.integers(0, 10**6),
    account=identifiers,
    currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF"]),
    day=dates,
)


def same_payment(read: Entry, written: Movement) -> None:
    payer = (written.amount >= 0) != written.is_reversal
    for detail, payment in zip(read.details, written.payments, strict=True):
        party = detail.debtor if payer else detail.creditor
        assert (party.name, party.account) == (payment.name, payment.account)
        assert detail.end_to_end_id == payment.end_to_end_id
        assert detail.remittance == payment.remittance
        if payment.amount is None:
            assert detail.amount is None
        else:
            assert detail.amount is not None
            assert detail.amount.minor_units == payment.amount
            assert detail.amount.currency == (payment.currency or read.currency)


@given(statements, versions)
def test_what_is_written_is_what_is_read(statement: Statement, version: str) -> None:
    header, *read = read_statements(BytesIO(xml(statement, version=version)))
    assert isinstance(header, StatementHeader)
    assert (header.id, header.account.id) == (statement.id, statement.account)
    assert [(b.type, b.amount, b.date) for b in header.balances] == [
        (b.type, b.amount, b.day) for b in statement.all_balances()
    ]
    for entry, written in zip(read, statement.movements, strict=True):
        assert isinstance(entry, Entry)
        assert entry.movement == written.amount
        assert entry.direction is (Direction.CREDIT if written.amount >= 0 else Direction.DEBIT)
        assert (entry.booking_date, entry.value_date) == (written.booked, written.value_date)
        assert (entry.status, entry.is_reversal) == (written.status, written.is_reversal)
        assert entry.reference == written.reference
        assert entry.servicer_reference == written.servicer_reference
        same_payment(entry, written)


@given(statements, versions)
def test_a_statement_that_adds_up_is_taken(statement: Statement, version: str) -> None:
    [audited] = audit_statements(BytesIO(xml(statement, version=version)))
    assert sum(audited.movements.values()) == statement.booked
    zeros = sum(each.amount == 0 for each in statement.movements if each.status == "BOOK")
    assert audited.booked + sum(audited.not_booked.values()) == len(statement.movements)
    assert audited.not_booked.get("BOOK", 0) == zeros


@given(statements, st.integers(-(10**6), 10**6))
def test_a_closing_balance_that_is_off_is_refused(statement: Statement, error: int) -> None:
    closing = statement.opening + statement.booked + error
    # Only what the entries dated later come to could explain another closing balance.
    by_value = statement.opening + sum(
        each.amount
        for each in statement.movements
        if each.status == "BOOK" and each.value_date <= statement.day
    )
    assume(error)
    assume(closing != by_value)
    off = replace(statement, closing=closing)
    with pytest.raises(StatementError) as caught:
        audit_statements(BytesIO(xml(off)))
    assert caught.value.line > 1


@given(
    st.lists(movements.map(lambda each: replace(each, status="BOOK", valued=None, booked=DAY)),
             min_size=1, max_size=5),
    st.data(),
)  # fmt: skip
def test_no_entry_can_be_changed_dropped_or_doubled(
    entries: list[Movement], data: st.DataObject
) -> None:
    sound = Statement(entries)
    closing = sound.opening + sound.booked
    at = data.draw(st.integers(0, len(entries) - 1))
    changed = replace(entries[at], amount=entries[at].amount + data.draw(st.integers(1, 10**6)))
    rest = entries[:at] + entries[at + 1 :]
    faults = [[*rest, changed]]
    if entries[at].amount:
        faults += [rest, [*entries, entries[at]]]
    for fault in faults:
        with pytest.raises(StatementError):
            audit_statements(BytesIO(xml(replace(sound, movements=fault, closing=closing))))


@given(statements, versions, st.data())
def test_a_file_cut_off_anywhere_is_refused_with_a_line(
    statement: Statement, version: str, data: st.DataObject
) -> None:
    content = xml(statement, version=version).rstrip()
    cut = content[: data.draw(st.integers(0, len(content) - 1))]
    with pytest.raises(StatementError) as caught:
        audit_statements(BytesIO(cut))
    assert 1 <= caught.value.line <= cut.count(b"\n") + 1


def test_a_small_file_is_refused_when_cut_off_at_each_of_its_bytes() -> None:
    late = Movement(-300, (Payment(name="Ärzte & Co"),), valued=DAY + timedelta(days=1))
    content = xml(Statement([Movement(500), late])).rstrip()
    for length in range(len(content)):
        with pytest.raises(StatementError):
            audit_statements(BytesIO(content[:length]))


@given(st.binary(max_size=200), st.integers(0, 2_000))
def test_no_bytes_do_worse_than_being_refused(noise: bytes, at: int) -> None:
    content = xml(Statement([Movement(500), Movement(-200)]))
    damaged = content[:at] + noise + content[at + len(noise) :]
    try:
        audit_statements(BytesIO(damaged))
    except StatementError as error:
        assert error.line >= 1  # noqa: PT017 - damage to a text may leave the statement sound
