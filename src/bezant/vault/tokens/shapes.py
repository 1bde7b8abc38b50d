"""What random tokens look like.

A token is drawn, stored beside what it stands for and looked up: nothing computes one from the
other, so erasing the row erases the connection. One that is shaped like its value passes through
systems that check the form of a field; one shaped like a card number fails the check digit, so that
nobody takes it for a card.
"""

import string
from base64 import b32encode
from collections.abc import Callable, Sequence
from typing import Final

from bezant.kernel.card_numbers import luhn_sum
from bezant.kernel.personal import likeness
from bezant.vault.tokens.cards import CardNumber
from bezant.vault.tokens.errors import TokenShapeRefused

RandomBytes = Callable[[int], bytes]

OPAQUE_BYTES: Final = 20
"""160 bits: 32 characters of base 32 without padding, and no two alike in any number of tokens."""

POSSIBILITIES_MIN: Final = 10**6
"""Of a shape. With fewer, one could try all of them, and most are soon taken."""

CARD_DIGITS_DRAWN_MIN: Final = 4
"""Between a BIN of eight digits and the last four of a card number of 16. The parts that are kept
narrow the number down by as much, as wherever they are shown; a token adds nothing to that. Only
drawing one that is free needs some room."""

_OPAQUE: Final = "tok_"


def opaque_token(random_bytes: RandomBytes) -> str:
    """A token without a shape: `tok_` and 160 random bits."""
    while True:
        token = _OPAQUE + b32encode(random_bytes(OPAQUE_BYTES)).decode().lower()
        # One in some millions reads as an IBAN, with its check digits, and would be refused as one.
        if likeness(token) is None:
            return token


def card_token(card: CardNumber, random_bytes: RandomBytes, *, keeps_bin: bool) -> str:
    """A token of a card number's length that keeps the last four digits, and the BIN if asked to.

    Raises:
        TokenShapeRefused: between what is kept, too few digits are left to draw.
    """
    head = card.bin if keeps_bin else ""
    tail = card.last_four
    drawn = len(card.digits) - len(head) - len(tail)
    if drawn < CARD_DIGITS_DRAWN_MIN:
        raise TokenShapeRefused("Too few digits are left to draw: keep less of the card number.")
    while True:
        token = head + _draw([string.digits] * drawn, random_bytes) + tail
        # The card's own number passes the check, so no token equals one.
        if luhn_sum(token) != 0:
            assert token != card.digits
            return token


def shaped_token(value: str, random_bytes: RandomBytes) -> str:
    """A token with a digit for a digit and a letter for a letter of its case; the rest is kept.

    Letters beyond ASCII are replaced as well, by ASCII letters: kept, they would tell.

    Raises:
        TokenShapeRefused: too few values have this shape.
    """
    alphabets = [_alphabet(each) for each in value]
    possibilities = 1
    for alphabet in alphabets:
        possibilities *= len(alphabet)
    if possibilities < POSSIBILITIES_MIN:
        raise TokenShapeRefused("Too few values have this shape.")
    while True:
        token = _draw(alphabets, random_bytes)
        if token != value:
            return token


def _alphabet(character: str) -> str:
    if character.isdigit():
        return string.digits
    if character.isalpha():
        return string.ascii_uppercase if character.isupper() else string.ascii_lowercase
    return character


def _draw(alphabets: Sequence[str], random_bytes: RandomBytes) -> str:
    return "".join(_pick(alphabet, random_bytes) for alphabet in alphabets)


def _pick(alphabet: str, random_bytes: RandomBytes) -> str:
    if len(alphabet) == 1:
        return alphabet
    # Bytes beyond the last whole multiple are drawn again: a remainder would favour some.
    fair = 256 - 256 % len(alphabet)
    while (drawn := random_bytes(1)[0]) >= fair:
        pass
    return alphabet[drawn % len(alphabet)]
