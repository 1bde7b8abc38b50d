"""Mutants that answer authorization requests wrongly, or announce what is not so."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from bezant.identity.authorization import Responses
from bezant.identity.authorization.domain import AuthorizationRequest
from bezant.identity.discovery import Discovery
from bezant.identity.issuers import Issuer
from conformance.fapi.mutants.flows import FLOWS
from conformance.fapi.mutants.mutant import Original, Patch, around, mutant

STATED = (
    "happy-flow",
    "ensure-authorization-request-with-long-state",
    "ensure-authorization-request-with-long-nonce",
    "ensure-different-state-inside-and-outside-request-object",
)


Answer = tuple[Issuer, AuthorizationRequest, Mapping[str, str]]


def answering(patch: Patch, change: Callable[..., Answer]) -> None:
    """Answer something else; `change` has and gives what answers are made of."""

    def make(url: Original) -> Original:
        async def changed(
            self: Responses,
            issuer: Issuer,
            asked: AuthorizationRequest,
            parameters: Mapping[str, str],
        ) -> str:
            text: str = await url(self, *change(issuer, asked, parameters))
            return text

        return changed

    around(patch, Responses, "url", make)


@mutant("answers say that another server gives them", "user-rejects-authentication", *FLOWS)
def _(patch: Patch) -> None:
    answering(
        patch,
        lambda issuer, *others: (replace(issuer, origin="https://other.example"), *others),
    )


@mutant("state is not returned", "user-rejects-authentication", *STATED)
def _(patch: Patch) -> None:
    answering(
        patch,
        lambda issuer, asked, given: (issuer, structs.replace(asked, state=None), given),
    )


@mutant("state is not returned with errors", "user-rejects-authentication")
def _(patch: Patch) -> None:
    def change(issuer: Issuer, asked: AuthorizationRequest, given: Mapping[str, str]) -> Answer:
        return issuer, structs.replace(asked, state=None) if "error" in given else asked, given

    answering(patch, change)


@mutant("that the user declined is called something else", "user-rejects-authentication")
def _(patch: Patch) -> None:
    def change(issuer: Issuer, asked: AuthorizationRequest, given: Mapping[str, str]) -> Answer:
        return issuer, asked, {**given, "error": "server_error"} if "error" in given else given

    answering(patch, change)


@mutant(
    "a state is returned that nobody sent",
    "ensure-authorization-request-without-state-success",
    "state-only-outside-request-object-not-used",
)
def _(patch: Patch) -> None:
    answering(
        patch,
        lambda issuer, asked, given: (
            issuer,
            structs.replace(asked, state=asked.state or "made up"),
            given,
        ),
    )


@mutant("answers begin a second query", "happy-flow")
def _(patch: Patch) -> None:
    def make(url: Original) -> Original:
        async def changed(*given: object) -> str:
            text: str = await url(*given)
            return text.replace("&response=", "?response=")

        return changed

    around(patch, Responses, "url", make)


@mutant("the method of PKCE is not announced", "discovery-end-point-verification")
def _(patch: Patch) -> None:
    def make(metadata: Original) -> Original:
        def changed(self: Discovery, issuer: Issuer) -> dict[str, Any]:
            found: dict[str, Any] = metadata(self, issuer)
            del found["code_challenge_methods_supported"]
            return found

        return changed

    around(patch, Discovery, "metadata", make)


@mutant("RS256 is announced", "discovery-end-point-verification")
def _(patch: Patch) -> None:
    def make(metadata: Original) -> Original:
        def changed(self: Discovery, issuer: Issuer) -> dict[str, Any]:
            name = "request_object_signing_alg_values_supported"
            return {**metadata(self, issuer), name: ["RS256", "ES256"]}

        return changed

    around(patch, Discovery, "metadata", make)
