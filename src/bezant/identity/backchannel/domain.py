"""Backchannel authentication requests as values: what a client asks a user who is elsewhere."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from bezant.identity.clients import Client
from bezant.identity.logins import Acr
from bezant.kernel.telemetry import Sensitive

LIFETIME: Final = timedelta(minutes=5)
LIFETIME_MAX: Final = timedelta(minutes=10)
LIFETIME_MIN: Final = timedelta(seconds=30)
"""How long a user may take, as a client asks for it by `requested_expiry`, within bounds."""

OF_CLIENT_MAX: Final = 2
OF_USER_MAX: Final = 3
"""Requests of one client at one user at a time, and of all clients. Fewer than the approvals that a
user may be asked for, so that no client keeps a user from logging in by the same device."""

ACR: Final = Acr.SCA
AMR: Final = ("pop", "user", "mfa")
"""What an approval is: the signature of a key that never leaves the user's device (possession), and
that our application uses after the device has verified its user (knowledge or inherence)."""


class AskedFor(Sensitive, Struct, frozen=True, kw_only=True):
    """What a client asks for, each member checked.

    Attributes:
        acr_names: by which its client knows classes of authentication, best first.
        until: when what is granted ends; None at its revocation.
        binding_message: shown to the user on both devices, so that they see it is the same matter.
        notification_token: by which the client knows us when we tell it that the user has decided.
    """

    scopes: tuple[str, ...]
    details: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[str, ...] = ()
    acr_names: tuple[str, ...] = ()
    until: datetime | None = None
    binding_message: str | None = None
    notification_token: str | None = None
    lifetime: timedelta = LIFETIME

    def shown_for(self, client: Client) -> bytes:
        """What the user's device shows, and what its signature is over."""
        return msgspec.json.encode(
            {
                "kind": "backchannel",
                "client": {"id": client.id, "name": client.name},
                "scopes": self.scopes,
                "authorization_details": self.details,
                "binding_message": self.binding_message,
            }
        )


class Kept(Sensitive, Struct, frozen=True, kw_only=True):
    """What is kept of a request, sealed.

    Attributes:
        auth_req_id: of a client that will be told; of others only the digest is there.
        shown: see `AskedFor.shown_for`.
    """

    asked: AskedFor
    shown: bytes
    auth_req_id: str | None


def context_of_row(tenant_id: UUID, id_hash: bytes) -> bytes:
    """The row that a sealed request belongs to."""
    return f"backchannel_request {tenant_id} {id_hash.hex()}".encode()
