"""How often a client may ask whether its user has decided (RFC 8628, section 3.5; CIBA Core, 11).

A pace is kept in the row of what is polled for, and written in the transaction that answers the
poll: it is the same whichever process is asked.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from bezant.identity.http import OAuthError

INTERVAL_S: Final = 5
"""How many seconds lie between two polls, until a client is told to slow down."""

_SLOWER_BY_S: Final = 5
_EARLY: Final = timedelta(seconds=1)
"""A poll that left in time may arrive a moment early."""


class Unready(NamedTuple):
    """A poll that brings no tokens. It is committed, with the pace that it leaves."""

    error: OAuthError


class Pace(Struct, frozen=True):
    """How fast a client polls.

    Attributes:
        interval_s: what must lie between two polls.
        polled_at: the last one's instant; None before the first.
    """

    interval_s: int
    polled_at: datetime | None = None

    def polled(self, at: datetime) -> tuple["Pace", Unready]:
        """A poll while the user has not decided: the pace from now on, and what is answered."""
        if self._is_kept(at):
            error = OAuthError("authorization_pending", "The user has not decided yet.")
            return Pace(self.interval_s, at), Unready(error)
        interval_s = self.interval_s + _SLOWER_BY_S
        error = OAuthError("slow_down", f"Ask every {interval_s} seconds from now on.")
        return Pace(interval_s, at), Unready(error)

    def _is_kept(self, at: datetime) -> bool:
        if self.polled_at is None:
            return True
        return at >= self.polled_at + timedelta(seconds=self.interval_s) - _EARLY
