"""The device authorization grant as a part of every issuer."""

from bezant.identity.device_grant.asking import DeviceAuthorizationEndpoint
from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.parts import Part


def part(devices: DeviceAuthorizationEndpoint) -> Part:
    """What devices begin with. They poll the token endpoint, and users come to the pages."""
    return Part(
        [
            ProtocolEndpoint(
                id="authorize_device",
                method="POST",
                endpoint=Endpoint.DEVICE_AUTHORIZATION,
                summary="Codes for a device whose user decides in a browser (RFC 8628)",
                handler=devices.serve,
            )
        ]
    )
