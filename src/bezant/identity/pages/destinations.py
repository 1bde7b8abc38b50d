"""Where a login leads: a closed list, so that no parameter sends a browser anywhere else."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID

from bezant.identity.issuers import Issuer


class Place(StrEnum):
    """A page of one's own account, as its path below the issuer."""

    FACTORS = "account"
    PASSWORD = "account/password"  # noqa: S105 - a path
    TOTP = "account/totp"
    PASSKEY = "account/passkey"
    RECOVERY = "account/recovery-codes"
    SESSIONS = "account/sessions"


@dataclass(frozen=True, slots=True)
class Destination:
    """A page to go on to.

    Attributes:
        to: of the account, or the id of an interaction.
    """

    to: Place | UUID = Place.FACTORS

    @classmethod
    def read(cls, text: str | None) -> Self:
        """What a parameter names; the account, when it is not one of ours."""
        try:
            return cls(Place(text or Place.FACTORS))
        except ValueError:
            pass
        try:
            return cls(UUID(text))
        except ValueError:
            return cls()

    def __str__(self) -> str:
        return str(self.to)

    @property
    def interaction_id(self) -> UUID | None:
        """Of an authorization request that waits for the login."""
        return self.to if isinstance(self.to, UUID) else None

    def url(self, issuer: Issuer) -> str:
        """Its address."""
        if isinstance(self.to, UUID):
            return f"{issuer.url}/interactions/{self.to}"
        return f"{issuer.url}/{self.to}"
