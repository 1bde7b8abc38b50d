"""The protocol endpoints of tokens."""

from collections.abc import Sequence

from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.tokens.endpoint import TokenEndpoint
from bezant.identity.tokens.introspection import IntrospectionEndpoint
from bezant.identity.tokens.revocation import RevocationEndpoint


def endpoints(
    token: TokenEndpoint, introspection: IntrospectionEndpoint, revocation: RevocationEndpoint
) -> Sequence[ProtocolEndpoint]:
    """What clients post to, each authenticated."""
    return [
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
