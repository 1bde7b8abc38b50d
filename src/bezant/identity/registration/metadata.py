"""Client metadata by its registered names (RFC 7591, section 2; IANA's registry), and back.

What is not known here is ignored, as the RFC has it; what is known and not offered is refused, so
that no client learns of it later. There is one set of rules for clients, that of
`identity.clients.rules`: metadata is only another spelling of what these judge.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.identity.clients import (
    Authentication,
    Binding,
    Client,
    GrantType,
    NewOAuthClient,
    Profile,
    ScopeToken,
    TlsSubject,
    Uri,
)
from bezant.identity.http import OAuthError
from bezant.identity.jose import Algorithm
from bezant.identity.registration.domain import Limits, origin_of
from bezant.identity.signing import DEFAULT_ALGORITHM

TLS_MEMBERS: Final = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)

BY_CERTIFICATE: Final = (Authentication.TLS, Authentication.SELF_SIGNED_TLS)

_SIGNED: Final = (Profile.FAPI2_MESSAGE_SIGNING, Profile.FAPI1_ADVANCED)
_BOUND: Final = ("tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens")
_WHERE: Final = re.compile(r"at `\$\.(?P<member>[a-z_]+)")
_NO_TYPE: Final = frozenset[str]()

Text = Annotated[str, Meta(min_length=1, max_length=500)]


class ClientMetadata(Struct, frozen=True, kw_only=True):
    """What a client says of itself, in the types that the RFCs give it."""

    client_name: Annotated[str, Meta(min_length=1, max_length=100)]
    redirect_uris: Annotated[list[Uri], Meta(max_length=20)] = []
    # RFC 7591, section 2: what it means to leave them out.
    grant_types: Annotated[list[GrantType], Meta(min_length=1, max_length=10)] = msgspec.field(
        default_factory=lambda: ["authorization_code"]
    )
    response_types: Annotated[list[str], Meta(max_length=10)] | None = None
    scope: Annotated[str, Meta(max_length=10_000)] | None = None
    token_endpoint_auth_method: Authentication = Authentication.PRIVATE_KEY_JWT
    token_endpoint_auth_signing_alg: Algorithm | None = None
    request_object_signing_alg: Algorithm | None = None
    require_signed_request_object: bool | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    tls_client_auth_subject_dn: Text | None = None
    tls_client_auth_san_dns: Text | None = None
    tls_client_auth_san_uri: Text | None = None
    tls_client_auth_san_ip: Text | None = None
    tls_client_auth_san_email: Text | None = None
    tls_client_certificate_bound_access_tokens: bool | None = None
    dpop_bound_access_tokens: bool | None = None
    software_id: Text | None = None
    software_version: Text | None = None

    @property
    def tls_subject(self) -> TlsSubject | None:
        """Which certificate is the client's."""
        named: list[TlsSubject] = [
            TlsSubject(member, value)
            for member in TLS_MEMBERS
            if (value := getattr(self, member)) is not None
        ]
        if len(named) > 1:
            # RFC 8705, section 2.1.2: exactly one of them.
            raise invalid("A certificate is named by one member.")
        return named[0] if named else None


_SCOPES: Final = Annotated[list[ScopeToken], Meta(max_length=100)]


def read(asked: Mapping[str, Any], limits: Limits) -> ClientMetadata:
    """What a client would be: as it asks, but where its statement says otherwise.

    Raises:
        OAuthError: `invalid_client_metadata`, `invalid_redirect_uri`.
    """
    # RFC 7592, section 2.2: a null is as good as no member.
    members = {name: value for name, value in asked.items() if value is not None}
    for name in ("jwks", "jwks_uri"):
        given = members.get(name)
        if limits.states_keys and given is not None and given != limits.stated.get(name):
            raise invalid("The keys are those of the software statement.")
    try:
        metadata = msgspec.convert(members | dict(limits.stated), ClientMetadata)
    except msgspec.ValidationError as error:
        where = _WHERE.search(str(error))
        member = "a required member" if where is None else where["member"]
        code = "invalid_redirect_uri" if member == "redirect_uris" else "invalid_client_metadata"
        raise OAuthError(code, f"Not taken: {member}.") from None
    is_silent = not metadata.redirect_uris and "authorization_code" in metadata.grant_types
    if is_silent and limits.redirect_uris is not None:
        metadata = msgspec.structs.replace(metadata, redirect_uris=list(limits.redirect_uris))
    return metadata


