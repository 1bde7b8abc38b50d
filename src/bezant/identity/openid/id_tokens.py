"""ID tokens: what a client may know of how its user logged in (OpenID Connect Core, section 2)."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from bezant.identity.authorization import INTENT, name_of
from bezant.identity.clients import Client
from bezant.identity.grants import Grant
from bezant.identity.issuers import Issuer
from bezant.identity.jose import Algorithm
from bezant.identity.openid.claims import People, covered
from bezant.identity.signing import DEFAULT_ALGORITHM, SigningKeys
from bezant.identity.tokens import Redeemed
from bezant.kernel.clock import Clock

VALID: Final = timedelta(minutes=5)
TYPE: Final = "JWT"

_HASHES: Final = {
    Algorithm.PS256: hashlib.sha256,
    Algorithm.ES256: hashlib.sha256,
    # Ed25519 hashes with SHA-512 (RFC 8032, section 5.1).
    Algorithm.EDDSA: hashlib.sha512,
}


class IdTokens:
    """Implements `IdTokenIssuer`."""

    def __init__(self, keys: SigningKeys, people: People, clock: Clock) -> None:
        self._keys = keys
        self._people = people
        self._clock = clock

    async def issue(
        self, issuer: Issuer, client: Client, grant: Grant, redeemed: Redeemed, access_token: str
    ) -> str:
        """A signed ID token about the grant's login.

        What `claims` asks for about the person comes only as far as the granted scopes cover it:
        that is what the user was shown.
        """
        login, now = grant.login, self._clock.now()
        claims: dict[str, Any] = {
            "iss": issuer.url,
            "sub": str(login.user_id),
            "aud": str(client.id),
            "iat": int(now.timestamp()),
            "exp": int((now + VALID).timestamp()),
            "auth_time": int(login.at.timestamp()),
            "acr": name_of(login.acr, redeemed.claims.get("acr", {}).get("values", ())),
            "amr": list(login.amr),
            "at_hash": half_hash(access_token, DEFAULT_ALGORITHM),
        }
        if login.session_id is not None:
            claims["sid"] = str(login.session_id)
        if redeemed.nonce is not None:
            claims["nonce"] = redeemed.nonce
        wanted = covered(grant.scopes) & redeemed.claims.keys()
        claims |= await self._people.claims(issuer.tenant_id, login.user_id, wanted)
        claims |= _intent(grant)
        return await self._keys.sign(issuer.tenant_id, claims, typ=TYPE)


def half_hash(text: str, algorithm: Algorithm) -> str:
    """The left half of the hash that a signature algorithm uses (section 3.1.3.6)."""
    whole = _HASHES[algorithm](text.encode("ascii")).digest()
    return urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


def _intent(grant: Grant) -> Mapping[str, str]:
    """The intent that was approved, which its client checks (UK Open Banking, section 7.2)."""
    return next(({INTENT: each["value"]} for each in grant.details if each["type"] == INTENT), {})
