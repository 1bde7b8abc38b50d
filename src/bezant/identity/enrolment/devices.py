"""What applications on bound devices ask an issuer: to be bound, what is asked, and to decide.

A device has no session and no token: each request is signed by its key, and says what for
(`bezant.identity.factors.device_keys`). Bytes are base64url without padding.
"""

import base64
import binascii
from uuid import UUID

from bezant.identity.factors import Approvals
from bezant.identity.http import OAuthError, ProtocolAnswer, ProtocolEndpoint, ProtocolRequest
from bezant.identity.parts import Part

_DEVICES = "/id/{tenant}/devices"


class DeviceEndpoints:
    """The handlers. Refusals are answered as the other protocol endpoints answer theirs."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    def part(self) -> Part:
        """What every issuer serves."""
        return Part(
            [
                ProtocolEndpoint(
                    id="bind_device",
                    method="POST",
                    path=_DEVICES,
                    summary="Bind a device that was shown a challenge",
                    handler=self.bind,
                ),
                ProtocolEndpoint(
                    id="list_device_approvals",
                    method="POST",
                    path=f"{_DEVICES}/approvals",
                    summary="What the user of a device is asked now",
                    handler=self.asked,
                ),
                ProtocolEndpoint(
                    id="decide_device_approval",
                    method="POST",
                    path=f"{_DEVICES}/decisions",
                    summary="Approve or refuse on a device, once",
                    handler=self.decide,
                ),
            ]
        )

    async def bind(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST /id/{tenant}/devices`: `challenge`, `public_key` (DER), `signature`."""
        device_id = await self._approvals.bind(
            request.issuer.tenant_id,
            request.form.required("challenge"),
            _bytes(request, "public_key"),
            _bytes(request, "signature"),
        )
        return ProtocolAnswer.json(201, {"device_id": str(device_id)})

    async def asked(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST /id/{tenant}/devices/approvals`: `device_id`, `at` (Unix time), `signature`."""
        at = request.form.required("at")
        if not (at.isascii() and at.isdigit() and len(at) <= len("9999999999")):
            raise OAuthError("invalid_request", "The parameter at is no time.")
        approvals = await self._approvals.asked(
            request.issuer.tenant_id,
            _id(request, "device_id"),
            int(at),
            _bytes(request, "signature"),
        )
        told = [
            {
                "id": str(each.id),
                "shown": base64.urlsafe_b64encode(each.shown).decode().rstrip("="),
                "expires_at": each.expires_at.isoformat(),
            }
            for each in approvals
        ]
        return ProtocolAnswer.json(200, {"approvals": told})

    async def decide(self, request: ProtocolRequest) -> ProtocolAnswer:
        """`POST /id/{tenant}/devices/decisions`: who decides what, and `decision`."""
        decision = request.form.required("decision")
        if decision not in {"approved", "refused"}:
            raise OAuthError("invalid_request", "The decision is approved or refused.")
        await self._approvals.decide(
            request.issuer.tenant_id,
            _id(request, "approval_id"),
            _id(request, "device_id"),
            _bytes(request, "signature"),
            is_approved=decision == "approved",
        )
        return ProtocolAnswer.empty(204)


def _id(request: ProtocolRequest, name: str) -> UUID:
    try:
        return UUID(request.form.required(name))
    except ValueError:
        raise OAuthError("invalid_request", f"The parameter {name} is no identifier.") from None


def _bytes(request: ProtocolRequest, name: str) -> bytes:
    text = request.form.required(name)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise OAuthError("invalid_request", f"The parameter {name} is no base64url.") from None
