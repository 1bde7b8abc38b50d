"""Account numbers: whatever is drawn is valid, by rules that are computed here again."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schwifty import IBAN
from schwifty.exceptions import InvalidCountryCode

from bezant.banking.institutions.national import completed
from bezant.banking.institutions.numbers import (
    AccountNumber,
    NoSuchNumber,
    draw_number,
    is_bic_of,
    is_routing_number,
)
from bezant.kernel.ibans import LENGTHS

BANKS = {
    "AT": ("19043", ""),
    "BE": ("539", ""),
    "DE": ("37040044", ""),
    "ES": ("2100", "0418"),
    "FI": ("123", ""),
    "FR": ("30006", "00001"),
    "GB": ("WEST", "123456"),
    "IT": ("05428", "11101"),
    "NL": ("ABNA", ""),
    "NO": ("8601", ""),
    "PL": ("10901014", ""),
    "PT": ("0002", "0123"),
}

PREFIXED = {"CZ", "SK"}
"""Whose numbers begin with a prefix of the account, which is the bank's to choose."""

UNDRAWN = {"GT", "IS", "MU", "SC"} | {"AL", "BI", "DJ", "FO", "GL", "SE"}
"""Whose numbers say in what currency an account is, or who holds it; or whose check digits nobody
here can compute."""


CROATIAN, HUNGARIAN = "HR1210010051863000160", "HU42117730161111101800000000"
"""As they stand in SWIFT's registry; the first is that of the state's budget."""


def sample(country: str) -> IBAN:
    """A number of a country, whoever's."""
    try:
        return IBAN.random(country_code=country, random=Random(7), use_registry=False)
    except InvalidCountryCode:
        pytest.skip("schwifty does not know the country")


def remainder(iban: str) -> int:
    """ISO 7064 MOD 97-10, over the number with its head at its end."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97


@settings(max_examples=60)
@given(country=st.sampled_from(sorted(BANKS)), seed=st.integers(0, 2**32))
def test_whatever_is_drawn_is_valid_and_of_the_bank(country: str, seed: int) -> None:
    bank_code, branch_code = BANKS[country]
    number = draw_number(country, bank_code, branch_code, Random(seed))
    assert number.iban is not None
    assert remainder(number.iban) == 1
    assert number.iban == f"{country}{number.iban[2:4]}{number.bban}"
    assert (number.bank_code, number.branch_code or "") == (bank_code, branch_code)
    assert AccountNumber.of_iban(number.iban) == number


@pytest.mark.parametrize("country", sorted(LENGTHS))
def test_the_branch_of_a_number_is_never_drawn(country: str) -> None:
    theirs, dice = sample(country), Random(1)
    if country == "HR":
        theirs = IBAN(CROATIAN)
    if country in UNDRAWN:
        with pytest.raises(NoSuchNumber):
            draw_number(country, theirs.bank_code, theirs.branch_code, dice)
        return
    if theirs.branch_code and country not in PREFIXED:
        with pytest.raises(NoSuchNumber) as refused:
            draw_number(country, theirs.bank_code, "", dice)
        assert refused.value.part == "branch_code"
    drawn = [draw_number(country, theirs.bank_code, theirs.branch_code, dice) for _ in range(5)]
    assert {number.bank_code for number in drawn} == {theirs.bank_code}
    assert {number.branch_code for number in drawn} == {theirs.branch_code}
    assert len({number.identity for number in drawn}) == 5


@pytest.mark.parametrize("country", sorted(PREFIXED))
def test_prefixes_of_accounts_are_drawn(country: str) -> None:
    bank_code, dice = sample(country).bank_code, Random(1)
    drawn = [draw_number(country, bank_code, "", dice) for _ in range(20)]
    assert {number.bank_code for number in drawn} == {bank_code}
    assert len({number.branch_code for number in drawn}) > 1


@pytest.mark.parametrize(
    ("country", "bban"),
    [
        ("HR", CROATIAN[4:]),
        ("HR", "23600001000000013"),
        ("HU", HUNGARIAN[4:]),
        ("HU", "116000060000000012345676"),
    ],
)
def test_check_digits_of_croatia_and_hungary_are_those_of_published_numbers(
    country: str, bban: str
) -> None:
    assert completed(country, bban) == bban
    second = {"HR": 7, "HU": 8}[country]
    for last in (second - 1, len(bban) - 1):
        wrong = f"{bban[:last]}{(int(bban[last]) + 1) % 10}{bban[last + 1 :]}"
        assert completed(country, wrong) == bban


@given(seed=st.integers(0, 2**32))
def test_numbers_of_croatia_and_hungary_have_their_check_digits(seed: int) -> None:
    for country, bank in (("HR", ("1001005", "")), ("HU", ("117", "7301"))):
        drawn = draw_number(country, *bank, Random(seed))
        assert completed(country, drawn.bban) == drawn.bban
        assert remainder(str(drawn.iban)) == 1
        assert (drawn.bank_code, drawn.branch_code) == bank


@given(seed=st.integers(0, 2**32))
def test_numbers_of_spain_have_the_check_digits_of_spain(seed: int) -> None:
    number = draw_number("ES", "2100", "0418", Random(seed))
    bank_and_branch, checks, account = number.bban[:8], number.bban[8:10], number.bban[10:]
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)

    def digit(text: str) -> int:
        weighted = sum(w * int(c) for w, c in zip(weights, text.zfill(10), strict=True))
        return {10: 1, 11: 0}.get(11 - weighted % 11, 11 - weighted % 11)

    assert checks == f"{digit(bank_and_branch)}{digit(account)}"


@given(st.text(alphabet="0123456789", min_size=8, max_size=8))
def test_a_routing_number_has_exactly_one_check_digit(head: str) -> None:
    assert sum(is_routing_number(f"{head}{last}") for last in range(10)) == 1


@pytest.mark.parametrize("number", ["021000021", "011401533", "091000019"])
def test_routing_numbers_of_banks_are_known_for_what_they_are(number: str) -> None:
    assert is_routing_number(number)
    drawn = draw_number("US", number, "", Random(1))
    assert (drawn.iban, drawn.bank_code) == (None, number)


@pytest.mark.parametrize(
    ("country", "bank_code", "branch_code"),
    [
        ("DE", "999", ""),
        ("US", "021000022", ""),
        ("US", "02100002\N{ARABIC-INDIC DIGIT ONE}", ""),
        ("XX", "1", ""),
        ("DE", "", ""),
        ("DE", "37040044", "1"),
        ("US", "021000021", "1"),
        ("GB", "WEST", "12345"),
        ("HR", "1001006", ""),
    ],
    ids=[
        "too short",
        "wrong digit",
        "digits of elsewhere",
        "no such country",
        "nothing",
        "branch where there are none",
        "branch in the United States",
        "short sort code",
        "wrong check digit of a bank",
    ],
)
def test_what_has_no_numbers_is_refused(country: str, bank_code: str, branch_code: str) -> None:
    with pytest.raises(NoSuchNumber):
        draw_number(country, bank_code, branch_code, Random(1))


def test_a_bic_is_of_its_country() -> None:
    assert is_bic_of("COBADEFFXXX", "DE")
    assert is_bic_of("COBADEFF", "DE")
    assert not is_bic_of("COBADEFF", "FR")
    assert not is_bic_of("COBADEF", "DE")
