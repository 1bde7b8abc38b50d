"""What a client must be to be registered."""

from collections.abc import Iterable
from typing import Final, get_args

from bezant.identity.certificates import RegisteredSubject
from bezant.identity.clients.domain import (
    CIBA,
    DEVICE_GRANT,
    TOKEN_EXCHANGE,
    Authentication,
    Binding,
    Delivery,
    Profile,
)
from bezant.identity.clients.errors import ClientGrantTooWide, InvalidClientMetadata
from bezant.identity.clients.redirects import check_redirect_uri
from bezant.identity.clients.schemas import ClientKeysChange, NewOAuthClient, TlsSubject
from bezant.identity.jose import JoseRefused, KeyFetcher, read_public_keys
from bezant.kernel.api_keys import Scope
from bezant.kernel.outbound import TargetRefused, read_target

JWKS_BYTES_MAX: Final = 64 * 1024

_BY_KEYS: Final = (Authentication.PRIVATE_KEY_JWT, Authentication.SELF_SIGNED_TLS)
_SIGNED_REQUESTS: Final = (Profile.FAPI2_MESSAGE_SIGNING, Profile.FAPI1_ADVANCED)
_OF_CREDENTIALS: Final = frozenset({"client_credentials", TOKEN_EXCHANGE})
_OF_THE_API: Final = frozenset(get_args(Scope))


def check_client(new: NewOAuthClient, fetcher: KeyFetcher) -> None:
    """Refuse what is contradictory, or weaker than the client's profile.

    Raises:
        InvalidClientMetadata: naming the member.
        InvalidRedirectUri: one of them is not taken.
    """
    is_public = new.authentication is Authentication.NONE
    with_code = "authorization_code" in new.grant_types
    if is_public and new.binding is not Binding.DPOP:
        raise _invalid("A public client's tokens are bound by DPoP.", "binding")
    if is_public and new.profile is not Profile.FAPI2:
        raise _invalid("A public client has no keys to sign requests with.", "profile")
    if is_public and not _OF_CREDENTIALS.isdisjoint(new.grant_types):
        raise _invalid("A public client has no credentials.", "grant_types")
    if new.profile is Profile.FAPI1_ADVANCED and new.binding is not Binding.MTLS:
        raise _invalid("FAPI 1.0 Advanced binds tokens to certificates.", "binding")
    if with_code != bool(new.redirect_uris):
        raise _invalid("Redirect URIs go with authorization_code.", "redirect_uris")
    with_device = DEVICE_GRANT in new.grant_types
    if with_device and new.profile in _SIGNED_REQUESTS:
        raise _invalid("Requests of devices are not signed.", "grant_types")
    by_users = with_code or with_device or CIBA in new.grant_types
    if "refresh_token" in new.grant_types and not by_users:
        raise _invalid("Refresh tokens come with what users grant.", "grant_types")
    if (TOKEN_EXCHANGE in new.grant_types) != (new.exchange is not None):
        raise _invalid("Rights to exchange go with token-exchange.", "exchange")
    _check_backchannel(new, fetcher)
    for uri in new.redirect_uris:
        check_redirect_uri(uri, is_public=is_public)
    check_logout(new, fetcher)
    keys = ClientKeysChange(new.jwks, new.jwks_uri, new.tls_subject)
    check_keys(new.authentication, new.profile, keys, fetcher)


def check_logout(new: NewOAuthClient, fetcher: KeyFetcher) -> None:
    """The same for where its users go after a logout, and where it is told of one.

    Raises:
        InvalidClientMetadata, InvalidRedirectUri: naming the member.
    """
    goes = new.post_logout_redirect_uris
    if (goes or new.backchannel_logout_uri) and not new.redirect_uris:
        raise _invalid("Logging out goes with authorization_code.", "post_logout_redirect_uris")
    is_public = new.authentication is Authentication.NONE
    for uri in goes:
        check_redirect_uri(uri, is_public=is_public, field="post_logout_redirect_uris")
    if new.backchannel_logout_session_required and new.backchannel_logout_uri is None:
        raise _invalid("There is nowhere to send the session.", "backchannel_logout_uri")
    try:
        if new.backchannel_logout_uri is not None:
            fetcher.reachable(new.backchannel_logout_uri)
    except JoseRefused as refused:
        raise _invalid(str(refused), "backchannel_logout_uri") from None


