"""The text that a session's holder sends: where it is, and a secret of 256 random bits."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

SECRET_BYTES: Final = 32
_PREFIX: Final = "bzs_"
_BYTES: Final = 16 + 16 + SECRET_BYTES


@dataclass(frozen=True, slots=True, repr=False)
class SessionToken:
    """A session's token in its parts. Never logged: it has no `repr`."""

    tenant_id: UUID
    session_id: UUID
    secret: bytes

    def write(self) -> str:
        """The text."""
        parts = self.tenant_id.bytes + self.session_id.bytes + self.secret
        return _PREFIX + base64.urlsafe_b64encode(parts).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The parts of a text; None when it cannot be one that we made."""
        try:
            parts = base64.b64decode(
                text.removeprefix(_PREFIX) + "==", altchars=b"-_", validate=True
            )
        except (binascii.Error, ValueError):
            return None
        if len(parts) != _BYTES:
            return None
        token = cls(UUID(bytes=parts[:16]), UUID(bytes=parts[16:32]), parts[32:])
        # Base64 has several texts for the same bytes; one of them is ours.
        return token if token.write() == text else None

    def secret_hash(self) -> bytes:
        """What is stored instead of the secret, which no number of guesses finds."""
        return hashlib.sha256(self.secret).digest()
