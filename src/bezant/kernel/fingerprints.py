"""Keyed fingerprints: to find, and to keep unique, what the database must not be able to read.

Account numbers are few enough that a plain hash of one is soon guessed. Without the key, which is
not in the database, a fingerprint says nothing; with it, equality can be looked up by an index.
"""

import hashlib
import hmac
from typing import Final

import msgspec

from bezant.kernel.calls import Call
from bezant.kernel.telemetry import Sensitive

_PURPOSE: Final = b"bezant fingerprints"


class Fingerprints(Sensitive):
    """HMAC-SHA-256 under a key derived from the platform's sealing key.

    Args:
        sealing_key: of every process of the platform the same.
    """

    def __init__(self, sealing_key: bytes) -> None:
        self._key = hmac.digest(sealing_key, _PURPOSE, hashlib.sha256)

    def of(self, kind: str, value: str) -> bytes:
        """The fingerprint of a value in its normal form, 32 bytes.

        Args:
            kind: what it is, such as `iban`: equal values of two kinds do not meet.
            value: the text.
        """
        assert "\n" not in kind, "it ends where the value begins"
        return hmac.digest(self._key, f"{kind}\n{value}".encode(), hashlib.sha256)

    def covered(self, call: Call) -> Call:
        """A call whose fingerprint is keyed: a plain hash of a body with a number is guessed."""
        return msgspec.structs.replace(call, fingerprint=self.of("request", call.fingerprint.hex()))
