"""What mandates allow, and until when debits are refunded."""

from dataclasses import replace
from datetime import date

import pytest

from bezant.payments.direct_debits.domain import (
    Mandate,
    Scheme,
    Sequence,
    check_can_collect,
    check_can_refund,
    lapses_on,
)
from bezant.payments.direct_debits.errors import MandateNotUsable, RefundNotDue

SIGNED = date(2024, 2, 29)
RECURRENT = Mandate(Scheme.CORE, one_off=False, signed_on=SIGNED)
USED = replace(RECURRENT, last_collected_on=date(2024, 3, 15))
ONE_OFF = replace(RECURRENT, one_off=True)
SOON = date(2024, 4, 2)


@pytest.mark.parametrize(
    ("mandate", "sequence"),
    [
        (RECURRENT, Sequence.FIRST),
        (RECURRENT, Sequence.RECURRENT),
        (USED, Sequence.RECURRENT),
        (USED, Sequence.FINAL),
        (ONE_OFF, Sequence.ONE_OFF),
    ],
)
def test_a_mandate_allows_its_own_sequences(mandate: Mandate, sequence: Sequence) -> None:
    check_can_collect(mandate, sequence, SOON)


@pytest.mark.parametrize(
    ("mandate", "sequence", "due"),
    [
        (USED, Sequence.FIRST, SOON),
        (RECURRENT, Sequence.ONE_OFF, SOON),
        (ONE_OFF, Sequence.RECURRENT, SOON),
        (replace(RECURRENT, is_ended=True), Sequence.RECURRENT, SOON),
        (RECURRENT, Sequence.RECURRENT, date(2024, 2, 28)),
        (USED, Sequence.RECURRENT, date(2027, 3, 15)),
    ],
)
def test_what_a_mandate_does_not_allow_is_refused(
    mandate: Mandate, sequence: Sequence, due: date
) -> None:
    with pytest.raises(MandateNotUsable):
        check_can_collect(mandate, sequence, due)


def test_a_mandate_lapses_36_months_after_its_last_use() -> None:
    assert lapses_on(RECURRENT) == date(2027, 2, 28)
    assert lapses_on(USED) == date(2027, 3, 15)
    check_can_collect(USED, Sequence.RECURRENT, date(2027, 3, 14))


@pytest.mark.parametrize(
    ("scheme", "unauthorised", "last"),
    [
        (Scheme.CORE, False, date(2024, 5, 28)),
        (Scheme.CORE, True, date(2025, 5, 2)),
        (Scheme.B2B, True, date(2025, 5, 2)),
    ],
)
def test_a_refund_is_due_until_its_last_day(
    scheme: Scheme, *, unauthorised: bool, last: date
) -> None:
    check_can_refund(scheme, SOON, last, unauthorised=unauthorised)
    with pytest.raises(RefundNotDue):
        check_can_refund(
            scheme, SOON, date.fromordinal(last.toordinal() + 1), unauthorised=unauthorised
        )


def test_an_authorised_b2b_debit_is_never_refunded() -> None:
    with pytest.raises(RefundNotDue):
        check_can_refund(Scheme.B2B, SOON, SOON, unauthorised=False)
