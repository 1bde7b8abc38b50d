"""Mutants that judge pushed requests wrongly."""

from collections.abc import Callable

from msgspec import structs

from bezant.identity.authorization import (
    RequestReader,
    details,
    parameters,
)
from bezant.identity.authorization.domain import AuthorizationRequest
from bezant.identity.authorization.parameters import Parameters
from bezant.identity.clients import Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.http import OAuthError
from bezant.identity.issuers import Endpoint
from conformance.fapi.mutants.mutant import UK, Original, Patch, around, mutant
from conformance.fapi.mutants.requests import form_without, reading

Asked = AuthorizationRequest
LENGTH = 64


def asking(patch: Patch, change: Callable[[Asked], Asked]) -> None:
    """Understand something else than was asked."""

    def make(read: Original) -> Original:
        async def changed(self: RequestReader, *given: object) -> Asked:
            return change(await read(self, *given))

        return changed

    around(patch, RequestReader, "read", make)


def texts(patch: Patch, change: Callable[[str, str | None], str | None]) -> None:
    """Read a parameter as another text; `change` has its name and its value."""

    def make(text: Original) -> Original:
        def changed(self: Parameters, name: str, *limits: int) -> str | None:
            return change(name, text(self, name, *limits))

        return changed

    around(patch, Parameters, "text", make)


@mutant("a nonce is required", "ensure-authorization-request-without-nonce-success")
def _(patch: Patch) -> None:
    asking(patch, lambda asked: refuse() if asked.nonce is None else asked)


def refuse() -> Asked:
    raise OAuthError("invalid_request", "A mutant says so.")


@mutant(
    "a state is required",
    "ensure-authorization-request-without-state-success",
)
def _(patch: Patch) -> None:
    asking(patch, lambda asked: refuse() if asked.state is None else asked)


@mutant(
    "a nonce of 64 characters is refused",
    "ensure-authorization-request-with-64-char-nonce-success",
)
def _(patch: Patch) -> None:
    asking(patch, lambda asked: refuse() if len(asked.nonce or "") >= LENGTH else asked)


@mutant("a nonce is cut", "ensure-authorization-request-with-long-nonce")
def _(patch: Patch) -> None:
    asking(patch, lambda asked: structs.replace(asked, nonce=(asked.nonce or "")[:LENGTH] or None))


@mutant("a state is cut", "ensure-authorization-request-with-long-state")
def _(patch: Patch) -> None:
    asking(patch, lambda asked: structs.replace(asked, state=(asked.state or "")[:LENGTH] or None))


@mutant("the order of scopes counts", "ensure-other-scope-order-succeeds")
def _(patch: Patch) -> None:
    asking(patch, lambda asked: asked if asked.scopes[0] == "openid" else refuse())


@mutant(
    "the first redirect URI stands in for none",
    "ensure-redirect-uri-in-authorization-request",
    "ensure-request-object-without-redirect-uri-fails",
)
def _(patch: Patch) -> None:
    def make(redirect_uri: Original) -> Original:
        def changed(client: Client, given: Parameters) -> object:
            is_there = given.text("redirect_uri") is not None
            return redirect_uri(client, given) if is_there else client.redirect_uris[0]

        return changed

    around(patch, parameters, "_redirect_uri", make)


@mutant("a redirect URI need only begin like one", "ensure-registered-redirect-uri")
def _(patch: Patch) -> None:
    def make(redirect_uri: Original) -> Original:
        def changed(client: Client, given: Parameters) -> object:
            named = given.text("redirect_uri") or ""
            is_like = any(named.startswith(each) for each in client.redirect_uris)
            return named if is_like else redirect_uri(client, given)

        return changed

    around(patch, parameters, "_redirect_uri", make)


@mutant(
    "an unknown redirect URI is taken for the first",
    "ensure-registered-redirect-uri",
    "plain-fapi-tolerate-unregistered-redirect-uri",
)
def _(patch: Patch) -> None:
    def first(client: Client, given: Parameters) -> object:
        named = given.text("redirect_uri")
        if named is None:
            return refuse()
        return named if named in client.redirect_uris else client.redirect_uris[0]

    patch.setattr(parameters, "_redirect_uri", first)


