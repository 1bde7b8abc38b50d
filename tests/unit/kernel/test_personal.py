"""What looks like a person's datum is recognised; what a ledger's metadata hold is not."""

import pytest

from bezant.kernel.personal import Likeness, likeness, masked
from typography import wide

CARD, IBAN, EMAIL, PHONE = Likeness

SOMEBODYS = [
    (CARD, "4111111111111111"),
    (CARD, "4111 1111 1111 1111"),
    (CARD, "4111-1111-1111-1111"),
    (CARD, "4111 - 1111 - 1111 - 1111"),
    (CARD, "4111\u00a01111\u20131111\u00a01111"),
    (CARD, wide("4111111111111111")),
    (CARD, "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"),
    (CARD, "41111111 11111111"),
    (CARD, "3782 822463 10005"),
    (CARD, "3056 930902 5904"),
    (CARD, "6205 5000 0000 0000 004"),
    (CARD, "2221000000000009"),
    (CARD, "501800000009"),
    (CARD, "paid with pan4111111111111111x"),
    (CARD, "order 1234 4111 1111 1111 1111"),
    (CARD, "4111 1111 1111 1111 123"),
    (CARD, "12/29 4111 1111 1111 1111, 123"),
    (CARD, "2026-11-28 4111111111111111"),
    (IBAN, "DE89370400440532013000"),
    (IBAN, "DE89 3704 0044 0532 0130 00"),
    (IBAN, "de89-3704-0044-0532-0130-00"),
    (IBAN, "rent to GB29 NWBK 6016 1331 9268 19 in March"),
    (IBAN, "IBAN:NO9386011117947;"),
    (IBAN, wide("DE89370400440532013000")),
    (IBAN, "LC55HEMM000100010012001200023015"),
    (EMAIL, "alice@example.com"),
    (EMAIL, "Alice <a.b+c@mail.example.co.uk>"),
    (EMAIL, "mailto:alice@bücher.example"),
    (EMAIL, wide("alice@example.com")),
    (PHONE, "+442079460123"),
    (PHONE, "call +44 (20) 7946-0123"),
    (PHONE, "+1.202.555.0143"),
    (PHONE, "tel:+29022222"),
]

NOBODYS = [
    "",
    "2031",
    "invoice 2031",
    "Acme & Sons",
    "customers:42:wallet",
    "4111111111111112",  # a wrong check digit
    "1000000000000008",  # a right one, of no brand
    "41111111111111110",  # Visa has no 17 digits
    "41111111111111111111",  # nobody has 20
    "DE88370400440532013000",
    "DE8937040044053201300",
    "ZZ89370400440532013000",
    "XDE89370400440532013000",
    "DE89370400440532013000X",
    "DE89 3704",
    "alice@localhost",
    "@alice",
    "a @ b.example",
    "pkg@1.2.3",
    "+12500",
    "-12500",
    "+1250000",
    "a+442079460123",
    "2026-11-28T15:42:04.123456+01:00",
    "2026-11-28T15:42:04+1000",
    "2026-11-28 15:42:04 2026-11-29 15:42:04",
    "20261128154204",
    "1790000000000",
    "1790000000000000",
    "01980000-0000-7000-8000-000000000001",
    "41111111-1111-1111-8111-111111111111",
    "see 0198c1a2-be68-5390-8075-470340000000.",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "a4111111111111111b0c3de",
    "192.168.100.200",
    "EUR 1,250,000,000,000.00",
    "RF18 5390 0754 7034",
]


@pytest.mark.parametrize(("kind", "text"), SOMEBODYS)
def test_what_is_somebodys_is_recognised(kind: Likeness, text: str) -> None:
    assert likeness(text) is kind
    assert likeness(f"for the record: {text}") is kind


@pytest.mark.parametrize("text", NOBODYS)
def test_what_is_nobodys_is_not(text: str) -> None:
    assert likeness(text) is None
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("4111 1111 1111 1111, again", "[card_number *1111], again"),
        ("4111111111111111 and 378282246310005", "[card_number *1111] and [card_number *0005]"),
        ("to DE89 3704 0044 0532 0130 00.", "to [iban *3000]."),
        ("<alice.b+c@example.com>; bob@example.com", "<[email]>; [email]"),
        ("+44 (20) 7946-0123 x 4", "[phone] x 4"),
    ],
)
def test_a_mask_leaves_the_rest_of_the_text(text: str, shown: str) -> None:
    assert masked(text) == shown
