"""What a token may say of what its client may have: never more, by request less."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer

_details: Final = msgspec.json.Decoder(list[dict[str, Any]])


def narrow_scopes(asked: str | None, within: Collection[str]) -> frozenset[str]:
    """The scopes of a request (RFC 6749, section 3.3); all that it may ask for if it names none.

    Raises:
        OAuthError: `invalid_scope`: it asks for more, or for nothing.
    """
    scopes = frozenset(within) if asked is None else frozenset(asked.split(" "))
    if not scopes or not scopes <= frozenset(within):
        raise OAuthError("invalid_scope", "The scope exceeds what may be asked for.")
    return scopes


def narrow_details(
    asked: str | None, within: tuple[Mapping[str, Any], ...]
) -> tuple[Mapping[str, Any], ...]:
    """The `authorization_details` of a token request (RFC 9396, section 6.1).

    Each must be one that was granted, whole: what is part of another is its type's matter.

    Raises:
        OAuthError: `invalid_authorization_details`.
    """
    if asked is None:
        return within
    try:
        details = _details.decode(asked)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise _details_refused() from None
    if not details or any(detail not in within for detail in details):
        raise _details_refused()
    return tuple(details)


def resources_of(issuer: Issuer) -> tuple[str, ...]:
    """Where an issuer's tokens may be used: the API, by either of its addresses."""
    return (issuer.origin,) if issuer.mtls_origin is None else (issuer.origin, issuer.mtls_origin)


def narrow_audience(
    asked: tuple[str, ...], within: tuple[str, ...], issuer: Issuer
) -> str | list[str]:
    """The `aud` of a token, by the request's `resource` (RFC 8707, section 2.2).

    Args:
        asked: the values of `resource`.
        within: the resources of the grant; none for the API.
        issuer: whose token it will be.

    Raises:
        OAuthError: `invalid_target`.
    """
    if not set(asked) <= set(within or resources_of(issuer)):
        raise OAuthError("invalid_target", "The resource is not one that may be asked for.")
    audience = asked or within or (issuer.origin,)
    return audience[0] if len(audience) == 1 else list(audience)


def _details_refused() -> OAuthError:
    return OAuthError(
        "invalid_authorization_details", "They are not among what was granted, or unreadable."
    )
