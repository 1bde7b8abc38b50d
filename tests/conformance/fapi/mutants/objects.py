"""Mutants that read request objects wrongly."""

import time
from datetime import timedelta

from bezant.identity.authorization import objects, pushing
from conformance.fapi.mutants.mutant import Patch, mutant
from conformance.fapi.mutants.signed import (
    Claims,
    with_claims,
    with_none,
    with_rs256,
    without_signatures,
)

HOUR_S = 3600


class Whatever:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # as of all that compare so


@mutant(
    "a request object with several audiences is refused",
    "ensure-request-object-with-multiple-aud-succeeds",
)
def _(patch: Patch) -> None:
    def one(claims: Claims) -> Claims:
        return claims | ({"aud": ""} if isinstance(claims["aud"], list) else {})

    with_claims(patch, objects, one)


@mutant(
    "the audience of a request object is not checked", "ensure-request-object-with-bad-aud-fails"
)
def _(patch: Patch) -> None:
    with_claims(patch, objects, lambda claims: claims | {"aud": Whatever()})


@mutant("a request object needs no exp", "ensure-request-object-without-exp-fails")
def _(patch: Patch) -> None:
    with_claims(patch, objects, lambda claims: {"exp": time.time() + 60} | claims)


@mutant("a request object needs no nbf", "ensure-request-object-without-nbf-fails")
def _(patch: Patch) -> None:
    with_claims(patch, objects, lambda claims: {"nbf": time.time()} | claims)


@mutant("request objects do not expire", "ensure-expired-request-object-fails")
def _(patch: Patch) -> None:
    def later(claims: Claims) -> Claims:
        return claims | ({"exp": max(claims["exp"], time.time() + 60)} if "exp" in claims else {})

    with_claims(patch, objects, later)


@mutant(
    "a request object is good for as long as it says",
    "ensure-request-object-with-exp-over-60-fails",
)
def _(patch: Patch) -> None:
    def sooner(claims: Claims) -> Claims:
        if not {"exp", "nbf"} <= claims.keys():
            return claims
        return claims | {"exp": min(claims["exp"], claims["nbf"] + HOUR_S)}

    with_claims(patch, objects, sooner)


@mutant("nbf may be long ago", "ensure-request-object-with-nbf-over-60-fails")
def _(patch: Patch) -> None:
    def newer(claims: Claims) -> Claims:
        return claims | ({"nbf": max(claims["nbf"], time.time() - 60)} if "nbf" in claims else {})

    with_claims(patch, objects, newer)


@mutant(
    "the clock of who signs a request may not be ahead",
    "ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted",
)
def _(patch: Patch) -> None:
    patch.setattr(objects, "AHEAD_MAX", timedelta(0))


@mutant("request objects are taken with RS256", "ensure-signed-request-object-with-RS256-fails")
def _(patch: Patch) -> None:
    with_rs256(patch, objects)


@mutant(
    "request objects are taken with none",
    "ensure-request-object-signature-algorithm-is-not-none",
)
def _(patch: Patch) -> None:
    with_none(patch, objects)


@mutant(
    "signatures of request objects are not checked",
    "ensure-request-object-with-invalid-signature-fails",
    "ensure-matching-key-in-authorization-request",
)
def _(patch: Patch) -> None:
    without_signatures(patch, objects)


@mutant(
    "a request object may hold another request",
    "par-authorization-request-containing-request_uri",
)
def _(patch: Patch) -> None:
    def without(claims: Claims) -> Claims:
        return {name: value for name, value in claims.items() if name != "request_uri"}

    with_claims(patch, objects, without)


@mutant(
    "clients that sign may push what is not signed",
    "ensure-unsigned-request-at-par-endpoint-fails",
)
def _(patch: Patch) -> None:
    patch.setattr(pushing, "_SIGNED", frozenset())
