"""Which authentication a request needs, by the names that clients know (`acr`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from bezant.identity.clients import Profile
from bezant.identity.http import OAuthError
from bezant.identity.logins import Acr

ACRS: Final[Mapping[str, Acr]] = {
    **{acr.value: acr for acr in Acr},
    # UK Open Banking Security Profile, section 6.1: with and without strong authentication.
    "urn:openbanking:psd2:sca": Acr.SCA,
    "urn:openbanking:psd2:ca": Acr.PASSWORD,
}
"""`acr_values_supported`, and what each stands for."""

_DEFAULTS: Final = {Profile.FAPI1_ADVANCED: Acr.SCA}


class Context(NamedTuple):
    """What is needed, and by which names it was asked for, best first."""

    acr: Acr
    names: tuple[str, ...] = ()


def context_of(
    profile: Profile, acr_values: str | None, id_token_claims: Mapping[str, Any]
) -> Context:
    """What a request needs (OpenID Connect Core, sections 3.1.2.1 and 5.5.1.1).

    An essential claim is a condition: without a class that is known the request fails at once.
    Other wishes that are not known change nothing.

    Raises:
        OAuthError: `unmet_authentication_requirements`, or a claim that cannot be read.
    """
    asked = id_token_claims.get("acr")
    wished = [] if acr_values is None else acr_values.split(" ")
    is_essential = False
    if isinstance(asked, Mapping):
        is_essential = asked.get("essential") is True
        wished = [*_values(asked), *wished] if not is_essential else _values(asked) or wished
    known = [name for name in wished if name in ACRS]
    if not known:
        if is_essential and wished:
            raise OAuthError(
                "unmet_authentication_requirements", "None of the acr values is supported."
            )
        return Context(_DEFAULTS.get(profile, Acr.PASSWORD))
    # Any one of them will do, so the weakest is what a login must reach.
    classes = [acr for acr in Acr if acr in {ACRS[name] for name in known}]
    return Context(classes[0], tuple(dict.fromkeys(known)))


def name_of(acr: Acr, names: Sequence[str]) -> str:
    """What a login's class is called to a client: the first of its own names that it satisfies."""
    return next((name for name in names if acr.satisfies(ACRS[name])), acr.value)


def _values(asked: Mapping[str, Any]) -> list[str]:
    values = asked.get("values", [asked["value"]] if "value" in asked else [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise OAuthError("invalid_request", "The claim acr is not asked for by names.")
    return values
