"""OpenID Connect as a part of every issuer."""

from bezant.identity.http import ProtocolEndpoint
from bezant.identity.issuers import Endpoint
from bezant.identity.openid.claims import NAMES
from bezant.identity.openid.userinfo import UserinfoEndpoint
from bezant.identity.parts import Part


def part(userinfo: UserinfoEndpoint) -> Part:
    """What clients speak with, and what is announced of it."""
    return Part(
        endpoints=[
            ProtocolEndpoint(
                id=name,
                method=method,
                endpoint=Endpoint.USERINFO,
                summary="Claims about whoever gave the token (OpenID Connect Core, 5.3)",
                handler=userinfo.serve,
            )
            for method, name in {"GET": "read_userinfo", "POST": "read_userinfo_by_form"}.items()
        ],
        metadata={"claims_supported": NAMES},
    )
