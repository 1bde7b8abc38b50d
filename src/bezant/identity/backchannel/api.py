"""Backchannel authentication as a part of every issuer."""

from bezant.identity.backchannel.asking import BackchannelEndpoint
from bezant.identity.clients import Delivery
from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.jose import ALGORITHMS
from bezant.identity.parts import Part


def part(endpoint: BackchannelEndpoint) -> Part:
    """What clients post to, and what is announced of it (CIBA Core, section 4)."""
    return Part(
        [
            ProtocolEndpoint(
                id="ask_user_on_device",
                method="POST",
                endpoint=Endpoint.BACKCHANNEL,
                summary="Ask a user on their own device (CIBA Core 1.0, section 7)",
                handler=endpoint.serve,
            )
        ],
        {
            "backchannel_token_delivery_modes_supported": [mode.value for mode in Delivery],
            "backchannel_authentication_request_signing_alg_values_supported": list(ALGORITHMS),
            "backchannel_user_code_parameter_supported": False,
        },
    )
