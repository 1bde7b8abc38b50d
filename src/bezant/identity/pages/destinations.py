"""Where a login leads: a closed list, so that no parameter sends a browser anywhere else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from bezant.identity.device_grant import read_user_code
from bezant.identity.issuers import Issuer


class Place(StrEnum):
    """A page for who is logged in, as its path below the issuer."""

    FACTORS = "account"
    PASSWORD = "account/password"  # noqa: S105 - a path
    TOTP = "account/totp"
    PASSKEY = "account/passkey"
    RECOVERY = "account/recovery-codes"
    SESSIONS = "account/sessions"
    DEVICE = "device"


_DEVICE: Final = f"{Place.DEVICE}/"


@dataclass(frozen=True, slots=True)
class Destination:
    """A page to go on to.

    Attributes:
        to: of the account, or the id of an interaction.
        user_code: to be shown on the page of devices, and confirmed there; empty without one.
    """

    to: Place | UUID = Place.FACTORS
    user_code: str = ""

    @classmethod
    def read(cls, text: str | None) -> Self:
        """What a parameter names; the account, when it is not one of ours."""
        if text is not None and text.startswith(_DEVICE):
            return cls(Place.DEVICE, read_user_code(text.removeprefix(_DEVICE)) or "")
        try:
            return cls(Place(text or Place.FACTORS))
        except ValueError:
            pass
        try:
            return cls(UUID(text))
        except ValueError:
            return cls()

    def __str__(self) -> str:
        return f"{_DEVICE}{self.user_code}" if self.user_code else str(self.to)

    @property
    def interaction_id(self) -> UUID | None:
        """Of an authorization request that waits for the login."""
        return self.to if isinstance(self.to, UUID) else None

    def url(self, issuer: Issuer) -> str:
        """Its address."""
        if isinstance(self.to, UUID):
            return f"{issuer.url}/interactions/{self.to}"
        query = f"?user_code={self.user_code}" if self.user_code else ""
        return f"{issuer.url}/{self.to}{query}"
