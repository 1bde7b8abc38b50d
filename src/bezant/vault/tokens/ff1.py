"""Format-preserving encryption: FF1 of NIST SP 800-38G, revision 1.

For data that is never erased, such as a bank's own account numbers, and for nothing else: whoever
holds the key computes the value from the token, so there is no row whose deletion would forget a
person. Everything that belongs to a person is tokenized at random (`shapes`).

The library takes keys in hexadecimal, in strings that nobody can overwrite: one more reason for a
key of its own.
"""

import string
from typing import Final

from fastfpe import ff1

from bezant.vault.crypto.keys import KeyBytes
from bezant.vault.tokens.errors import TokenShapeRefused

RADIX_MAX: Final = 36
CHARACTERS_MIN: Final = 6
CHARACTERS_MAX: Final = 128
DOMAIN_MIN: Final = 10**6
"""Revision 1 raised the least number of possible values to a million: below, the ciphers' rounds do
not hide enough of them."""

TWEAK_BYTES_MAX: Final = 64

DIGITS: Final = string.digits


def encrypt(key: KeyBytes, tweak: bytes, text: str, alphabet: str = DIGITS) -> str:
    """The text of the same length that stands for a text.

    Args:
        key: of 256 bits, for this field alone.
        tweak: what differs from place to place and is no secret, such as the field's name.
        text: of the alphabet's characters only.
        alphabet: its length is the radix.

    Raises:
        TokenShapeRefused: too short, too long, or of other characters.
    """
    _check(text, alphabet, tweak)
    encrypted: str = ff1.encrypt(key.raw.hex(), tweak.hex(), alphabet, text)
    return encrypted


def decrypt(key: KeyBytes, tweak: bytes, text: str, alphabet: str = DIGITS) -> str:
    """The text that `encrypt` was given. There is no telling whether it was.

    Raises:
        TokenShapeRefused: too short, too long, or of other characters.
    """
    _check(text, alphabet, tweak)
    decrypted: str = ff1.decrypt(key.raw.hex(), tweak.hex(), alphabet, text)
    return decrypted


def _check(text: str, alphabet: str, tweak: bytes) -> None:
    assert 1 < len(alphabet) <= RADIX_MAX
    assert len(set(alphabet)) == len(alphabet)
    assert len(tweak) <= TWEAK_BYTES_MAX
    if not CHARACTERS_MIN <= len(text) <= CHARACTERS_MAX:
        raise TokenShapeRefused(
            f"What is encrypted in its own format has {CHARACTERS_MIN} to {CHARACTERS_MAX}"
            " characters."
        )
    if len(alphabet) ** len(text) < DOMAIN_MIN:
        raise TokenShapeRefused("Too few values have this format.")
    # The library's message would quote the character.
    if not set(text) <= set(alphabet):
        raise TokenShapeRefused("The value has characters that its format does not.")
