"""Where clients register and manage themselves."""

from bezant.identity.http import Body, ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.parts import Part
from bezant.identity.registration.managing import ManagementEndpoint
from bezant.identity.registration.registering import RegistrationEndpoint

_CLIENT = f"/id/{{tenant}}/{Endpoint.REGISTRATION}/{{client}}"


def part(registration: RegistrationEndpoint, management: ManagementEndpoint) -> Part:
    """Registration and management, of every issuer."""
    return Part(
        [
            ProtocolEndpoint(
                id="register_client",
                method="POST",
                endpoint=Endpoint.REGISTRATION,
                summary="Dynamic client registration (RFC 7591)",
                handler=registration.register,
                takes=Body.JSON,
                takes_jwt=True,
            ),
            ProtocolEndpoint(
                id="read_registration",
                method="GET",
                path=_CLIENT,
                summary="What a client is registered as (RFC 7592)",
                handler=management.read,
            ),
            ProtocolEndpoint(
                id="update_registration",
                method="PUT",
                path=_CLIENT,
                summary="Replace what a client is registered as (RFC 7592)",
                handler=management.update,
                takes=Body.JSON,
                takes_jwt=True,
            ),
            ProtocolEndpoint(
                id="delete_registration",
                method="DELETE",
                path=_CLIENT,
                summary="End a client, its grants and its tokens (RFC 7592)",
                handler=management.delete,
            ),
        ]
    )
