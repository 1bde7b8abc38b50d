"""Clients: the applications that ask for tokens, and how each proves to be itself."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct


class Profile(StrEnum):
    """The security profile that all of a client's requests must keep."""

    FAPI2 = "fapi2"
    """FAPI 2.0 Security Profile Final."""

    FAPI2_MESSAGE_SIGNING = "fapi2-message-signing"
    """The same with signed requests, responses and introspection (FAPI 2.0 Message Signing)."""

    FAPI1_ADVANCED = "fapi1-advanced"
    """FAPI 1.0 Advanced Final: a signed request object by PAR, JARM, certificate-bound tokens."""


class Authentication(StrEnum):
    """How a client authenticates (`token_endpoint_auth_method`)."""

    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"
    NONE = "none"
    """A public client, such as an application on a telephone: it proves a DPoP key only."""


class Binding(StrEnum):
    """What a client's tokens are bound to."""

    DPOP = "dpop"
    MTLS = "mtls"


class Client(Struct, frozen=True, kw_only=True):
    """A registered client.

    Attributes:
        id: the `client_id`, in its text form.
        name: what users are shown.
        redirect_uris: compared whole, as text; none is a pattern.
        grant_types: those that it may use at the token endpoint.
        scopes: those that it may ask for.
        jwks: its public keys; None where `jwks_uri` names them, or certificates are all it has.
        tls_subject: of `tls_client_auth`, the metadata member that names its certificate, such as
            `tls_client_auth_san_dns`, and what that member says (RFC 8705, section 2.1.2).
        post_logout_redirect_uris: where its users go after a logout; compared like the others.
        logout_uri: where it is told that a session has ended (Back-Channel Logout 1.0).
        disabled_at: since when all its requests are refused.
    """

    id: UUID
    tenant_id: UUID
    name: str
    profile: Profile
    authentication: Authentication
    binding: Binding
    redirect_uris: tuple[str, ...] = ()
    grant_types: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    tls_subject: tuple[str, str] | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    logout_uri: str | None = None
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret from its own users."""
        return self.authentication is Authentication.NONE