def check_keys(
    authentication: Authentication, profile: Profile, keys: ClientKeysChange, fetcher: KeyFetcher
) -> None:
    """The same for what the client proves itself by.

    Raises:
        InvalidClientMetadata: naming the member.
    """
    has_keys = keys.jwks is not None or keys.jwks_uri is not None
    if keys.jwks is not None and keys.jwks_uri is not None:
        raise _invalid("Give keys, or where they are published.", "jwks_uri")
    if authentication is Authentication.NONE and has_keys:
        raise _invalid("A public client has no keys.", "jwks")
    if not has_keys and (authentication in _BY_KEYS or profile in _SIGNED_REQUESTS):
        raise _invalid("The client needs keys.", "jwks")
    if (authentication is Authentication.TLS) != (keys.tls_subject is not None):
        raise _invalid("A certificate's subject goes with tls_client_auth.", "tls_subject")
    if keys.tls_subject is not None:
        _check_subject(keys.tls_subject)
    try:
        if keys.jwks_uri is not None:
            fetcher.target(keys.jwks_uri)
        if keys.jwks is not None:
            found = {key.algorithm for key in read_public_keys(keys.jwks)}
            if found.isdisjoint(profile.algorithms):
                raise _invalid(f"No key of the set is for {', '.join(profile.algorithms)}.", "jwks")
    except JoseRefused as refused:
        field = "jwks" if keys.jwks_uri is None else "jwks_uri"
        raise _invalid(str(refused), field) from None


def _check_backchannel(new: NewOAuthClient, fetcher: KeyFetcher) -> None:
    """How it asks users on their own devices (CIBA Core, section 4; FAPI-CIBA, section 5.2)."""
    asks = new.backchannel
    if (CIBA in new.grant_types) != (asks is not None):
        raise _invalid(f"The member goes with the grant type {CIBA}.", "backchannel")
    if asks is None:
        return
    if new.authentication is Authentication.NONE:
        raise _invalid("Users are asked on their devices by confidential clients.", "backchannel")
    algorithm = asks.authentication_request_signing_alg
    if algorithm is None and new.profile in _SIGNED_REQUESTS:
        raise _invalid("The profile asks for signed requests: name their alg.", "backchannel")
    if algorithm is not None and new.jwks is None and new.jwks_uri is None:
        raise _invalid("The client needs keys to sign its requests.", "jwks")
    url = asks.client_notification_endpoint
    if (asks.token_delivery_mode is Delivery.PING) != (url is not None):
        raise _invalid("The endpoint for notifications goes with ping.", "backchannel")
    if url is not None:
        _check_notified(url, fetcher)


def _check_notified(url: str, fetcher: KeyFetcher) -> None:
    if not url.startswith("https://"):
        raise _invalid("The endpoint for notifications begins with https://.", "backchannel")
    try:
        read_target(url, allow_loopback=fetcher.allow_loopback)
    except TargetRefused as refused:
        raise _invalid(str(refused), "backchannel") from None


def _check_subject(subject: TlsSubject) -> None:
    try:
        RegisteredSubject.read(subject.member, subject.value)
    except ValueError:
        raise _invalid("The certificate's subject is no name of its kind.", "tls_subject") from None


def check_scopes(scopes: Iterable[str], granted: frozenset[str] | None) -> None:
    """Nobody hands a client, or its keys, more of the API than it holds itself.

    Args:
        scopes: the client's.
        granted: those that the caller can hand on; None for an operator, who has the database.

    Raises:
        ClientGrantTooWide: they would.
    """
    if granted is not None and not granted.issuperset(_OF_THE_API.intersection(scopes)):
        raise ClientGrantTooWide("A client gets at most what you may do.", field="scopes")


def _invalid(reason: str, field: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(reason, field=field)
