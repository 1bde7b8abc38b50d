"""Recognition is sure of what it knows, and seldom wrong about what it does not."""

import base64
import random
import string
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bezant.kernel.card_numbers import brand_of, luhn_sum
from bezant.kernel.ibans import LENGTHS, check_digits
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.personal import Likeness, likeness, masked

IDS = TimeOrderedIds()

befores = st.sampled_from(["", " ", "ref ", "; ", "(", "\n", "x:", "12 "])
afters = st.sampled_from(["", " ", ";", ")", "\n", " in March", " 123"])
digits = st.text(string.digits, min_size=19, max_size=19)


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix, length = draw(
        st.sampled_from(
            [
                *(("4", 13), ("4", 16), ("4", 19), ("55", 16), ("2720", 16), ("34", 15)),
                *(("6011", 16), ("3528", 16), ("305", 14), ("62", 17), ("6304", 12), ("9792", 16)),
            ]
        )
    )
    body = (prefix + draw(digits))[: length - 1]
    return body + str(-luhn_sum(body + "0") % 10)


@st.composite
def ibans(draw: st.DrawFn) -> str:
    country = draw(st.sampled_from(sorted(LENGTHS)))
    size = LENGTHS[country] - 4
    account = draw(st.text(string.digits + string.ascii_uppercase, min_size=size, max_size=size))
    return f"{country}{check_digits(country, account)}{account}"


def grouped(text: str, gap: str) -> str:
    return gap.join(text[at : at + 4] for at in range(0, len(text), 4))


@given(card_numbers(), st.sampled_from(["", " ", "-"]), befores, afters)
def test_every_card_number_is_recognised(number: str, gap: str, before: str, after: str) -> None:
    text = f"{before}{grouped(number, gap)}{after}"
    assert brand_of(number) is not None
    # Three groups of four beside other numbers are as likely anything else.
    assume(len(number) > 12 or not any(each.isdigit() for each in before + after))
    assert likeness(text) is Likeness.CARD_NUMBER
    assert likeness(masked(text)) is None


@given(ibans(), st.sampled_from(["", " ", "-"]), befores)
def test_every_iban_is_recognised(iban: str, gap: str, before: str) -> None:
    for text in (f"{before}{grouped(iban, gap)}", f"{before}{grouped(iban.lower(), gap)}."):
        assert likeness(text) in {Likeness.IBAN, Likeness.CARD_NUMBER}
        assert likeness(masked(text)) is None


@given(
    st.text(max_size=200)
    | st.text(string.digits + " -+@.abDE", max_size=200)
    | st.lists(card_numbers() | ibans() | st.just("a@b.example"), max_size=6).map(" ".join)
)
def test_nothing_is_left_behind_a_mask(text: str) -> None:
    assert likeness(masked(text)) is None
    assert masked(masked(text)) == masked(text)


def number_of(count: int) -> Callable[[random.Random], str]:
    return lambda source: "".join(source.choices(string.digits, k=count))


def time_at(source: random.Random, form: str) -> str:
    return time.strftime(form, time.gmtime(source.getrandbits(32)))


# What metadata hold, and how many of 20,000 at random may be taken for somebody's datum. References
# are practically never. Of numbers without any structure one in ten has a right check digit; the
# share of those that begin like a card is what remains, 2.8 in a hundred at 16 digits.
RATES: dict[str, tuple[Callable[[random.Random], str], int]] = {
    "UUIDv4": (lambda source: str(UUID(int=source.getrandbits(128), version=4)), 0),
    "UUIDv7": (lambda _: str(IDS.new()), 0),
    "UUID in hexadecimal": (lambda source: UUID(int=source.getrandbits(128)).hex, 0),
    "ULID": (lambda source: base64.b32encode(source.randbytes(16)).decode()[:26], 2),
    "128 bits in base 64": (lambda source: base64.b64encode(source.randbytes(16)).decode(), 2),
    "SHA-256": (lambda source: source.randbytes(32).hex(), 0),
    "time": (lambda source: time_at(source, "%Y-%m-%dT%H:%M:%SZ"), 0),
    "time in digits": (lambda source: time_at(source, "%Y%m%d%H%M%S"), 0),
    "microseconds": (lambda source: str(source.randrange(10**15, 2 * 10**15)), 0),
    "order of 8 digits": (number_of(8), 0),
    "order of 10 digits": (number_of(10), 0),
    "order by year": (lambda source: f"ORD-2026-{source.randrange(10**8):08}", 0),
    "order of 12 digits": (number_of(12), 10),
    "order of 13 digits": (number_of(13), 280),
    "order of 16 digits": (number_of(16), 700),
}


@pytest.mark.parametrize("kind", RATES)
def test_mistakes_are_rare(kind: str) -> None:
    make, mistakes_max = RATES[kind]
    source = random.Random(kind)
    mistakes = sum(likeness(make(source)) is not None for _ in range(20_000))
    assert mistakes <= mistakes_max
