"""When a statement adds up, and by which dates."""

from datetime import timedelta
from io import BytesIO

import pytest

from bezant.formats.camt053 import AuditedStatement, Basis, StatementError, audit_statements
from statements import DAY, Balance, Movement, Statement, xml

TOMORROW = DAY + timedelta(days=1)


def audit(statement: Statement) -> AuditedStatement:
    [audited] = audit_statements(BytesIO(xml(statement)))
    return audited


def refused(statement: Statement) -> StatementError:
    with pytest.raises(StatementError) as caught:
        audit(statement)
    return caught.value


def test_opening_and_booked_entries_come_to_the_closing_balance() -> None:
    audited = audit(Statement([Movement(500), Movement(-200)], opening=-1_000))
    assert audited.basis is Basis.BOOKING
    assert (audited.opening.amount, audited.closing.amount) == (-1_000, -700)
    assert audited.booked == 2


def test_a_closing_balance_may_leave_out_what_is_valued_later() -> None:
    late = Movement(500, valued=TOMORROW)
    audited = audit(Statement([late, Movement(-200)], opening=1_000, closing=800))
    assert audited.basis is Basis.VALUE


def test_a_sum_that_is_off_is_refused_with_the_difference() -> None:
    error = refused(Statement([Movement(500)], opening=1_000, closing=1_501))
    assert "15.00 EUR" in error.reason
    assert "CLBD says 15.01 EUR, a difference of 0.01 EUR" in error.reason
    assert error.path.endswith("Stmt/Bal/Amt")


@pytest.mark.parametrize("status", ["PDNG", "INFO", "FUTR"])
def test_what_is_not_booked_at_the_bank_is_counted_and_left_out(status: str) -> None:
    audited = audit(Statement([Movement(500), Movement(-200, status=status)]))
    assert audited.booked == 1
    assert audited.not_booked == {status: 1}


def test_an_entry_of_zero_moves_nothing() -> None:
    audited = audit(Statement([Movement(0), Movement(1)]))
    assert (audited.booked, audited.not_booked) == (1, {"BOOK": 1})


@pytest.mark.parametrize(
    ("types", "missing"),
    [(("OPBD",), "closing"), (("CLBD",), "opening"), (("FWAV", "XPCD"), "opening")],
)
def test_an_opening_and_a_closing_balance_are_needed(types: tuple[str, ...], missing: str) -> None:
    error = refused(Statement(balances=[Balance(type_, 0) for type_ in types]))
    assert error.reason == f"It has no {missing} balance."


@pytest.mark.parametrize(
    "types", [("OPBD", "CLBD"), ("PRCD", "CLBD"), ("OPAV", "CLAV"), ("OPBD", "ITBD"),
              ("ITBD", "CLBD"), ("ITBD", "ITBD")],
)  # fmt: skip
def test_each_pair_of_balances_that_banks_send_is_checked(types: tuple[str, str]) -> None:
    opening, closing = types
    balances = [Balance(opening, 1_000), Balance(closing, 1_500)]
    assert audit(Statement([Movement(500)], balances=balances)).closing.type == closing
    refused(Statement([Movement(501)], balances=balances))


def test_an_included_credit_line_is_no_money() -> None:
    balances = [
        Balance("OPBD", 11_000, credit_line=10_000, is_line_included=True),
        Balance("CLBD", 11_500, credit_line=10_000, is_line_included=True),
    ]
    audited = audit(Statement([Movement(500)], balances=balances))
    assert audited.opening.own_amount == 1_000
    # The line was raised meanwhile: the money still is the money.
    balances[1] = Balance("CLBD", 21_500, credit_line=20_000, is_line_included=True)
    assert audit(Statement([Movement(500)], balances=balances)).closing.own_amount == 1_500


SUMMARY = """<TxsSummry>
<TtlNtries><NbOfNtries>{count}</NbOfNtries><Sum>{sum}</Sum>
<TtlNetNtry><Amt>{net}</Amt><CdtDbtInd>CRDT</CdtDbtInd></TtlNetNtry></TtlNtries>
<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>{credits}</Sum></TtlCdtNtries>
<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>{debits}</Sum></TtlDbtNtries>
</TxsSummry>
"""
SOUND = {"count": 2, "sum": "7.00", "net": "3.00", "credits": "5.00", "debits": "2.00"}


def test_the_banks_own_counts_and_sums_are_checked() -> None:
    movements = [Movement(500), Movement(-200)]
    audit(Statement(movements, summary=SUMMARY.format_map(SOUND)))
    for name in SOUND:
        summary = SUMMARY.format_map({**SOUND, name: 9})
        error = refused(Statement(movements, summary=summary))
        assert "does not agree with the entries: " in error.reason
        assert "TxsSummry/Ttl" in error.path


def test_a_bank_may_count_its_pending_entries_too() -> None:
    movements = [Movement(500), Movement(-200, status="PDNG")]
    audit(Statement(movements, summary=SUMMARY.format_map(SOUND)))


def test_one_page_of_several_is_told_to_be_one() -> None:
    content = xml(Statement([Movement(500)], closing=7)).decode()
    pages = "<MsgPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd></MsgPgntn>"
    content = content.replace("</GrpHdr>", f"{pages}</GrpHdr>")
    with pytest.raises(StatementError, match="one page of several"):
        audit_statements(BytesIO(content.encode()))


def test_one_broken_statement_refuses_the_whole_file() -> None:
    sound, broken = Statement([Movement(1)]), Statement([Movement(1)], closing=0)
    with pytest.raises(StatementError):
        audit_statements(BytesIO(xml(sound, broken)))
