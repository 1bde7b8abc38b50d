"""Authorization responses: where the browser goes, and what it carries there."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from bezant.identity.authorization.domain import AuthorizationRequest, ResponseMode
from bezant.identity.issuers import Issuer
from bezant.identity.signing import SigningKeys
from bezant.kernel.clock import Clock

TYPE: Final = "oauth-authz-resp+jwt"
"""Of signed responses, so that none is taken for an ID token (RFC 8725, section 3.11)."""

VALID: Final = timedelta(minutes=5)
"""JARM, section 2.1: ten minutes at most."""


class Responses:
    """Writes responses. Each says who answers, against mix-up (RFC 9207)."""

    def __init__(self, keys: SigningKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def url(
        self, issuer: Issuer, asked: AuthorizationRequest, parameters: Mapping[str, str]
    ) -> str:
        """The redirect URI with a response, whose `parameters` are a code or an error.

        Raises:
            Unavailable: it is to be signed, and the keys cannot be read.
        """
        answer = dict(parameters)
        if asked.state is not None:
            answer["state"] = asked.state
        answer["iss"] = issuer.url
        if asked.response_mode is ResponseMode.JWT:
            until = self._clock.now() + VALID
            claims = {**answer, "aud": str(asked.client_id), "exp": int(until.timestamp())}
            answer = {"response": await self._keys.sign(issuer.tenant_id, claims, typ=TYPE)}
        joint = "&" if "?" in asked.redirect_uri else "?"
        return asked.redirect_uri + joint + urlencode(answer, quote_via=quote)
