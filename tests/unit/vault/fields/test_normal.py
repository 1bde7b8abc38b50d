"""What is equal for people is equal for an index; what is none is refused without being quoted."""

from collections.abc import Callable

import pytest

from bezant.kernel.errors import Refusal
from bezant.vault.fields.normal import normal_email, normal_iban, normal_phone, normal_tax_id
from typing_people import wide

SAME: list[tuple[Callable[[str], str], str, list[str]]] = [
    (
        normal_email,
        "alice.b+bank@example.com",
        [
            "Alice.B+bank@Example.COM",
            "  alice.b+bank@example.com\n",
            wide("alice.b+bank@example.com"),
        ],
    ),
    (normal_email, "zoë@bücher.example", ["ZOE\u0308@BU\u0308CHER.example", "zoë@Bücher.EXAMPLE"]),
    (normal_email, "strasse@example.com", ["STRASSE@example.com", "straße@example.com"]),
    (
        normal_phone,
        "+442079460123",
        [
            "+44 20 7946 0123",
            "+44 (0)20 7946-0123",
            "+44.20.7946.0123",
            wide("+44") + " 20 7946 0123",
        ],
    ),
    (normal_phone, "+390612345678", ["+39 06 1234 5678"]),
    (
        normal_iban,
        "DE89370400440532013000",
        ["DE89 3704 0044 0532 0130 00", "de89-3704-0044-0532-0130-00"],
    ),
    (normal_tax_id, "DE123456789", ["de 123 456 789", "DE-123.456.789", "DE/123/456/789"]),
    (normal_tax_id, "12345678901", ["12 345 678 901"]),
]

NONE: list[tuple[Callable[[str], str], str]] = [
    *((normal_email, text) for text in ["alice", "alice@", "@example.com", "a b@example.com"]),
    *(
        (normal_email, text)
        for text in ["a@localhost", "a@-b.example", "a@b..example", "a@b.c_d.e"]
    ),
    *((normal_email, text) for text in ["a@b@example.com", f"{65 * 'a'}@example.com", ""]),
    (normal_email, f"a@{'.'.join(['a' * 60] * 5)}"),
    *(
        (normal_phone, text)
        for text in ["020 7946 0123", "+0123456789", "+123456", "+1234567890123456"]
    ),
    *(
        (normal_phone, text)
        for text in ["+44 20 x", "", "++442079460123", "+44 20 7946 0123 ext 4"]
    ),
    *(
        (normal_iban, text)
        for text in ["DE88370400440532013000", "", "DE89", "ZZ89370400440532013000"]
    ),
    *((normal_tax_id, text) for text in ["ABCDEF", "1234", "123456789012345678901", "12345é", ""]),
]


@pytest.mark.parametrize(("normal", "expected", "typed"), SAME)
def test_the_same_has_one_form(
    normal: Callable[[str], str], expected: str, typed: list[str]
) -> None:
    for each in [expected, *typed]:
        assert normal(each) == expected


@pytest.mark.parametrize(("normal", "text"), NONE)
def test_what_the_field_does_not_hold_is_refused_and_not_quoted(
    normal: Callable[[str], str], text: str
) -> None:
    with pytest.raises(Refusal) as refused:
        normal(text)
    assert (refused.value.status, refused.value.code) == (422, "FIELD_VALUE_REFUSED")
    assert not text or text not in refused.value.encode().decode()


def test_a_field_may_tell_local_parts_apart_by_case() -> None:
    assert normal_email("Alice@Example.com", folds_local_part=False) == "Alice@example.com"
