"""Device authorizations as values: what became of what a device asked for."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.authorization import Wanted
from bezant.identity.polling import Pace

VALID: Final = timedelta(minutes=10)
"""How long a device waits for its user, and so how long a code can be guessed."""


class State(StrEnum):
    """How far it is."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    REDEEMED = "redeemed"


class DeviceAuthorization(Struct, frozen=True, kw_only=True):
    """What a device waits for.

    Attributes:
        grant_id: what its user gave, once they did.
    """

    state: State
    wanted: Wanted
    grant_id: UUID | None
    pace: Pace
    expires_at: datetime

    def is_over(self, at: datetime) -> bool:
        """Whether nothing comes of it any more."""
        return at >= self.expires_at


_wanted: Final = msgspec.json.Decoder(Wanted)


def encode_wanted(wanted: Wanted) -> bytes:
    """What is wanted, as it is kept until it is decided and fetched."""
    return msgspec.json.encode(wanted)


def decode_wanted(text: bytes) -> Wanted:
    """The same, read."""
    return _wanted.decode(text)
