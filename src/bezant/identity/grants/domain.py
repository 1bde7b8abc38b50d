"""Grants: what a user gave to a client, on which its tokens hang."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from bezant.identity.logins import Login


class NewGrant(Struct, frozen=True, kw_only=True):
    """What a user decided to give, before it has an identifier.

    Attributes:
        client_id: to whom.
        login: by whom, and how they proved to be it.
        scopes: of what the client asked for, those that were given.
        details: RFC 9396 `authorization_details`, each of a known type, as they were given.
        resources: the resource indicators of the authorization request (RFC 8707, section 2); none
            for the platform's API.
        until: when it ends by itself; None at its revocation.
        derived_from: the consent that covers it, where the user was not asked; it ends with that.
    """

    client_id: UUID
    login: Login
    scopes: frozenset[str]
    details: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[str, ...] = ()
    until: datetime | None = None
    derived_from: UUID | None = None


class Grant(Struct, frozen=True, kw_only=True):
    """A grant. Authorization codes, refresh tokens and access tokens hang on it and end with it.

    Attributes:
        revoked_at: since when nothing of it holds, whoever ended it.
        derived_from: see `NewGrant`.
    """

    id: UUID
    tenant_id: UUID
    client_id: UUID
    login: Login
    scopes: frozenset[str]
    details: tuple[Mapping[str, Any], ...]
    resources: tuple[str, ...]
    until: datetime | None
    created_at: datetime
    revoked_at: datetime | None = None
    derived_from: UUID | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it is neither revoked nor over."""
        # At its very end it is over: whoever gave it was told until when.
        return self.revoked_at is None and (self.until is None or at < self.until)
