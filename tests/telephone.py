"""A telephone that is bound to a user, in software."""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bezant.identity.factors.approvals import Approval
from bezant.identity.factors.device_keys import (
    binding_message,
    decision_message,
    listing_message,
)
from fixtures_users import Town

PAYMENT = b'{"amount":"12.50 EUR","to":"a merchant"}'


@dataclass
class Telephone:
    """A device with a key that never leaves it."""

    town: Town
    id: UUID = field(default_factory=uuid4)
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, ec.ECDSA(SHA256()))

    async def bind(self, challenge: str) -> None:
        signature = self.sign(binding_message(self.town.tenant_id, challenge))
        self.id = await self.town.people.approvals.bind(
            self.town.tenant_id, challenge, self.public_key, signature
        )

    async def asked(self) -> list[Approval]:
        now = int(self.town.clock.now().timestamp())
        signature = self.sign(listing_message(self.town.tenant_id, self.id, now))
        approvals = self.town.people.approvals
        return list(await approvals.asked(self.town.tenant_id, self.id, now, signature))

    async def decide(
        self, approval_id: UUID, shown: bytes = PAYMENT, *, is_approved: bool = True
    ) -> None:
        digest = hashlib.sha256(shown).digest()
        message = decision_message(
            self.town.tenant_id, approval_id, digest, is_approved=is_approved
        )
        await self.town.people.approvals.decide(
            self.town.tenant_id, approval_id, self.id, self.sign(message), is_approved=is_approved
        )
