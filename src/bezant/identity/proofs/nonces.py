"""Nonces of DPoP proofs: made of the time and the key they are for, and kept nowhere.

RFC 9449, section 8: a nonce shows that a proof was made lately, whatever the client's clock says.
Its HMAC is over tenant, key thumbprint and second; any process that has the key verifies it.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bezant.kernel.telemetry import Sensitive

AHEAD_MAX: Final = timedelta(seconds=5)
"""How far ahead the clock of another of our machines may be."""

_TIME_BYTES: Final = 5
_MAC_BYTES: Final = 16
_CHARACTERS: Final = 28


class Nonces(Sensitive):
    """Makes nonces and knows its own.

    Args:
        key: of every process of a platform the same.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"bezant dpop nonce", "sha256")

    def make(self, tenant_id: UUID, jkt: str, at: datetime) -> str:
        """A nonce for proofs by one key."""
        time = int(at.timestamp()).to_bytes(_TIME_BYTES)
        nonce = time + self._mac(tenant_id, jkt, time)
        return urlsafe_b64encode(nonce).decode()

    def is_fresh(
        self, nonce: object, tenant_id: UUID, jkt: str, at: datetime, age_max: timedelta
    ) -> bool:
        """Whether a nonce is one that was made for this key, and lately."""
        if not isinstance(nonce, str) or len(nonce) != _CHARACTERS or not nonce.isascii():
            return False
        try:
            raw = urlsafe_b64decode(nonce)
        except ValueError:
            return False
        time, mac = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
        if not hmac.compare_digest(mac, self._mac(tenant_id, jkt, time)):
            return False
        age_s = at.timestamp() - int.from_bytes(time)
        return -AHEAD_MAX.total_seconds() <= age_s <= age_max.total_seconds()

    def _mac(self, tenant_id: UUID, jkt: str, time: bytes) -> bytes:
        return hmac.digest(self._key, tenant_id.bytes + time + jkt.encode(), "sha256")[:_MAC_BYTES]
