"""Tokens as values: what an access token says, and when a refresh token is followed by another."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, field

from bezant.identity.confirmation import Confirmation
from bezant.identity.logins import Acr

ACCESS_TOKEN_VALID: Final = timedelta(minutes=5)

GRACE: Final = timedelta(seconds=10)
"""How long after its first use a public client's refresh token brings the same successor: for who
lost the answer, or asked twice at once."""

SECRET_BYTES: Final = 32
PREFIX: Final = "bzr_"
"""Lets secret scanners recognise a refresh token that leaked."""


ACTORS_MAX: Final = 4
"""How many may act one for another: who checks a token has to read them all."""


class Actor(Struct, frozen=True, omit_defaults=True):
    """Who acts for the subject of a token (RFC 8693, section 4.1).

    Attributes:
        sub: a client, or the user whom its token named.
        client_id: the client that exchanged the token.
        act: for whom this one acted in turn.
    """

    sub: str
    client_id: UUID
    act: "Actor | None" = None

    @property
    def chain(self) -> tuple[str, ...]:
        """Opaque references of all, the one who acts now first."""
        kind = "client" if self.sub == str(self.client_id) else "user"
        return (f"{kind}:{self.sub}", *(() if self.act is None else self.act.chain))


class Claims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An access token's claims (RFC 9068, section 2.2; RFC 9396, section 9.1).

    Attributes:
        sub: the user; the client itself where it has no grant.
        aud: where it may be used (RFC 8707).
        cnf: whose it is: without this key it is worth nothing.
        grant_id: what it was issued of; None for a client's own.
        act: who acts for `sub`; None where nobody else does.
    """

    iss: str
    sub: str
    aud: str | list[str]
    client_id: UUID
    scope: str
    jti: str
    iat: int
    exp: int
    cnf: Confirmation
    grant_id: UUID | None = None
    auth_time: int | None = None
    acr: Acr | None = None
    act: Actor | None = None
    authorization_details: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def scopes(self) -> frozenset[str]:
        """What it grants."""
        return frozenset(self.scope.split())

    @property
    def audience(self) -> frozenset[str]:
        """Where it may be used."""
        return frozenset((self.aud,) if isinstance(self.aud, str) else self.aud)

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired; nothing is added for clocks: they are our own."""
        return now >= datetime.fromtimestamp(self.exp, UTC)


class Rotation(Enum):
    """What becomes of a refresh token that is presented."""

    KEPT = auto()
    """A confidential client's: it stays the same (FAPI 2.0 Security Profile, section 5.3.2.1)."""

    FIRST = auto()
    """A public client's: it is spent, and followed by a new one."""

    REPEATED = auto()
    """Spent a moment ago: its successor is told again."""

    REUSED = auto()
    """Spent long ago: two have it, and one of them should not (RFC 9700, section 4.14.2)."""


class RefreshToken(Struct, frozen=True, kw_only=True):
    """A refresh token's row.

    Attributes:
        jkt: the key of a public client, which must be proven again (RFC 9449, section 5); None for
            a client that authenticates.
        salt: of the successor, once there is one.
    """

    client_id: UUID
    grant_id: UUID
    jkt: str | None
    expires_at: datetime | None
    spent_at: datetime | None = None
    salt: bytes | None = None

    def rotation_at(self, at: datetime) -> Rotation:
        """What becomes of it when it is presented."""
        if self.jkt is None:
            return Rotation.KEPT
        if self.spent_at is None:
            return Rotation.FIRST
        return Rotation.REPEATED if at < self.spent_at + GRACE else Rotation.REUSED

    def is_over(self, at: datetime) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and at >= self.expires_at


def digest(text: str) -> bytes:
    """What is stored instead of a token, a code or a `jti`: 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def write_refresh_token(secret: bytes) -> str:
    """The text of a refresh token."""
    assert len(secret) == SECRET_BYTES
    return PREFIX + urlsafe_b64encode(secret).rstrip(b"=").decode()


def successor_of(text: str, salt: bytes) -> str:
    """The refresh token that follows one.

    It follows from the token and a salt that only the database has. So it can be told again, is
    stored nowhere, and neither who reads the database nor who has the old token knows it.
    """
    assert len(salt) == SECRET_BYTES
    return write_refresh_token(hmac.digest(salt, text.encode(), hashlib.sha256))