def shape(metadata: ClientMetadata, profile: Profile, limits: Limits) -> NewOAuthClient:
    """The same in the words of the rules of clients.

    Raises:
        OAuthError: `invalid_client_metadata`.
    """
    with_code = "authorization_code" in metadata.grant_types
    offered = frozenset({"code"}) if with_code else _NO_TYPE
    if metadata.response_types is not None and offered != {*metadata.response_types}:
        raise invalid("The response_types are code with authorization_code, else none.")
    if metadata.require_signed_request_object and profile is Profile.FAPI2:
        profile = Profile.FAPI2_MESSAGE_SIGNING
    if metadata.require_signed_request_object is False and profile in _SIGNED:
        raise invalid("Requests are signed: require_signed_request_object.")
    try:
        scopes = (
            sorted(limits.scopes_by_default)
            if metadata.scope is None
            else msgspec.convert(metadata.scope.split(), _SCOPES)
        )
    except msgspec.ValidationError:
        raise invalid("Not taken: scope.") from None
    return NewOAuthClient(
        name=metadata.client_name,
        profile=profile,
        authentication=metadata.token_endpoint_auth_method,
        binding=_binding(metadata, profile),
        redirect_uris=metadata.redirect_uris,
        grant_types=metadata.grant_types,
        scopes=scopes,
        jwks=metadata.jwks,
        jwks_uri=metadata.jwks_uri,
        tls_subject=metadata.tls_subject,
    )


def _binding(metadata: ClientMetadata, profile: Profile) -> Binding:
    """Tokens are always bound; where the client does not say to what, to what it has anyway."""
    mtls, dpop = (getattr(metadata, name) for name in _BOUND)
    if (mtls and dpop) or (mtls is False and dpop is False):
        raise invalid("Tokens are bound either by DPoP or to a certificate.")
    if mtls is None and dpop is None:
        has_certificate = metadata.token_endpoint_auth_method in BY_CERTIFICATE
        mtls = has_certificate or profile is Profile.FAPI1_ADVANCED
    return Binding.MTLS if mtls or dpop is False else Binding.DPOP


def require_within(new: NewOAuthClient, limits: Limits) -> None:
    """Refuse what is more than the client may be.

    Raises:
        OAuthError: `invalid_redirect_uri`, `invalid_client_metadata`.
    """
    if limits.redirect_uris is not None and not {*new.redirect_uris} <= {*limits.redirect_uris}:
        raise OAuthError("invalid_redirect_uri", "One is not of the software statement.")
    origins = frozenset(map(origin_of, new.redirect_uris))
    if limits.redirect_origins is not None and not origins <= limits.redirect_origins:
        raise OAuthError("invalid_redirect_uri", "One leads where the client did not register for.")
    if not limits.scopes.issuperset(new.scopes):
        raise invalid("The client may not ask for one of the scopes.")
    if limits.grant_types is not None and not limits.grant_types.issuperset(new.grant_types):
        raise invalid("The client may not use one of the grant_types.")


def registered(client: Client) -> NewOAuthClient:
    """What a client is, as if it registered so."""
    return NewOAuthClient(
        name=client.name,
        profile=client.profile,
        authentication=client.authentication,
        binding=client.binding,
        redirect_uris=list(client.redirect_uris),
        grant_types=sorted(client.grant_types),  # type: ignore[arg-type]  # those that were taken
        scopes=sorted(client.scopes),
        jwks=None if client.jwks is None else dict(client.jwks),
        jwks_uri=client.jwks_uri,
        tls_subject=None if client.tls_subject is None else TlsSubject(*client.tls_subject),  # type: ignore[arg-type]  # the database holds members only
    )


def client_of(new: NewOAuthClient, client_id: UUID, tenant_id: UUID, at: datetime) -> Client:
    """The client that would be."""
    subject = new.tls_subject
    return Client(
        id=client_id,
        tenant_id=tenant_id,
        name=new.name,
        profile=new.profile,
        authentication=new.authentication,
        binding=new.binding,
        redirect_uris=tuple(new.redirect_uris),
        grant_types=frozenset(new.grant_types),
        scopes=frozenset(new.scopes),
        jwks=new.jwks,
        jwks_uri=new.jwks_uri,
        tls_subject=None if subject is None else (subject.member, subject.value),
        created_at=at,
    )


def describe(new: NewOAuthClient) -> dict[str, Any]:
    """All metadata that a client is registered with (RFC 7591, section 3.2.1).

    The algorithm of what is signed for it is the issuer's choice, whatever it asked for.
    """
    subject, with_code = new.tls_subject, "authorization_code" in new.grant_types
    members: dict[str, Any] = {
        "client_name": new.name,
        "redirect_uris": list(dict.fromkeys(new.redirect_uris)),
        "grant_types": sorted({*new.grant_types}),
        "response_types": ["code"] if with_code else [],
        "scope": " ".join(sorted({*new.scopes})),
        "token_endpoint_auth_method": new.authentication.value,
        "require_signed_request_object": new.profile in _SIGNED,
        _BOUND[0]: new.binding is Binding.MTLS,
        _BOUND[1]: new.binding is Binding.DPOP,
        "id_token_signed_response_alg": DEFAULT_ALGORITHM.value,
        "jwks": new.jwks,
        "jwks_uri": new.jwks_uri,
    }
    if subject is not None:
        members[subject.member] = subject.value
    return {name: value for name, value in members.items() if value is not None}


def invalid(description: str) -> OAuthError:
    """Metadata that is not taken."""
    return OAuthError("invalid_client_metadata", description)
