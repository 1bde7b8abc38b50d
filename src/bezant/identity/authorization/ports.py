"""What authorization needs of its neighbours."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from bezant.identity.clients import Client
from bezant.identity.http import ProtocolRequest
from bezant.identity.issuers import Issuer
from bezant.identity.logins import Login

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]


class DetailRefused(Exception):  # noqa: N818 - an answer, not a fault
    """A detail is not in order; one sentence says why, without repeating it."""


class DetailType(Protocol):
    """A type of `authorization_details` (RFC 9396, section 2), which some domain understands.

    Attributes:
        name: the value of `type`.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    async def check(self, client: Client, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """The detail as it will be shown to users and granted, `type` and all.

        Raises:
            DetailRefused: a member is unknown, missing or not the client's to ask for.
        """
        ...

    def until(self, detail: Mapping[str, Any]) -> datetime | None:
        """When what a checked detail gives ends; None at its grant's revocation."""
        ...


class Hints(Protocol):
    """What earlier ID tokens say, which clients bring along as `id_token_hint`."""

    async def subject(self, issuer: Issuer, client: Client, hint: str) -> UUID | None:
        """Whom a token of the client's is about; None where it is none of ours, or another's."""
        ...


class Visitors(Protocol):
    """Who is logged in where a request comes from."""

    async def login(self, request: ProtocolRequest) -> Login | None:
        """What was proven in the browser's session; None where there is none."""
        ...

    async def is_called(self, tenant_id: UUID, user_id: UUID, name: str) -> bool:
        """Whether a user logs in under a name."""
        ...


class SessionClients(Protocol):
    """Which clients a browser's session logged into, for its end."""

    async def note(
        self,
        connection: "Connection",
        tenant_id: UUID,
        session_id: UUID,
        client_id: UUID,
        at: datetime,
    ) -> bool:
        """Write down a client in the commit that logs into it; False if the session has ended."""
        ...
