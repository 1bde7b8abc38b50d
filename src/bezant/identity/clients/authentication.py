"""How clients prove to be themselves at an issuer's endpoints."""

from dataclasses import dataclass
from typing import Final

from bezant.identity.certificates import PresentedCertificate
from bezant.identity.clients.assertions import ASSERTION_TYPE, check_claims, subject_of
from bezant.identity.clients.domain import Authentication, Client
from bezant.identity.clients.keys import ClientKeys
from bezant.identity.clients.ports import CertificateJudge, CertificateRefused
from bezant.identity.clients.reading import Clients
from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.issuers import Issuer
from bezant.identity.jose import JoseRefused, Signed, read_token, verify
from bezant.identity.proofs import UsedProofs, Uses
from bezant.kernel.clock import Clock

_BY_CERTIFICATE: Final = (Authentication.TLS, Authentication.SELF_SIGNED_TLS)
_FAILED: Final = "The client is unknown, disabled, or authenticates otherwise."


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """A client that proved to be itself, or a public one that was named.

    Attributes:
        key_thumbprint: of the key that signed its assertion, if one did.
        certificate: which it authenticated with, if it did.
    """

    client: Client
    key_thumbprint: str | None = None
    certificate: PresentedCertificate | None = None


class ClientAuthenticator:
    """Authenticates clients by the one method that each is registered with.

    Args:
        clients: finds them.
        keys: theirs.
        used: tells an assertion that was used before.
        judge: knows certificates; None where none are taken.
    """

    def __init__(
        self,
        clients: Clients,
        keys: ClientKeys,
        used: UsedProofs,
        judge: CertificateJudge | None,
        clock: Clock,
    ) -> None:
        self._clients = clients
        self._keys = keys
        self._used = used
        self._judge = judge
        self._clock = clock

    @property
    def methods(self) -> list[str]:
        """Those that are taken, as metadata has them."""
        taken = [Authentication.PRIVATE_KEY_JWT, Authentication.NONE]
        if self._judge is not None:
            taken += _BY_CERTIFICATE
        return [method.value for method in taken]

    async def authenticate(
        self, request: ProtocolRequest, uses: Uses | None = None
    ) -> AuthenticatedClient:
        """The client that a request comes from.

        Args:
            request: what came.
            uses: where it is noted that its assertion is used up; without it, that is done at once.

        Raises:
            OAuthError: `invalid_client`.
            Unavailable: that cannot be known now.
        """
        form = request.form
        if request.headers.every(b"authorization") or "client_secret" in form:
            raise _invalid("There are no client secrets here.")
        if "client_assertion" in form or "client_assertion_type" in form:
            return await self._by_assertion(request, uses)
        if "client_id" not in form:
            raise _invalid("The request names no client.")
        client = await self._find(request.issuer, form["client_id"])
        if client.is_public:
            return AuthenticatedClient(client)
        if self._judge is None or client.authentication not in _BY_CERTIFICATE:
            raise _invalid(_FAILED)
        if request.certificate is None:
            raise _invalid("The client authenticates with its certificate, at the mTLS endpoints.")
        try:
            await self._judge.judge(client, request.certificate)
        except CertificateRefused as refused:
            raise _invalid(str(refused)) from None
        return AuthenticatedClient(client, certificate=request.certificate)

    async def _by_assertion(
        self, request: ProtocolRequest, uses: Uses | None
    ) -> AuthenticatedClient:
        """`private_key_jwt` (RFC 7523, section 3; FAPI 2.0, section 5.3.2.1)."""
        form = request.form
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _invalid("The client_assertion_type is another.")
        try:
            token = read_token(form.get("client_assertion", ""))
            subject = subject_of(token)
            if form.get("client_id", subject) != subject:
                raise _invalid("The client_id is not the assertion's sub.")
            client = await self._find(request.issuer, subject)
            if client.authentication is not Authentication.PRIVATE_KEY_JWT:
                raise _invalid(_FAILED)
            signed = verify(token, await self._keys.of(client, token.kid))
            await self._use(request.issuer, client, signed, uses)
        except JoseRefused as refused:
            raise _invalid(f"client_assertion: {refused}") from None
        return AuthenticatedClient(client, key_thumbprint=signed.key.thumbprint)

    async def _use(self, issuer: Issuer, client: Client, signed: Signed, uses: Uses | None) -> None:
        """Check what an assertion claims, and use it up.

        Last of all: nobody but the client can have an assertion used up.
        """
        good = check_claims(signed.claims, issuer, self._clock.now())
        name = f"assertion {client.id} {good.jti}"
        refusal = _invalid("client_assertion: It was used before.")
        if uses is not None:
            uses.note(name, good.until, refusal)
        elif not await self._used.use(issuer.tenant_id, name, good.until):
            raise refusal

    async def _find(self, issuer: Issuer, client_id: str) -> Client:
        client = await self._clients.find(issuer.tenant_id, client_id)
        if client is None or client.disabled_at is not None:
            raise _invalid(_FAILED)
        return client


def _invalid(description: str) -> OAuthError:
    return OAuthError("invalid_client", description, 401)
