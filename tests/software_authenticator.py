"""An authenticator in software (Web Authentication Level 3), which also lies when told to."""

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field, replace
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

UP: Final = 0x01
UV: Final = 0x04
BE: Final = 0x08
BS: Final = 0x10
AT: Final = 0x40
USUAL: Final = UP | UV


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Lie:
    """What an answer says otherwise than an honest one; None is honest.

    Attributes:
        flags: instead of `UP | UV` and the flags of backups.
        counter: instead of the next one.
        client_data: members of the client data, over the honest ones.
        signs_other_data: the signature is of something else.
        user_handle: instead of the one that was given at enrolment.
    """

    flags: int | None = None
    counter: int | None = None
    origin: str | None = None
    rp_id: str | None = None
    client_data: dict[str, Any] = field(default_factory=dict)
    signs_other_data: bool = False
    user_handle: bytes | None = None


HONEST: Final = Lie()


@dataclass
class SoftwareAuthenticator:
    """Keeps one credential.

    Attributes:
        origin: of the page that the browser shows.
        backup: the flags of backups, `BE` and `BS`.
        counts: whether it has a counter.
    """

    origin: str
    backup: int = 0
    counts: bool = True
    counter: int = 0
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    user_handle: bytes = b""
    rp_id: str = ""

    def copy(self) -> "SoftwareAuthenticator":
        """Somebody has copied the key."""
        return replace(self)

    def create(self, options: str, lie: Lie = HONEST) -> str:
        """`navigator.credentials.create`."""
        asked = json.loads(options)
        self.user_handle = unb64(asked["user"]["id"])
        self.rp_id = asked["rp"]["id"]
        assert any(each["alg"] == -7 for each in asked["pubKeyCredParams"])
        numbers = self.key.public_key().public_numbers()
        cose = {
            1: 2,
            3: -7,
            -1: 1,
            -2: numbers.x.to_bytes(32, "big"),
            -3: numbers.y.to_bytes(32, "big"),
        }
        attested = (
            bytes(16)
            + len(self.credential_id).to_bytes(2, "big")
            + self.credential_id
            + cbor2.dumps(cose)
        )
        data = self._authenticator_data(lie, AT) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", asked["challenge"], lie)
        response = {"clientDataJSON": b64(client_data), "attestationObject": b64(attestation)}
        return self._credential(response)

    def get(self, options: str, lie: Lie = HONEST) -> str:
        """`navigator.credentials.get`."""
        asked = json.loads(options)
        assert asked["userVerification"] == "required"
        data = self._authenticator_data(lie, 0)
        client_data = self._client_data("webauthn.get", asked["challenge"], lie)
        signed = b"other" if lie.signs_other_data else data + hashlib.sha256(client_data).digest()
        handle = self.user_handle if lie.user_handle is None else lie.user_handle
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": b64(handle),
        }
        return self._credential(response)

    def _authenticator_data(self, lie: Lie, extra: int) -> bytes:
        self.counter += int(self.counts)
        flags = (USUAL | self.backup if lie.flags is None else lie.flags) | extra
        counter = self.counter if lie.counter is None else lie.counter
        rp_id = lie.rp_id or self.rp_id
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + counter.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, lie: Lie) -> bytes:
        data = {
            "type": kind,
            "challenge": challenge,
            "origin": lie.origin or self.origin,
            "crossOrigin": False,
            **lie.client_data,
        }
        return json.dumps(data).encode()

    def _credential(self, response: dict[str, str]) -> str:
        text = b64(self.credential_id)
        return json.dumps(
            {
                "id": text,
                "rawId": text,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
                "authenticatorAttachment": "platform",
            }
        )
