"""Grant management as a part of every issuer."""

from typing import Final

from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.parts import Part
from bezant.identity.resources.grant_management import GrantManagement

_GRANT: Final = f"/id/{{tenant}}/{Endpoint.GRANTS}/{{grant}}"


def part(management: GrantManagement) -> Part:
    """What clients do with the grants that were given to them, by a token of their own."""
    endpoints = [
        ProtocolEndpoint(
            id="list_managed_grants",
            method="GET",
            endpoint=Endpoint.GRANTS,
            summary="The grants that users gave to this client",
            handler=management.list,
        ),
        ProtocolEndpoint(
            id="query_managed_grant",
            method="GET",
            path=_GRANT,
            summary="What a grant gives (Grant Management for OAuth 2.0, section 6.3)",
            handler=management.inspect,
        ),
        ProtocolEndpoint(
            id="revoke_managed_grant",
            method="DELETE",
            path=_GRANT,
            summary="End a grant and its tokens (Grant Management for OAuth 2.0, section 6.4)",
            handler=management.revoke,
        ),
    ]
    return Part(endpoints, {"grant_management_actions_supported": ["query", "revoke"]})
