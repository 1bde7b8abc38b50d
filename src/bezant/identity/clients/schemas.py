"""Wire models of clients."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bezant.identity.clients.domain import Authentication, Backchannel, Binding, Profile

GrantType = Literal[
    "authorization_code",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:openid:params:grant-type:ciba",
]

ScopeToken = Annotated[
    str,
    Meta(
        pattern=r"^[!#-\[\]-~]{1,100}\Z",
        description="RFC 6749, section 3.3. One of the API's only if you hold it yourself.",
    ),
]

Uri = Annotated[str, Meta(min_length=1, max_length=2_000)]


class TlsSubject(Struct, frozen=True, forbid_unknown_fields=True):
    """Which certificate is the client's (RFC 8705, section 2.1.2)."""

    member: Literal[
        "tls_client_auth_subject_dn",
        "tls_client_auth_san_dns",
        "tls_client_auth_san_uri",
        "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ]
    value: Annotated[str, Meta(min_length=1, max_length=500)]


class ExchangeRights(Struct, frozen=True, forbid_unknown_fields=True):
    """What a client may exchange tokens for (RFC 8693).

    Attributes:
        audiences: where the exchanged tokens may be used: the API's address, an address of a
            server of yours, or the identifier of a client.
        impersonates: exchanged tokens do not name the client as the actor.
    """

    audiences: Annotated[
        list[Annotated[str, Meta(pattern=r"^[!#-\[\]-~]{1,200}\Z")]],
        Meta(min_length=1, max_length=20),
    ]
    impersonates: bool = False


class ClientKeysChange(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/oauth-clients/{client}/keys`: all that the client will prove itself by."""

    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    tls_subject: TlsSubject | None = None


class NewOAuthClient(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /v1/oauth-clients`."""

    name: Annotated[str, Meta(min_length=1, max_length=100, description="What users are shown.")]
    profile: Profile = Profile.FAPI2
    authentication: Authentication = Authentication.PRIVATE_KEY_JWT
    binding: Binding = Binding.DPOP
    redirect_uris: Annotated[list[Uri], Meta(max_length=20)] = []
    grant_types: Annotated[list[GrantType], Meta(min_length=1, max_length=10)]
    scopes: Annotated[list[ScopeToken], Meta(max_length=100)] = []
    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    tls_subject: TlsSubject | None = None
    exchange: ExchangeRights | None = None
    backchannel: Backchannel | None = None
    post_logout_redirect_uris: Annotated[list[Uri], Meta(max_length=20)] = []
    backchannel_logout_uri: Uri | None = None
    backchannel_logout_session_required: bool = False


class OAuthClient(Struct, frozen=True, kw_only=True):
    """A client as it is listed. `id` is its `client_id`."""

    id: UUID
    name: str
    profile: Profile
    authentication: Authentication
    binding: Binding
    redirect_uris: list[str]
    grant_types: list[str]
    scopes: list[str]
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    tls_subject: TlsSubject | None = None
    exchange: ExchangeRights | None = None
    backchannel: Backchannel | None = None
    post_logout_redirect_uris: list[str] = []
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    created_at: datetime
    changed_at: datetime
    disabled_at: datetime | None = None


class OAuthClients(Struct, frozen=True):
    """A page of clients, oldest first."""

    oauth_clients: list[OAuthClient]
    next: str | None
