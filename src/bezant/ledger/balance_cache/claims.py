"""What this process knows of who writes a book: for how long, and how new entries have to be."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bezant.ledger.balance_cache.domain import TRUST_NS, Domain
from bezant.ledger.balance_cache.watermark import Watermark

if TYPE_CHECKING:
    from bezant.ledger.lane.watch import BookKey

CLAIMS_MAX: Final = 1_000
"""Books whose watermarks a process keeps mapped; the one longest unasked is let go first."""

RENEW_NS: Final = 500_000_000
"""How old a claim may become before the database is asked again, while it is still being used."""


def since_boot_ns() -> int:
    """Nanoseconds, those that the machine slept included: others did not sleep with it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Claim:
    """That a book was written by this domain alone, `TRUST_NS` ago at the longest.

    Attributes:
        watermark: its holder's.
        epoch: the holder's.
        asked_at_ns: when the database was asked.
        is_renewing: whether it is being asked again.
    """

    __slots__ = ("_clock", "asked_at_ns", "epoch", "is_renewing", "watermark")

    def __init__(
        self, watermark: Watermark, epoch: int, asked_at_ns: int, clock: Callable[[], int]
    ) -> None:
        self.watermark = watermark
        self.epoch = epoch
        self.asked_at_ns = asked_at_ns
        self.is_renewing = False
        self._clock = clock

    @property
    def age_ns(self) -> int:
        """How old what the database said is."""
        return self._clock() - self.asked_at_ns

    @property
    def holds(self) -> bool:
        """Whether nobody can have written the book but the holder of these watermarks."""
        return self.age_ns < TRUST_NS and not self.watermark.is_revoked

    def admits(self, account_no: int, seq: int) -> bool:
        """Whether a balance that was the newest at `seq` still is.

        In this order: who revokes the watermarks does so before they commit anything.
        """
        return self.holds and seq >= self.watermark.required(account_no)


class Claims:
    """The claims of one process, by book."""

    def __init__(self, domain: Domain, clock: Callable[[], int] = since_boot_ns) -> None:
        self._domain = domain
        self._clock = clock
        self._claims: dict[BookKey, Claim] = {}

    def now(self) -> int:
        """The instant to give to `learn`: taken before the database is asked."""
        return self._clock()

    def of(self, key: "BookKey") -> Claim | None:
        """The claim on a book, if it holds."""
        claim = self._claims.get(key)
        if claim is None or claim.holds:
            return claim
        del self._claims[key]
        return None

    def learn(self, key: "BookKey", epoch: int, holder: str, asked_at_ns: int) -> Claim | None:
        """Take what the database said of a book's lane; the claim that follows, if one does."""
        known = self._claims.pop(key, None)
        if known is not None and known.epoch == epoch and not known.watermark.is_revoked:
            known.asked_at_ns = max(known.asked_at_ns, asked_at_ns)
            self._claims[key] = known
            return known
        watermark = self._domain.watermark(key, epoch, holder)
        if watermark is None:
            return None
        claim = Claim(watermark, epoch, asked_at_ns, self._clock)
        self._claims[key] = claim
        if len(self._claims) > CLAIMS_MAX:
            del self._claims[next(iter(self._claims))]
        return claim
