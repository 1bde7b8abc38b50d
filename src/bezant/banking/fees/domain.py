"""What fees come to. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from bezant.banking.interest.domain import is_last_day, rate_of
from bezant.banking.terms.fees import Fee, FeeEvent


@dataclass(frozen=True, slots=True)
class Split:
    """What a customer pays, and what of it is whose; minor units."""

    gross: int
    vat: int

    @property
    def net(self) -> int:
        """The bank's part."""
        return self.gross - self.vat


def split(fee: Fee) -> Split:
    """A fee's parts. VAT is rounded half to even; the net amount is all the rest."""
    return _split(int(fee.gross), fee.vat)


# Of thousands of customers that are charged the same in a night, the first is worked out.
@lru_cache(maxsize=1024)
def _split(gross: int, vat: str) -> Split:
    rate = rate_of(vat)
    parts = Split(gross, round(gross * rate / (1 + rate)))
    assert parts.net + parts.vat == gross
    assert 0 <= parts.vat < gross or gross == 0
    return parts


def is_waived(fee: Fee, balance: int) -> bool:
    """Whether a balance is high enough for it to cost nothing; minor units."""
    return fee.waived_from is not None and balance >= int(fee.waived_from)


def due_on(fees: Sequence[Fee], day: date, asset: str) -> list[Fee]:
    """The periodic fees of an asset whose time ends with a day."""
    return [
        fee
        for fee in fees
        if fee.asset == asset and fee.every is not None and is_last_day(day, fee.every)
    ]


def for_event(fees: Sequence[Fee], event: FeeEvent, asset: str) -> list[Fee]:
    """The fees of an event in an asset."""
    return [fee for fee in fees if fee.asset == asset and fee.event is event]
