"""The protocol endpoints of authorization."""

from collections.abc import Sequence

from bezant.identity.authorization.beginning import AuthorizationEndpoint
from bezant.identity.authorization.pushing import PushedRequests
from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint


def endpoints(
    pushed: PushedRequests, browsers: AuthorizationEndpoint
) -> Sequence[ProtocolEndpoint]:
    """What clients and browsers speak with."""
    return [
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
            for name, method in (("authorize", "GET"), ("authorize_by_form", "POST"))
        ),
    ]
