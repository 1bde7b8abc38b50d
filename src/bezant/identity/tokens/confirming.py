"""Which key a token request proves: the one that its tokens will be bound to."""

from bezant.identity.clients import Binding, Client
from bezant.identity.confirmation import Confirmation
from bezant.identity.http import OAuthError, ProtocolRequest
from bezant.identity.proofs import DpopVerifier, Uses


async def confirm(
    request: ProtocolRequest, client: Client, proofs: DpopVerifier, uses: Uses | None = None
) -> Confirmation:
    """The key that the client's tokens are bound to, proven by this request.

    Args:
        request: what came.
        client: from whom.
        proofs: verifies DPoP proofs.
        uses: where it is noted that the proof is used up; without it, that is done at once.

    Raises:
        OAuthError: none is proven, or the proof is not in order. There are no bearer tokens.
    """
    confirmation = await proven(request, client, proofs, uses)
    if confirmation is not None:
        return confirmation
    if client.binding is Binding.DPOP:
        raise OAuthError("invalid_dpop_proof", "The request needs a DPoP proof.")
    raise OAuthError("invalid_request", "The request needs the client's certificate.")


async def proven(
    request: ProtocolRequest, client: Client, proofs: DpopVerifier, uses: Uses | None = None
) -> Confirmation | None:
    """The key that a request proves, if it proves one: what its client gets is bound to it.

    See `confirm`.

    Raises:
        OAuthError: the proof is not in order.
    """
    if client.binding is Binding.DPOP:
        jkt = await proofs.verify(request, uses=uses)
        return None if jkt is None else Confirmation(jkt=jkt)
    return None if request.certificate is None else request.certificate.confirmation
