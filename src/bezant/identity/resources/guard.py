"""The issuer's own protected resources: userinfo, grant management."""

from hmac import compare_digest

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.confirmation import Confirmation
from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.proofs import DpopVerifier
from bezant.identity.tokens import AccessTokens, Claims, InvalidAccessToken, resources_of
from bezant.kernel.errors import Unauthenticated
from bezant.kernel.http import BEARER, DPOP, challenge


def is_proven(
    confirmation: Confirmation,
    scheme: str,
    jkt: str | None,
    certificate: PresentedCertificate | None,
) -> bool:
    """Whether a request proves the key of its token, by the scheme that is that key's.

    Args:
        confirmation: the token's.
        scheme: of `Authorization`, in lower case.
        jkt: of the key whose DPoP proof came with the request and is in order.
        certificate: which the connection was made with.
    """
    if confirmation.jkt is not None:
        is_dpop = scheme == DPOP and jkt is not None
        return is_dpop and compare_digest(confirmation.jkt, jkt or "")
    assert confirmation.x5t_s256 is not None
    if scheme != BEARER or certificate is None:
        return False
    return compare_digest(confirmation.x5t_s256, certificate.thumbprint)


class TokenGuard:
    """Admits requests of the issuer's endpoints that bring an access token."""

    def __init__(self, access: AccessTokens, proofs: DpopVerifier) -> None:
        self._access = access
        self._proofs = proofs

    async def admit(self, request: ProtocolRequest, scope: str) -> Claims:
        """What the request's token says, if it holds, its key is proven, and it has the scope.

        Raises:
            OAuthError: with the challenge of RFC 6750 or RFC 9449.
        """
        try:
            scheme, token = request.headers.authorization()
        except Unauthenticated:
            raise _refused(DPOP, "invalid_token", 401) from None
        try:
            claims = await self._access.read(request.issuer, token)
        except InvalidAccessToken:
            raise _refused(scheme, "invalid_token", 401) from None
        jkt = None
        if scheme == DPOP:
            jkt = await self._prove(request, token)
        if not is_proven(claims.cnf, scheme, jkt, request.certificate):
            raise _refused(scheme, "invalid_token", 401)
        if claims.audience.isdisjoint(resources_of(request.issuer)):
            raise _refused(scheme, "invalid_token", 401)
        if scope not in claims.scopes:
            raise _refused(scheme, "insufficient_scope", 403, scope=scope)
        return claims

    async def _prove(self, request: ProtocolRequest, token: str) -> str | None:
        is_write = request.method != "GET"
        try:
            return await self._proofs.verify(request, access_token=token, durable=is_write)
        except OAuthError as error:
            header = challenge(DPOP, error.error)
            raise OAuthError(
                error.error, error.description, 401, (header, *error.headers)
            ) from None


def _refused(scheme: str, error: str, status: int, **parameters: str) -> OAuthError:
    header = challenge(scheme, error, **parameters)
    return OAuthError(error, "The access token does not serve here.", status, (header,))
