"""Exchange rates: exact positive rationals, and the rates that follow from recorded ones.

A rate of the pair `EUR/USD` says how many units of USD one unit of EUR is worth.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

RATE_DIGITS_MAX: Final = 18
"""Fraction digits of a rate that is given as a decimal."""

_RATE: Final = re.compile(r"([0-9]+)(?:\.([0-9]+)|/([0-9]+))?")


class Derivation(StrEnum):
    """How a rate follows from recorded ones."""

    DIRECT = "direct"
    INVERSE = "inverse"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class RecordedRate:
    """What a source said one unit of a pair's base is worth, from an instant on."""

    rate: Fraction
    at: datetime
    source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class DerivedRate:
    """The rate that applies to a pair.

    Attributes:
        at: of the oldest rate that it stands on.
        sources: of the rates that it stands on, in the order of the pair.
    """

    rate: Fraction
    at: datetime
    derivation: Derivation
    sources: tuple[str, ...]


Pair = tuple[str, str]
"""Base and quote."""


def read_rate(text: str) -> Fraction:
    """Read a decimal (`1.0834`) or a quotient of integers (`5000/5417`)."""
    match = _RATE.fullmatch(text)
    assert match is not None, text
    whole, decimals, divisor = match.groups()
    if divisor is not None:
        return Fraction(int(whole), int(divisor))
    digits = decimals or ""
    return Fraction(int(whole + digits), 10 ** len(digits))


def write_rate(rate: Fraction) -> str:
    """Write a rate exactly: a decimal where 18 digits hold it, else a quotient in lowest terms."""
    scaled = rate * 10**RATE_DIGITS_MAX
    if scaled.denominator != 1:
        return f"{rate.numerator}/{rate.denominator}"
    digits = str(scaled.numerator).rjust(RATE_DIGITS_MAX + 1, "0")
    whole, decimals = digits[:-RATE_DIGITS_MAX], digits[-RATE_DIGITS_MAX:].rstrip("0")
    return f"{whole}.{decimals}" if decimals else whole


def per_minor_unit(rate: Fraction, base_scale: int, quote_scale: int) -> Fraction:
    """Minor units of the quote asset per minor unit of the base asset."""
    return Fraction(rate.numerator * 10**quote_scale, rate.denominator * 10**base_scale)


def inverse(rate: Fraction) -> Fraction:
    """The rate of the same pair the other way round."""
    return Fraction(rate.denominator, rate.numerator)


def pairs_for(base: str, quote: str, through: str) -> list[Pair]:
    """The recorded pairs that a rate of (base, quote) may follow from."""
    legs = [(base, quote)]
    if through not in {base, quote}:
        legs += [(base, through), (through, quote)]
    return [pair for one, other in legs for pair in ((one, other), (other, one))]


def derive(
    recorded: Mapping[Pair, RecordedRate], base: str, quote: str, through: str
) -> DerivedRate | None:
    """The rate of a pair: as recorded, or the inverse, or a cross rate through a third asset.

    Of a rate and one of the reverse pair the newer applies, and the former when they are of the
    same instant. A cross rate is the product of two such rates, for want of either.

    Args:
        recorded: the newest of each ordered pair at the instant that is asked about.
        base: of the pair asked for.
        quote: of the pair asked for.
        through: the asset that cross rates are made with.
    """
    straight = _straight(recorded, base, quote)
    if straight is not None or through in {base, quote}:
        return straight
    first, second = _straight(recorded, base, through), _straight(recorded, through, quote)
    if first is None or second is None:
        return None
    return DerivedRate(
        first.rate * second.rate,
        min(first.at, second.at),
        Derivation.CROSS,
        (*first.sources, *second.sources),
    )


def _straight(recorded: Mapping[Pair, RecordedRate], base: str, quote: str) -> DerivedRate | None:
    direct, reverse = recorded.get((base, quote)), recorded.get((quote, base))
    if direct is not None and (reverse is None or direct.at >= reverse.at):
        return DerivedRate(direct.rate, direct.at, Derivation.DIRECT, (direct.source,))
    if reverse is None:
        return None
    return DerivedRate(inverse(reverse.rate), reverse.at, Derivation.INVERSE, (reverse.source,))
