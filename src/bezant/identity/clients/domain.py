"""Clients: the applications that ask for tokens, and how each proves to be itself."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from msgspec import Meta, Struct

from bezant.identity.jose import Algorithm

_OF_FAPI1: Final = (Algorithm.PS256, Algorithm.ES256)
DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
"""The grant type of device codes (RFC 8628, section 3.4)."""

TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name
"""The grant type of token exchange (RFC 8693, section 2.1)."""


class Profile(StrEnum):
    """The security profile that all of a client's requests must keep."""

    FAPI2 = "fapi2"
    """FAPI 2.0 Security Profile Final."""

    FAPI2_MESSAGE_SIGNING = "fapi2-message-signing"
    """The same with signed requests, responses and introspection (FAPI 2.0 Message Signing)."""

    FAPI1_ADVANCED = "fapi1-advanced"
    """FAPI 1.0 Advanced Final: a signed request object by PAR, JARM, certificate-bound tokens."""

    @property
    def algorithms(self) -> Collection[Algorithm]:
        """What a client may sign with (FAPI 2.0, section 5.4.1; FAPI 1.0 Advanced, section 8.6)."""
        return _OF_FAPI1 if self is Profile.FAPI1_ADVANCED else tuple(Algorithm)


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


CIBA: Final = "urn:openid:params:grant-type:ciba"


class Delivery(StrEnum):
    """How a client learns that its user has decided (CIBA Core, section 5); never by a push."""

    POLL = "poll"
    PING = "ping"


class Backchannel(Struct, frozen=True, forbid_unknown_fields=True):
    """How a client asks users on their own devices (CIBA Core, section 4).

    Attributes:
        token_delivery_mode: poll the token endpoint, or be told when to.
        client_notification_endpoint: where a client is told; of `ping` alone.
        authentication_request_signing_alg: all its requests are signed, with this; None: no
            request is.
    """

    token_delivery_mode: Delivery
    client_notification_endpoint: Annotated[str, Meta(min_length=1, max_length=2_000)] | None = None
    authentication_request_signing_alg: Algorithm | None = None


class Client(Struct, frozen=True, kw_only=True):
    """A registered client.

    Attributes:
        id: the `client_id`, in its text form.
        name: what users are shown.
        redirect_uris: compared whole, as text; none is a pattern.
        grant_types: those that it may use at the token endpoint.
        scopes: those that it may ask for.
        jwks: its public keys; None where `jwks_uri` names them, or certificates are all it has.
        exchange_audiences: for which it may exchange tokens (RFC 8693).
        impersonates: whether a token that it exchanged hides that it did.
        tls_subject: of `tls_client_auth`, the metadata member that names its certificate, such as
            `tls_client_auth_san_dns`, and what that member says (RFC 8705, section 2.1.2).
        backchannel: of a client that asks users on their own devices.
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
    exchange_audiences: frozenset[str] = frozenset()
    impersonates: bool = False
    backchannel: Backchannel | None = None
    post_logout_redirect_uris: tuple[str, ...] = ()
    logout_uri: str | None = None
    created_at: datetime
    disabled_at: datetime | None = None

    @property
    def is_public(self) -> bool:
        """Whether it cannot keep a secret from its own users."""
        return self.authentication is Authentication.NONE
