"""Tokens as a part of every issuer."""

from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.parts import Part
from bezant.identity.signing import DEFAULT_ALGORITHM
from bezant.identity.tokens.endpoint import TokenEndpoint
from bezant.identity.tokens.introspection import IntrospectionEndpoint
from bezant.identity.tokens.revocation import RevocationEndpoint


def part(
    token: TokenEndpoint, introspection: IntrospectionEndpoint, revocation: RevocationEndpoint
) -> Part:
    """What clients post to, each authenticated, and what is announced of it."""
    endpoints = [
        ProtocolEndpoint(
            id="issue_tokens",
            method="POST",
            endpoint=Endpoint.TOKEN,
            summary="Tokens for a grant, bound to the key that the request proves (RFC 6749)",
            handler=token.serve,
        ),
        ProtocolEndpoint(
            id="introspect_token",
            method="POST",
            endpoint=Endpoint.INTROSPECTION,
            summary="Whether a token holds, and what it says (RFC 7662, RFC 9701)",
            handler=introspection.serve,
        ),
        ProtocolEndpoint(
            id="revoke_token",
            method="POST",
            endpoint=Endpoint.REVOCATION,
            summary="End a token; a refresh token with all that came of its grant (RFC 7009)",
            handler=revocation.serve,
        ),
    ]
    metadata = {
        "grant_types_supported": token.grant_types,
        "introspection_signing_alg_values_supported": [DEFAULT_ALGORITHM],
    }
    return Part(endpoints, metadata)
