"""The text of an API key."""

import zlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bezant.kernel.api_keys.token import Token

TOKENS = st.builds(Token, st.uuids(), st.uuids(), st.binary(min_size=32, max_size=32))
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@given(TOKENS)
def test_what_is_written_is_read_back(token: Token) -> None:
    text = token.write()
    assert Token.read(text) == token
    assert len(text) == 97


@pytest.mark.parametrize("fill", [b"\x00", b"\xff"])
def test_the_extremes_are_read_back(fill: bytes) -> None:
    token = Token(UUID(bytes=fill * 16), UUID(bytes=fill * 16), fill * 32)
    assert Token.read(token.write()) == token


@given(TOKENS, st.data())
def test_a_typo_is_noticed_without_a_look_up(token: Token, data: st.DataObject) -> None:
    text = token.write()
    at = data.draw(st.integers(3, len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET.replace(text[at], "")))
    assert Token.read(text[:at] + other + text[at + 1 :]) is None


@given(st.text(max_size=120))
def test_any_other_text_is_no_key(text: str) -> None:
    assert Token.read(text) is None


def test_numbers_that_no_key_has_are_refused() -> None:
    body = "bz_" + "z" * 44 + "_" + "z" * 43
    crc, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        digits = ALPHABET[digit] + digits
    assert Token.read(body + digits) is None


def test_a_key_is_not_shown_by_repr() -> None:
    token = Token(UUID(int=1), UUID(int=2), b"s" * 32)
    assert token.write() not in repr(token)
    assert "ssss" not in repr(token)
