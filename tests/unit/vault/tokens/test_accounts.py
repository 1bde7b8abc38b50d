"""Accounts are read as people write them, and refused without being quoted."""

import pytest

from bezant.kernel.errors import Refusal
from bezant.kernel.ibans import LENGTHS, check_digits, is_iban
from bezant.kernel.telemetry.redaction import REDACTED
from bezant.vault.tokens.accounts import parse_iban, parse_uk_account

# Examples of the registry.
EXAMPLES = [
    "AD1200012030200359100100",
    "AE070331234567890123456",
    "AT611904300234573201",
    "BE68539007547034",
    "BR9700360305000010009795493P1",
    "CH9300762011623852957",
    "DE89370400440532013000",
    "DK5000400440116243",
    "ES9121000418450200051332",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "GI75NWBK000000007099453",
    "IE29AIBK93115212345678",
    "IT60X0542811101000000123456",
    "LC55HEMM000100010012001200023015",
    "MT84MALT011000012345MTLCAST001S",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "SA0380000000608010167519",
    "SE4550000000058398257466",
]


@pytest.mark.parametrize("iban", EXAMPLES)
def test_an_iban_is_read_as_people_write_it(iban: str) -> None:
    grouped = " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
    for typed in (iban, grouped, grouped.lower(), iban[:4] + "-" + iban[4:]):
        assert parse_iban(typed, field="iban") == iban


@pytest.mark.parametrize("iban", EXAMPLES)
def test_every_single_wrong_character_of_an_iban_is_found(iban: str) -> None:
    for place in range(2, len(iban)):
        other = "1" if iban[place] == "0" else "0"
        with pytest.raises(Refusal) as refused:
            parse_iban(iban[:place] + other + iban[place + 1 :], field="iban")
        assert iban[4:] not in refused.value.detail


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("ZZ89370400440532013000", "country"),
        ("", "country"),
        ("DE8937040044053201300", "another length"),
        ("DE893704004405320130000", "another length"),
        ("DE88370400440532013000", "check digits"),
        ("DEXX370400440532013000", "check digits"),
        ("DE893704004405320130Ä0", "check digits"),
    ],
)
def test_what_is_no_iban_is_refused_and_not_quoted(typed: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as refused:
        parse_iban(typed, field="iban")
    assert (refused.value.status, refused.value.code) == (422, "ACCOUNT_NUMBER_REFUSED")
    assert not typed or typed not in refused.value.encode().decode()


@pytest.mark.parametrize("country", LENGTHS)
def test_check_digits_make_an_iban_of_any_account(country: str) -> None:
    for account in ("0" * 40, "1234567890" * 4, "ABC123" * 7):
        bban = account[: LENGTHS[country] - 4]
        assert is_iban(f"{country}{check_digits(country, bban)}{bban}")


def test_check_digits_beyond_98_are_none() -> None:
    # 01 leaves the remainder that 98 does: an account has one IBAN, not two.
    accounts = (f"{number:018}" for number in range(200))
    account = next(each for each in accounts if check_digits("DE", each) == "98")
    assert is_iban(f"DE98{account}")
    assert not is_iban(f"DE01{account}")


@pytest.mark.parametrize("sort_code", ["123456", "12-34-56", "12 34 56"])
@pytest.mark.parametrize("number", ["345678", "00345678"])
def test_a_british_account_is_read_as_people_write_it(sort_code: str, number: str) -> None:
    account = parse_uk_account(sort_code, number, field="account")
    assert (account.sort_code, account.account_number) == ("123456", "00345678")
    assert repr(account) == REDACTED


@pytest.mark.parametrize(
    ("sort_code", "number"),
    [
        ("12-3456", "12345678"),
        ("12345", "12345678"),
        ("123456", "12345"),
        ("123456", "123456789"),
        ("12345x", "12345678"),
        ("123456", "1234567x"),
        ("1234५6", "12345678"),
    ],
)
def test_what_is_no_british_account_is_refused(sort_code: str, number: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_uk_account(sort_code, number, field="account")
    assert refused.value.code == "ACCOUNT_NUMBER_REFUSED"
