"""The parameters of an authorization request, from a form or from a request object."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from bezant.identity.authorization.contexts import Context, context_of
from bezant.identity.authorization.details import INTENT, DetailTypes
from bezant.identity.authorization.domain import AuthorizationRequest, ResponseMode, Wanted
from bezant.identity.authorization.ports import Hints
from bezant.identity.clients import Client, Profile
from bezant.identity.confirmation import Confirmation
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Issuer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import BodyDecoder

TEXT_CHARACTERS_MAX: Final = 2_048
HINT_CHARACTERS_MAX: Final = 8_192
MAX_AGE_S_MAX: Final = 10 * 365 * 86_400

RESPONSE_MODES: Final = {
    "query": ResponseMode.QUERY,
    "jwt": ResponseMode.JWT,
    "query.jwt": ResponseMode.JWT,
}
_SIGNED_ANSWERS: Final = frozenset({Profile.FAPI2_MESSAGE_SIGNING, Profile.FAPI1_ADVANCED})
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
_S256: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_THUMBPRINT: Final = _S256
_VISIBLE: Final = re.compile(r"[\x20-\x7e]+")
_claims: Final = BodyDecoder(dict[str, dict[str, Any] | None], takes_card_numbers=True)
_details: Final = BodyDecoder(list[Any], takes_card_numbers=True)


class Parameters:
    """Typed access to parameters, whichever way they came.

    Args:
        given: texts, as of a form; or a request object's claims, where some are of other types
            (RFC 9101, section 4).
        resources: as a form has them, which may repeat them.
    """

    def __init__(self, given: Mapping[str, Any], resources: Sequence[str] = ()) -> None:
        self._given = given
        self._resources = resources

    def text(self, name: str, characters_max: int = TEXT_CHARACTERS_MAX) -> str | None:
        """A text; an empty one counts as absent (RFC 6749, section 3.1)."""
        value = self._given.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > characters_max or "\0" in value:
            raise OAuthError("invalid_request", f"The parameter {name} is no text, or too long.")
        return value

    def visible(self, name: str) -> str | None:
        """A text of printable ASCII characters (RFC 6749, appendix A)."""
        value = self.text(name)
        if value is not None and not _VISIBLE.fullmatch(value):
            raise OAuthError("invalid_request", f"The parameter {name} is not printable ASCII.")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        """Words between spaces, each once."""
        value = self.visible(name)
        return () if value is None else tuple(dict.fromkeys(filter(None, value.split(" "))))

    def seconds(self, name: str) -> int | None:
        """A number of seconds."""
        value = self._given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:  # noqa: PLR2004 - as long as the greatest
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_AGE_S_MAX:
            raise OAuthError("invalid_request", f"The parameter {name} is no number of seconds.")
        return value

    def resources(self) -> tuple[str, ...]:
        """The values of `resource`."""
        value = self._given.get("resource")
        values = self._resources or ([value] if isinstance(value, str) else value or [])
        if not isinstance(values, Sequence) or not all(isinstance(each, str) for each in values):
            raise OAuthError("invalid_target", "A resource is a text.")
        return tuple(dict.fromkeys(values))

    def details(self) -> object | None:
        """`authorization_details`: JSON in a form, and as it is in a request object."""
        value = self._given.get("authorization_details")
        if not isinstance(value, str):
            return value
        try:
            return _details.decode(value.encode())
        except (Refusal, ValueError):
            raise OAuthError("invalid_authorization_details", "They cannot be read.") from None

    def id_token_claims(self) -> Mapping[str, Any]:
        """What `claims` asks of the ID token (OpenID Connect Core, section 5.5)."""
        value = self._given.get("claims")
        if value is None or value == "":
            return {}
        try:
            # By way of text in either case: one reader, with its limits, judges both.
            text = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
            return _claims.decode(text).get("id_token") or {}
        except (Refusal, ValueError):
            raise OAuthError("invalid_request", "The parameter claims cannot be read.") from None


class RequestReader:
    """Reads authorization requests, by the rules of the client's profile."""

    def __init__(self, types: DetailTypes, hints: Hints) -> None:
        self._types = types
        self._hints = hints

    async def read(
        self, issuer: Issuer, client: Client, given: Parameters, proven: Confirmation | None
    ) -> AuthorizationRequest:
        """What is asked for; `proven` is the key that came with the request.

        Raises:
            OAuthError: something is not in order. The client hears it directly, so that no browser
                is ever sent anywhere by a request that is wrong.
        """
        wanted = await self.wanted(issuer, client, given, proven)
        return AuthorizationRequest(
            **msgspec.structs.asdict(
                msgspec.structs.replace(wanted, prompts=_prompts(given)),
            ),
            redirect_uri=_redirect_uri(client, given),
            response_mode=_response_mode(client, given),
            challenge=_challenge(given),
            state=given.visible("state"),
        )

    async def wanted(
        self, issuer: Issuer, client: Client, given: Parameters, proven: Confirmation | None
    ) -> Wanted:
        """The same of what does not depend on how the user is asked."""
        claims = given.id_token_claims()
        context = context_of(client.profile, given.visible("acr_values"), claims)
        details, until = await self._details(client, given, claims)
        return Wanted(
            client_id=client.id,
            scopes=read_scopes(client, given),
            details=details,
            resources=read_resources(issuer, given),
            nonce=given.visible("nonce"),
            acr=context.acr,
            max_age_s=given.seconds("max_age"),
            login_hint=given.text("login_hint"),
            locales=given.words("ui_locales"),
            id_token_claims=_with_names(claims, context),
            confirmation=_confirmation(given, proven),
            until=until,
            subject=await self._subject(issuer, client, given),
        )

    async def _subject(self, issuer: Issuer, client: Client, given: Parameters) -> UUID | None:
        hint = given.text("id_token_hint", HINT_CHARACTERS_MAX)
        if hint is None:
            return None
        subject = await self._hints.subject(issuer, client, hint)
        if subject is None:
            raise OAuthError("invalid_request", "The id_token_hint is no ID token of the client.")
        return subject

    async def _details(
        self, client: Client, given: Parameters, claims: Mapping[str, Any]
    ) -> tuple[tuple[Mapping[str, Any], ...], Any]:
        details = given.details()
        intent = claims.get(INTENT)
        if intent is not None:
            value = intent.get("value") if isinstance(intent, Mapping) else None
            if not isinstance(value, str) or details is not None:
                raise OAuthError("invalid_request", "An intent is one text, and stands alone.")
            return await self._types.check_intent(client, value)
        if details is None:
            return (), None
        return await self._types.check(client, details)


