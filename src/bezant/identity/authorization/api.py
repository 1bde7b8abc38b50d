"""Authorization as a part of every issuer."""

from bezant.identity.authorization.beginning import AuthorizationEndpoint
from bezant.identity.authorization.contexts import ACRS
from bezant.identity.authorization.details import DetailTypes
from bezant.identity.authorization.parameters import PROMPTS, RESPONSE_MODES
from bezant.identity.authorization.pushing import PushedRequests
from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.jose import ALGORITHMS
from bezant.identity.parts import Part
from bezant.identity.signing import DEFAULT_ALGORITHM


def part(pushed: PushedRequests, browsers: AuthorizationEndpoint, types: DetailTypes) -> Part:
    """What clients and browsers speak with, and what is announced of it."""
    by_form = {"GET": "authorize", "POST": "authorize_by_form"}
    return Part(
        endpoints=[
            ProtocolEndpoint(
                id="push_authorization_request",
                method="POST",
                endpoint=Endpoint.PUSHED_REQUEST,
                summary="Announce an authorization request (RFC 9126)",
                handler=pushed.serve,
            ),
            *(
                ProtocolEndpoint(
                    id=name,
                    method=method,
                    endpoint=Endpoint.AUTHORIZATION,
                    summary="Come with an announced request, to log in and decide (RFC 6749, 3.1)",
                    handler=browsers.serve,
                    media_type="text/html",
                )
                for method, name in by_form.items()
            ),
        ],
        metadata={
            "response_types_supported": ["code"],
            "response_modes_supported": sorted(RESPONSE_MODES),
            "code_challenge_methods_supported": ["S256"],
            "require_pushed_authorization_requests": True,
            "request_parameter_supported": True,
            "request_object_signing_alg_values_supported": list(ALGORITHMS),
            "authorization_signing_alg_values_supported": [DEFAULT_ALGORITHM.value],
            "authorization_response_iss_parameter_supported": True,
            "authorization_details_types_supported": list(types.names),
            "acr_values_supported": sorted(ACRS),
            "claims_parameter_supported": True,
            "prompt_values_supported": sorted(PROMPTS),
        },
    )
