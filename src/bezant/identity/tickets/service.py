"""Making tickets and using them up."""

import base64
import hashlib
import os
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec import Struct

from bezant.identity.tickets import store
from bezant.kernel.database import Database

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record]

SECRET_BYTES: Final = 32
_TEXT_MAX: Final = 128
_LINK: Final = "bzl_"


class Kind(StrEnum):
    """What a ticket is for. It is of no use for anything else."""

    OPERATOR = "operator"
    INVITATION = "invitation"
    RESET = "reset"
    LOGIN = "login"
    PASSKEY_LOGIN = "passkey-login"
    PASSKEY_ENROLMENT = "passkey-enrolment"
    TOTP_ENROLMENT = "totp-enrolment"
    DEVICE_ENROLMENT = "device-enrolment"


class Ticket(Struct, frozen=True):
    """A ticket as it is stored.

    Attributes:
        user_id: whose; None where nobody is known yet.
        content: what its kind needs to go on.
    """

    kind: Kind
    user_id: UUID | None
    content: bytes


def new_text(random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """The text of a new ticket: 256 random bits, base64url."""
    return base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")


def new_link(random_bytes: Callable[[int], bytes] = os.urandom) -> str:
    """The same for a link that is sent to somebody, so that scanners for secrets know it."""
    return _LINK + new_text(random_bytes)


class Tickets:
    """Tickets of every tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(
        self,
        connection: "Connection",
        tenant_id: UUID,
        text: str,
        ticket: Ticket,
        now: datetime,
        lifetime: timedelta,
    ) -> None:
        """Store a ticket by the digest of its text."""
        await connection.execute(
            store.INSERT,
            tenant_id,
            _digest(text),
            ticket.kind,
            ticket.user_id,
            ticket.content,
            now,
            now + lifetime,
        )

    async def find(
        self, tenant_id: UUID, text: str, kinds: Collection[Kind], now: datetime
    ) -> Ticket | None:
        """The ticket of a text, if it is of one of these kinds and neither used nor expired."""
        row = await self._database.fetchrow(store.FIND, tenant_id, _digest(text), list(kinds), now)
        return None if row is None else _ticket(row)

    async def redeem(
        self,
        connection: "Connection",
        tenant_id: UUID,
        text: str,
        kinds: Collection[Kind],
        now: datetime,
    ) -> Ticket | None:
        """Use a ticket up in a transaction; None when another did, or as for `find`."""
        row = await connection.fetchrow(store.REDEEM, tenant_id, _digest(text), list(kinds), now)
        return None if row is None else _ticket(row)

    async def revoke(
        self, connection: "Connection", tenant_id: UUID, user_id: UUID, kinds: Collection[Kind]
    ) -> None:
        """End a user's tickets of these kinds."""
        await connection.execute(store.REVOKE, tenant_id, user_id, list(kinds))

    async def remove_over(self, tenant_id: UUID, before: datetime, limit: int) -> int:
        """Remove some of a tenant's that expired before an instant; how many were removed."""
        return await self._database.remove(store.DELETE_OVER, tenant_id, before, limit)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text[:_TEXT_MAX].encode(errors="replace")).digest()


def _ticket(row: "asyncpg.Record") -> Ticket:
    return Ticket(Kind(row["kind"]), row["user_id"], row["content"])
