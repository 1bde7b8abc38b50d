"""Proofs of possession: DPoP, its nonces, and what was used before."""

from bezant.identity.proofs.dpop import DpopVerifier, Presented
from bezant.identity.proofs.nonces import Nonces
from bezant.identity.proofs.used import UsedProofs, Uses

__all__ = ["DpopVerifier", "Nonces", "Presented", "UsedProofs", "Uses"]
