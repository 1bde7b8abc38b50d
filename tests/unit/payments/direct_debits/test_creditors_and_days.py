"""Creditor identifiers, days of collections, and codes of what becomes of them."""

from datetime import date

import pytest

from bezant.payments.direct_debits.domain import (
    Mandate,
    Scheme,
    Sequence,
    check_can_return,
    check_can_reverse,
    identity_of,
    normal_creditor_identifier,
    presents_on,
    sequence_of,
    settles_on,
)
from bezant.payments.direct_debits.errors import BackTooLate, CreditorIdentifierInvalid
from bezant.payments.direct_debits.reasons import CODES, Back, back_of_money, fits
from bezant.payments.rails.sepa.codes import Use, allowed

FRIDAY = date(2026, 3, 27)


@pytest.mark.parametrize(
    "text", ["DE98ZZZ09999999999", "de98 zzz0 9999 9999 99", "FR72ZZZ123456", "DE98ABC09999999999"]
)
def test_creditor_identifiers_are_taken_in_any_form(text: str) -> None:
    assert normal_creditor_identifier(text) == "".join(text.split()).upper()


@pytest.mark.parametrize(
    "text", ["DE97ZZZ09999999999", "DE98ZZZ09999999998", "DE98ZZZ", "98DEZZZ09999999999", ""]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(CreditorIdentifierInvalid):
        normal_creditor_identifier(text)


def test_the_business_code_does_not_tell_who_it_is() -> None:
    assert identity_of("DE98ZZZ09999999999") == identity_of("DE98ABC09999999999")
    assert identity_of("DE98ZZZ09999999999") != identity_of("FR72ZZZ123456")


@pytest.mark.parametrize(
    ("due", "settles", "presents"),
    [
        (FRIDAY, FRIDAY, date(2026, 3, 26)),
        (date(2026, 3, 28), date(2026, 3, 30), FRIDAY),
        (date(2026, 3, 30), date(2026, 3, 30), FRIDAY),
        (date(2026, 4, 3), date(2026, 4, 7), date(2026, 4, 2)),
        (date(2026, 12, 25), date(2026, 12, 28), date(2026, 12, 24)),
    ],
)
def test_collections_settle_and_go_out_on_days_of_target(
    due: date, settles: date, presents: date
) -> None:
    assert (settles_on(due), presents_on(due)) == (settles, presents)


def test_a_sequence_follows_from_the_mandate() -> None:
    mandate = Mandate(Scheme.CORE, one_off=False, signed_on=FRIDAY)
    used = Mandate(Scheme.CORE, one_off=False, signed_on=FRIDAY, last_collected_on=FRIDAY)
    one_off = Mandate(Scheme.CORE, one_off=True, signed_on=FRIDAY)
    assert sequence_of(mandate, is_final=False) is Sequence.FIRST
    assert sequence_of(used, is_final=False) is Sequence.RECURRENT
    assert sequence_of(used, is_final=True) is Sequence.FINAL
    assert sequence_of(one_off, is_final=True) is Sequence.ONE_OFF


def test_banks_and_creditors_have_business_days_to_give_it_back() -> None:
    check_can_return(Scheme.CORE, FRIDAY, date(2026, 4, 7))
    check_can_return(Scheme.B2B, FRIDAY, date(2026, 4, 1))
    check_can_reverse(FRIDAY, date(2026, 4, 7))
    with pytest.raises(BackTooLate):
        check_can_return(Scheme.CORE, FRIDAY, date(2026, 4, 8))
    with pytest.raises(BackTooLate):
        check_can_return(Scheme.B2B, FRIDAY, date(2026, 4, 2))
    with pytest.raises(BackTooLate):
        check_can_reverse(FRIDAY, date(2026, 4, 8))


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_given_for_something_and_not_for_everything(code: str) -> None:
    allowed = [back for back in Back if fits(code, back)]
    assert 0 < len(allowed) < len(Back)


@pytest.mark.parametrize(
    ("code", "back", "is_fit"),
    [
        ("AM04", Back.RETURN, True),
        ("AM04", Back.REFUND, False),
        ("MD06", Back.REFUND, True),
        ("MD06", Back.RETURN, False),
        ("MS02", Back.REFUSAL, True),
        ("CUST", Back.CANCELLATION, True),
        ("CUST", Back.REVERSAL, False),
        ("ZZ99", Back.RETURN, False),
    ],
)
def test_codes_are_for_what_the_scheme_gives_them_for(
    code: str, back: Back, *, is_fit: bool
) -> None:
    assert fits(code, back) is is_fit


@pytest.mark.parametrize(
    ("use", "backs"),
    [
        (Use.REJECT, {Back.REJECT, Back.REFUSAL}),
        (Use.RETURN, {Back.RETURN, Back.REFUND}),
        (Use.RECALL, {Back.CANCELLATION}),
    ],
)
def test_the_codes_of_the_scheme_are_those_that_collections_end_with(
    use: Use, backs: set[Back]
) -> None:
    may_be_given = {code for code in CODES if any(fits(code, back) for back in backs)}
    if use is Use.RECALL:
        may_be_given.remove("AM05")  # which its message calls DUPL
    assert set(allowed(use, "sdd")) == may_be_given


@pytest.mark.parametrize("code", allowed(Use.RETURN, "sdd"))
def test_money_that_comes_back_is_a_refund_where_only_a_debtor_gives_the_reason(code: str) -> None:
    back = back_of_money(code)
    assert fits(code, back)
    assert (back is Back.REFUND) is (code in {"MD01", "MD06"})
