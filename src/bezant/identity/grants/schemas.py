"""Wire models of grants."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from msgspec import Struct

from bezant.identity.grants.domain import Grant
from bezant.identity.logins import Acr
from bezant.kernel.pagination import Page


class GrantsPage(Page, frozen=True, forbid_unknown_fields=True):
    """The query parameters of `GET /v1/grants`: those of one user, of one client, or both."""

    user_id: UUID | None = None
    client_id: UUID | None = None


class GrantView(Struct, frozen=True):
    """A grant as operators see it: what was given, by whom, to whom, after which login.

    Attributes:
        acr: how strong the login was; `authenticated_at` is when it was made.
        until: when it ends by itself.
    """

    id: UUID
    client_id: UUID
    user_id: UUID
    acr: Acr
    authenticated_at: datetime
    scopes: list[str]
    authorization_details: list[Mapping[str, Any]]
    resources: list[str]
    created_at: datetime
    until: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, grant: Grant) -> Self:
        """The view of a grant."""
        return cls(
            id=grant.id,
            client_id=grant.client_id,
            user_id=grant.login.user_id,
            acr=grant.login.acr,
            authenticated_at=grant.login.at,
            scopes=sorted(grant.scopes),
            authorization_details=list(grant.details),
            resources=list(grant.resources),
            created_at=grant.created_at,
            until=grant.until,
            revoked_at=grant.revoked_at,
        )


class GrantViews(Struct, frozen=True):
    """A page of grants, oldest first."""

    grants: list[GrantView]
    next: str | None
