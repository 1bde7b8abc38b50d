"""Cards are read as people write them, and refused without being quoted."""

from datetime import date
from functools import partial

import pytest

from bezant.kernel.card_numbers import Brand
from bezant.kernel.errors import Refusal
from bezant.kernel.telemetry.redaction import REDACTED
from bezant.vault.tokens.cards import (
    HOLDER_CHARACTERS_MAX,
    Expiry,
    check_expiry,
    check_holder,
    parse_card_number,
)
from typing_people import wide

TODAY = date(2026, 11, 28)

# The numbers that the brands and processors publish for tests.
OF_BRANDS = {
    "4111111111111111": Brand.VISA,
    "4222222222222": Brand.VISA,
    "4000000000000000006": Brand.VISA,
    "5555555555554444": Brand.MASTERCARD,
    "2221000000000009": Brand.MASTERCARD,
    "2720990000000007": Brand.MASTERCARD,
    "378282246310005": Brand.AMEX,
    "341111111111111": Brand.AMEX,
    "6011111111111117": Brand.DISCOVER,
    "6445644564456445": Brand.DISCOVER,
    "3530111333300000": Brand.JCB,
    "30569309025904": Brand.DINERS,
    "36227206271667": Brand.DINERS,
    "38520000023237": Brand.DINERS,
    "6200000000000005": Brand.UNIONPAY,
    "6205500000000000004": Brand.UNIONPAY,
    "6759649826438453": Brand.MAESTRO,
    "501800000009": Brand.MAESTRO,
    "5019717010103742": Brand.DANKORT,
    "2200000000000004": Brand.MIR,
    "6521111111111110": Brand.RUPAY,
    "9792000000000003": Brand.TROY,
    "5060990000000008": Brand.VERVE,
}


@pytest.mark.parametrize(("digits", "brand"), OF_BRANDS.items())
def test_a_number_is_known_by_its_brand(digits: str, brand: Brand) -> None:
    card = parse_card_number(digits, field="number")
    assert (card.digits, card.brand) == (digits, brand)


@pytest.mark.parametrize(
    "typed",
    ["4111 1111 1111 1111", "4111-1111-1111-1111", " 4111111111111111\n", "41 11 1111-1111 1111"],
)
def test_blanks_and_hyphens_are_for_people(typed: str) -> None:
    assert parse_card_number(typed, field="number").digits == "4111111111111111"


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("4111111111111112", "check digit"),
        ("41111111111", "12 to 19"),
        ("41111111111111111111", "12 to 19"),
        ("1000000000000008", "No brand"),
        ("2220990000000002", "No brand"),  # just below Mastercard's 2221
        ("2721000000000004", "No brand"),  # just above its 2720
        ("41111111111111", "check digit"),
        ("37828224631000", "check digit"),
        ("411111111111116", "No brand"),  # fifteen digits are not Visa's
        ("4111  1111 1111 1111", "blanks or hyphens"),
        ("4111x1111x1111x1111", "blanks or hyphens"),
        (wide("4111111111111111"), "blanks or hyphens"),
        ("", "blanks or hyphens"),
        ("-4111111111111111", "blanks or hyphens"),
    ],
)
def test_what_no_card_has_is_refused_and_not_quoted(typed: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as refused:
        parse_card_number(typed, field="number")
    assert (refused.value.status, refused.value.code) == (422, "CARD_NUMBER_REFUSED")
    assert not typed or typed not in refused.value.encode().decode()


def test_every_single_wrong_digit_is_found() -> None:
    right = "4111111111111111"
    for place in range(len(right)):
        for digit in set("0123456789") - {right[place]}:
            with pytest.raises(Refusal):
                parse_card_number(right[:place] + digit + right[place + 1 :], field="number")


def test_a_card_number_is_never_shown() -> None:
    card = parse_card_number("4111111111111111", field="number")
    assert repr(card) == str(card) == f"{card}" == REDACTED


@pytest.mark.parametrize(
    ("digits", "shown"),
    [
        ("4111111111111111", ("41111111", "1111")),
        ("378282246310005", ("378282", "0005")),
        ("6205500000000000004", ("62055000", "0004")),
    ],
)
def test_so_much_of_a_number_may_be_shown(digits: str, shown: tuple[str, str]) -> None:
    card = parse_card_number(digits, field="number")
    assert (card.bin, card.last_four) == shown


@pytest.mark.parametrize(("year", "month"), [(2026, 11), (2026, 12), (2027, 1), (2051, 12)])
def test_a_card_is_good_to_the_end_of_its_month(year: int, month: int) -> None:
    assert check_expiry(year, month, TODAY, field="expiry") == Expiry(year, month)


@pytest.mark.parametrize(
    ("year", "month", "code"),
    [
        (2026, 10, "CARD_EXPIRED"),
        (2025, 12, "CARD_EXPIRED"),
        (26, 12, "CARD_EXPIRED"),
        (2026, 0, "CARD_EXPIRY_REFUSED"),
        (2026, 13, "CARD_EXPIRY_REFUSED"),
        (2052, 1, "CARD_EXPIRY_REFUSED"),
        (0, 1, "CARD_EXPIRY_REFUSED"),
    ],
)
def test_a_month_that_is_over_or_none_is_refused(year: int, month: int, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_expiry(year, month, TODAY, field="expiry")
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Alice   O'Neill-Smith ", "Alice O'Neill-Smith"),
        ("MÜLLER/HANS DR.", "MÜLLER/HANS DR."),
        ("Zo\u0065\u0308", "Zo\u00eb"),
        ("山田 太郎", "山田 太郎"),
        ("प्रिया", "प्रिया"),
    ],
)
def test_names_of_people_everywhere_are_taken(typed: str, name: str) -> None:
    assert check_holder(typed, field="holder") == name


@pytest.mark.parametrize(
    "typed",
    [
        *("", "   ", "4111111111111111", "Alice 4111", "alice@example.com", "<b>", "...", "A\x00B"),
        "A" * (HOLDER_CHARACTERS_MAX + 1),
    ],
)
def test_what_is_no_name_is_refused_and_not_quoted(typed: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_holder(typed, field="holder")
    assert refused.value.code == "CARD_HOLDER_REFUSED"
    assert not typed.strip(" .") or typed not in refused.value.encode().decode()


def test_every_refusal_names_the_field() -> None:
    for call in (
        partial(parse_card_number, "1"),
        partial(check_expiry, 2020, 1, TODAY),
        partial(check_holder, ""),
    ):
        with pytest.raises(Refusal) as refused:
            call(field="card.number")
        assert refused.value.field == "card.number"
