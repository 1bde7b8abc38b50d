"""Tokens look like what they stand for, as far as they may, and are drawn fairly."""

import os
import random
import string
from base64 import b32decode
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.card_numbers import is_card_number, luhn_sum
from bezant.kernel.personal import Likeness, likeness
from bezant.vault.crypto.keys import KEY_BYTES, KeyBytes
from bezant.vault.tokens import ff1
from bezant.vault.tokens.cards import CardNumber, parse_card_number
from bezant.vault.tokens.errors import TokenShapeRefused
from bezant.vault.tokens.shapes import POSSIBILITIES_MIN, card_token, opaque_token, shaped_token
from typography import wide


@st.composite
def cards(draw: st.DrawFn) -> CardNumber:
    prefix, length = draw(
        st.sampled_from([("4", 16), ("4", 19), ("51", 16), ("2221", 16), ("37", 15), ("36", 14)])
    )
    body = prefix + draw(
        st.text(string.digits, min_size=length - 1 - len(prefix), max_size=length - 1 - len(prefix))
    )
    return parse_card_number(body + str(-luhn_sum(body + "0") % 10), field="number")


@given(cards(), st.booleans())
def test_a_card_token_keeps_what_it_may_and_is_no_card(card: CardNumber, keeps_bin: bool) -> None:  # noqa: FBT001
    token = card_token(card, os.urandom, keeps_bin=keeps_bin)
    assert len(token) == len(card.digits)
    assert token.isdecimal()
    assert token != card.digits
    assert token[-4:] == card.last_four
    assert luhn_sum(token) != 0
    assert not is_card_number(token)
    if keeps_bin:
        assert token.startswith(card.bin)


@given(cards())
def test_the_digits_between_are_drawn(card: CardNumber) -> None:
    tokens = {card_token(card, os.urandom, keeps_bin=False) for _ in range(50)}
    assert len(tokens) > 40


def test_a_card_token_that_leaves_too_little_to_draw_is_refused() -> None:
    card = parse_card_number("501800000009", field="number")
    with pytest.raises(TokenShapeRefused):
        card_token(card, os.urandom, keeps_bin=True)
    assert card_token(card, os.urandom, keeps_bin=False)[-4:] == "0009"


def test_a_draw_of_the_original_is_drawn_again() -> None:
    card = parse_card_number("4111111111111111", field="number")
    between = bytes(int(digit) for digit in "411111111111")
    drawn = iter(between + bytes([2]) + between[1:])
    token = card_token(card, lambda _: bytes([next(drawn)]), keeps_bin=False)
    assert token == "2111111111111111"


@given(st.text(string.ascii_letters + string.digits + " -/.äÉß٣", min_size=8, max_size=40))
def test_a_shaped_token_has_the_shape_and_not_the_value(value: str) -> None:
    try:
        token = shaped_token(value, os.urandom)
    except TokenShapeRefused:
        assert 10 ** sum(each.isalnum() for each in value) < POSSIBILITIES_MIN
        return
    assert token != value
    assert len(token) == len(value)
    for one, other in zip(token, value, strict=True):
        if not other.isalnum():
            assert one == other
        else:
            assert one.isascii()
            assert (one.isdigit(), one.isupper()) == (other.isdigit(), other.isupper())


@pytest.mark.parametrize("value", ["", "12345", "AB12", "--------", "9 9 9 9 9", "abcd"])
def test_a_shape_that_few_values_have_is_refused(value: str) -> None:
    with pytest.raises(TokenShapeRefused):
        shaped_token(value, os.urandom)


def test_a_million_possibilities_are_enough() -> None:
    assert shaped_token("123456", os.urandom).isdecimal()


def test_every_character_is_drawn_as_often() -> None:
    source = random.Random(7).randbytes
    drawn = sum((Counter(shaped_token("a" * 2_600, source)) for _ in range(20)), Counter[str]())
    assert set(drawn) == set(string.ascii_lowercase)
    # 2,000 each are expected, with a standard deviation of 44.
    assert all(abs(count - 2_000) < 6 * 44 for count in drawn.values())


def test_opaque_tokens_are_long_random_and_nobodys_datum() -> None:
    tokens = {opaque_token(os.urandom) for _ in range(10_000)}
    assert len(tokens) == 10_000
    assert {len(token) for token in tokens} == {len("tok_") + 32}
    assert not any(likeness(token) for token in tokens)


def test_an_opaque_token_that_reads_as_an_iban_is_drawn_again() -> None:
    reads_as_an_iban = "lc57equolibqfdez3afgo22wvt5qmows"
    assert likeness(f"tok_{reads_as_an_iban}") is Likeness.IBAN
    drawn = iter([b32decode(reads_as_an_iban.upper()), bytes(20)])
    assert opaque_token(lambda _: next(drawn)) == f"tok_{'a' * 32}"


@given(st.text(string.digits, min_size=6, max_size=512), st.binary(max_size=64))
def test_ff1_gives_back_what_it_was_given_in_the_same_format(text: str, tweak: bytes) -> None:
    with KeyBytes(os.urandom(KEY_BYTES)) as key:
        encrypted = ff1.encrypt(key, tweak, text)
        assert (len(encrypted), encrypted.isdecimal()) == (len(text), True)
        assert ff1.decrypt(key, tweak, encrypted) == text


@pytest.mark.parametrize(
    ("text", "alphabet"),
    [
        ("12345", string.digits),
        ("", string.digits),
        ("1" * 513, string.digits),
        ("12345x", string.digits),
        (wide("123456"), string.digits),
        ("010101", "01"),  # six characters, but 64 values
    ],
)
def test_ff1_refuses_what_is_too_small_or_of_another_format(text: str, alphabet: str) -> None:
    with KeyBytes(os.urandom(KEY_BYTES)) as key:
        for work in (ff1.encrypt, ff1.decrypt):
            with pytest.raises(TokenShapeRefused) as refused:
                work(key, b"", text, alphabet)
            assert not text or text not in refused.value.encode().decode()


def test_ff1_takes_a_million_values_of_any_radix() -> None:
    with KeyBytes(os.urandom(KEY_BYTES)) as key:
        binary = "01" * 10
        assert ff1.decrypt(key, b"", ff1.encrypt(key, b"", binary, "01"), "01") == binary
