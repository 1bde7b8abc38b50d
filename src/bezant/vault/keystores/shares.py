"""Split custody: a secret in n shares, of which any k open it and any k - 1 say nothing.

A. Shamir, "How to share a secret", CACM 22(11), 1979: each byte is the constant term of a random
polynomial of degree k - 1; a share is its value at the share's number. The field is GF(2^8) with
the polynomial of AES (FIPS 197, section 4.2). Tables are not constant in time: shares are combined
where a custodian gives them, never in answer to a request.
"""

import hashlib
import hmac
import re
from base64 import b32decode, b32encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bezant.kernel.telemetry import Sensitive

THRESHOLD_MIN: Final = 2
SHARES_MAX: Final = 255
"""Elements of the field other than zero, where the secret is."""

_POLYNOMIAL: Final = 0x11B
_CHECK_BYTES: Final = 4
_SET_BYTES: Final = 4
_GROUP: Final = 4
# The prefix is one that logs redact, should a share ever get near one.
_TEXT: Final = re.compile(
    r"bz_share_(?P<threshold>\d{1,3})of(?P<count>\d{1,3})_(?P<number>\d{1,3})"
    r"_(?P<set>[0-9a-f]{8})_(?P<value>[a-z2-7-]+)",
)


class ShareRefused(ValueError):  # noqa: N818 - what happened to the share
    """A share is mistyped, of another set, or there are too few. The message quotes none."""


@dataclass(frozen=True, slots=True, repr=False)
class Share(Sensitive):
    """What one custodian keeps.

    Attributes:
        set: shared by the shares that belong together; random.
        threshold: how many of them open the secret.
        count: how many were made.
        number: of this one, from 1.
        value: the polynomials' values there.
    """

    set: str
    threshold: int
    count: int
    number: int
    value: bytes

    def text(self) -> str:
        """The printable form: case does not matter, and a wrong letter is noticed."""
        encoded = b32encode(self.value + self._check()).decode().rstrip("=").lower()
        grouped = "-".join(encoded[at : at + _GROUP] for at in range(0, len(encoded), _GROUP))
        return f"bz_share_{self.threshold}of{self.count}_{self.number}_{self.set}_{grouped}"

    @classmethod
    def read(cls, text: str) -> "Share":
        """The share that a custodian gave.

        Raises:
            ShareRefused: it is none, or one of its characters is not what it was.
        """
        found = _TEXT.fullmatch("".join(text.split()).lower())
        if found is None:
            raise ShareRefused("is no share: one begins with bz_share_")
        letters = found["value"].replace("-", "").upper()
        try:
            decoded = b32decode(letters + "=" * (-len(letters) % 8))
        except ValueError:
            raise ShareRefused("is mistyped: letters are missing") from None
        value, check = decoded[:-_CHECK_BYTES], decoded[-_CHECK_BYTES:]
        share = cls(
            found["set"], int(found["threshold"]), int(found["count"]), int(found["number"]), value
        )
        is_possible = 1 <= share.number <= share.count <= SHARES_MAX
        is_possible = (
            is_possible and THRESHOLD_MIN <= share.threshold <= share.count and bool(value)
        )
        if not is_possible or not hmac.compare_digest(check, share._check()):
            raise ShareRefused("is mistyped: its checksum does not fit")
        return share

    def _check(self) -> bytes:
        """Of this share alone, so that it tells nothing about the others."""
        described = f"bezant share {self.threshold} {self.count} {self.number} {self.set} "
        return hashlib.sha256(described.encode() + self.value).digest()[:_CHECK_BYTES]


def split(
    secret: bytes | bytearray, threshold: int, count: int, random_bytes: Callable[[int], bytes]
) -> list[Share]:
    """Shares of a secret.

    Args:
        secret: at least one byte.
        threshold: how many open it, from 2.
        count: how many are made.
        random_bytes: where coefficients come from.
    """
    assert secret
    assert THRESHOLD_MIN <= threshold <= count <= SHARES_MAX
    name = random_bytes(_SET_BYTES).hex()
    # One column per byte of the secret: its coefficients, the constant term first.
    columns = [bytes([byte]) + random_bytes(threshold - 1) for byte in secret]
    return [
        Share(name, threshold, count, x, bytes(_value(column, x) for column in columns))
        for x in range(1, count + 1)
    ]


def combine(shares: Sequence[Share]) -> bytearray:
    """The secret. Shares beyond the threshold have to agree with the others.

    Raises:
        ShareRefused: they are of several sets, too few, or one does not agree.
    """
    if not shares:
        raise ShareRefused("No share is here.")
    if len({(each.set, each.threshold, each.count, len(each.value)) for each in shares}) > 1:
        raise ShareRefused("The shares are of different sets.")
    distinct = {share.number: share for share in shares}
    if len(distinct) != len(set(shares)):
        raise ShareRefused("Two different shares have one number.")
    needed = shares[0].threshold
    if len(distinct) < needed:
        raise ShareRefused(f"{needed} shares open it; {len(distinct)} are here.")
    chosen, others = list(distinct.values())[:needed], list(distinct.values())[needed:]
    for other in others:
        if _at(chosen, other.number) != other.value:
            raise ShareRefused(f"Share {other.number} does not agree with the others.")
    return _at(chosen, 0)


def _at(shares: Sequence[Share], x: int) -> bytearray:
    """The polynomials' values at x, by Lagrange's interpolation. In this field minus is plus."""
    result = bytearray(len(shares[0].value))
    for share in shares:
        weight = 1
        for other in shares:
            if other is not share:
                factor = _times(x ^ other.number, _inverse(share.number ^ other.number))
                weight = _times(weight, factor)
        for place, y in enumerate(share.value):
            result[place] ^= _times(weight, y)
    return result


def _value(coefficients: bytes, x: int) -> int:
    """A polynomial's value, by Horner's scheme."""
    value = 0
    for coefficient in reversed(coefficients):
        value = _times(value, x) ^ coefficient
    return value


def _tables() -> tuple[list[int], list[int]]:
    """Powers and logarithms to the base 3, which generates the field's 255 units."""
    powers, logarithms = [0] * 255, [0] * 256
    power = 1
    for exponent in range(255):
        powers[exponent], logarithms[power] = power, exponent
        doubled = power << 1
        power ^= doubled ^ _POLYNOMIAL if doubled & 0x100 else doubled
    return powers, logarithms


_POWERS, _LOGARITHMS = _tables()


def _times(a: int, b: int) -> int:
    return _POWERS[(_LOGARITHMS[a] + _LOGARITHMS[b]) % 255] if a and b else 0


def _inverse(a: int) -> int:
    assert a
    return _POWERS[-_LOGARITHMS[a] % 255]