@mutant("response_type code id_token is taken for code", "ensure-response-type-code-idtoken-fails")
def _(patch: Patch) -> None:
    texts(patch, lambda name, value: _code_for("code id_token", name, value))


@mutant("response_type token is taken for code", "ensure-response-type-token-fails")
def _(patch: Patch) -> None:
    texts(patch, lambda name, value: _code_for("token", name, value))


def _code_for(other: str, name: str, value: str | None) -> str | None:
    return "code" if (name, value) == ("response_type", other) else value


@mutant("PKCE is not required", "par-ensure-pkce-required")
def _(patch: Patch) -> None:
    def make(challenge: Original) -> Original:
        def changed(given: Parameters) -> object:
            is_there = given.text("code_challenge") is not None
            return challenge(given) if is_there else "A" * 43

        return changed

    around(patch, parameters, "_challenge", make)


@mutant("PKCE is taken by the method plain", "par-plain-pkce-rejected")
def _(patch: Patch) -> None:
    def make(challenge: Original) -> Original:
        def changed(given: Parameters) -> object:
            is_plain = given.text("code_challenge_method") != "S256"
            return (given.text("code_challenge") or refuse()) if is_plain else challenge(given)

        return changed

    around(patch, parameters, "_challenge", make)


@mutant(
    "a request_uri may be pushed", "par-authorization-request-containing-request_uri-form-param"
)
def _(patch: Patch) -> None:
    reading(patch, Endpoint.PUSHED_REQUEST, lambda request: form_without(request, "request_uri"))


@mutant("a proof beside another dpop_jkt is taken", "ensure-mismatched-dpop-jkt-fails")
def _(patch: Patch) -> None:
    def named_first(given: Parameters, proven: Confirmation | None) -> Confirmation | None:
        named = given.text("dpop_jkt")
        return proven if named is None else Confirmation(jkt=named)

    patch.setattr(parameters, "_confirmation", named_first)


def confirming(
    patch: Patch, change: Callable[[Confirmation | None, str | None], Confirmation | None]
) -> None:
    """Bind codes to another key; `change` has the right one, and the `dpop_jkt`."""

    def make(confirmation: Original) -> Original:
        def changed(given: Parameters, proven: Confirmation | None) -> Confirmation | None:
            return change(confirmation(given, proven), given.text("dpop_jkt"))

        return changed

    around(patch, parameters, "_confirmation", make)


@mutant(
    "a code is not bound to the key that the pushed request proves",
    "ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt",
)
def _(patch: Patch) -> None:
    confirming(patch, lambda right, named: None if named is None else right)


@mutant(
    "a code is not bound to the key that dpop_jkt names",
    "ensure-token-endpoint-fails-with-mismatched-dpop-jkt",
)
def _(patch: Patch) -> None:
    confirming(patch, lambda right, named: right if named is None else None)


@mutant(
    "a code is bound to another key than dpop_jkt names", "ensure-dpop-auth-code-binding-success"
)
def _(patch: Patch) -> None:
    other = Confirmation(jkt="A" * 43)
    confirming(patch, lambda right, named: right if named is None else other)


@mutant(
    "a code is bound to another key than the pushed request proves",
    "check-dpop-proof-nbf-exp",
    "ensure-dpopproof-with-iat-10seconds-before-succeeds",
    "ensure-dpopproof-with-iat-10seconds-after-succeeds",
    "ensure-dpopproof-at-par-endpoint-binding-success",
)
def _(patch: Patch) -> None:
    other = Confirmation(jkt="A" * 43)
    confirming(patch, lambda right, named: other if right is not None and named is None else right)


async def any_intent(
    _self: object, _client: Client, value: str
) -> tuple[tuple[dict[str, str], ...], None]:
    """Every intent, as it was named."""
    return ({"type": details.INTENT, "value": value},), None


@mutant("an intent of anybody is the client's", "ensure-server-handles-non-matching-intent-id")
def _(patch: Patch) -> None:
    patch.setattr(details.DetailTypes, "check_intent", any_intent)


@mutant(
    "an intent of anybody is that of a client in the United Kingdom",
    "ensure-server-handles-non-matching-intent-id",
    variant=UK,
)
def _(patch: Patch) -> None:
    patch.setattr(details.DetailTypes, "check_intent", any_intent)
