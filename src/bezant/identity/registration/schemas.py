"""Wire models of trust in those who register clients."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from bezant.identity.clients import Profile, ScopeToken, Uri

USES_MAX = 100
VALID_S_DEFAULT = 24 * 3600
VALID_S_MAX = 30 * 24 * 3600

ClientScopes = Annotated[
    list[ScopeToken],
    Meta(max_length=100, description="What clients may ask for at most. You hold what the API's."),
]


class NewStatementIssuer(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /v1/software-statement-issuers`.

    Clients that register by a statement of the issuer keep `profile`.
    """

    issuer: Annotated[str, Meta(min_length=1, max_length=500, description="The `iss`, as text.")]
    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    profile: Profile = Profile.FAPI2
    scopes: ClientScopes = []


class StatementIssuer(Struct, frozen=True, kw_only=True):
    """Whose software statements let clients register."""

    id: UUID
    issuer: str
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    profile: Profile
    scopes: list[str]
    created_at: datetime


class StatementIssuers(Struct, frozen=True):
    """A page of issuers, oldest first."""

    software_statement_issuers: list[StatementIssuer]
    next: str | None


class NewInitialAccessToken(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /v1/initial-access-tokens`."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="What it is for.")]
    profile: Profile = Profile.FAPI2
    scopes: ClientScopes = []
    uses: Annotated[int, Meta(ge=1, le=USES_MAX)] = 1
    expires_in_s: Annotated[int, Meta(ge=1, le=VALID_S_MAX)] = VALID_S_DEFAULT


class InitialAccessToken(Struct, frozen=True, kw_only=True):
    """What lets a client register, without its text."""

    id: UUID
    name: str
    profile: Profile
    scopes: list[str]
    uses_left: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class IssuedInitialAccessToken(Struct, frozen=True):
    """The first answer is the only one that has the token's text."""

    initial_access_token: InitialAccessToken
    token: str | None = None


class InitialAccessTokens(Struct, frozen=True):
    """A page of initial access tokens, oldest first."""

    initial_access_tokens: list[InitialAccessToken]
    next: str | None


class Registration(Struct, frozen=True, kw_only=True):
    """A client that registered itself, and what let it.

    `software_statement_id` is the `jti` of the statement that counts now.
    """

    client_id: UUID
    initial_access_token: UUID | None
    software_statement_issuer: str | None
    software_statement_id: str | None
    software_id: str | None
    software_version: str | None
    registered_at: datetime
    deleted_at: datetime | None


class Registrations(Struct, frozen=True):
    """A page of registrations, oldest first."""

    oauth_client_registrations: list[Registration]
    next: str | None