def _redirect_uri(client: Client, given: Parameters) -> str:
    redirect_uri = given.text("redirect_uri")
    # As text: two readers of URLs may each see another host in one that merely looks alike.
    if redirect_uri is None or redirect_uri not in client.redirect_uris:
        raise OAuthError("invalid_request", "The redirect_uri is not one of the client.")
    return redirect_uri


def _response_mode(client: Client, given: Parameters) -> ResponseMode:
    response_type = given.text("response_type")
    if response_type is None:
        raise OAuthError("invalid_request", "The parameter response_type is missing.")
    if response_type != "code":
        raise OAuthError("unsupported_response_type", "The only response_type is code.")
    mode = RESPONSE_MODES.get(given.text("response_mode") or "query")
    if mode is None:
        raise OAuthError("invalid_request", "The response_mode is none of query and jwt.")
    if client.profile in _SIGNED_ANSWERS and mode is not ResponseMode.JWT:
        raise OAuthError("invalid_request", "The profile of the client asks for response_mode jwt.")
    return mode


def _challenge(given: Parameters) -> str:
    challenge = given.text("code_challenge")
    if challenge is None or given.text("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "PKCE is required, by the method S256.")
    if not _S256.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge is no SHA-256 in base64url.")
    return challenge


def read_scopes(client: Client, given: Parameters) -> tuple[str, ...]:
    """The scopes of a request, all of which the client may ask for."""
    scopes = given.words("scope")
    if not scopes or not client.scopes.issuperset(scopes):
        raise OAuthError("invalid_scope", "The scope is not one that the client may ask for.")
    return scopes


def read_resources(issuer: Issuer, given: Parameters) -> tuple[str, ...]:
    """Where its tokens are to be used (RFC 8707, section 2)."""
    resources = given.resources()
    known = {issuer.origin, issuer.mtls_origin} - {None}
    if not known.issuperset(resources):
        raise OAuthError("invalid_target", "The resource is not one of this issuer.")
    return resources


def _prompts(given: Parameters) -> frozenset[str]:
    prompts = frozenset(given.words("prompt"))
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise OAuthError("invalid_request", "The prompt is unknown, or none with others.")
    return prompts


def _with_names(claims: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
    others = {name: asked for name, asked in claims.items() if name != "acr"}
    return {**others, "acr": {"values": list(context.names)}} if context.names else others


def _confirmation(given: Parameters, proven: Confirmation | None) -> Confirmation | None:
    named = given.text("dpop_jkt")
    if named is None:
        return proven
    if not _THUMBPRINT.fullmatch(named):
        raise OAuthError("invalid_request", "The dpop_jkt is no thumbprint.")
    # RFC 9449, section 10.1: a proof beside it must be by the key that it names.
    if proven is not None and proven.jkt != named:
        raise OAuthError("invalid_dpop_proof", "The proof is by another key than dpop_jkt names.")
    return Confirmation(jkt=named)
