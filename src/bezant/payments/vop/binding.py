"""A verification counts for the payment that it was asked for, and for no other."""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from bezant.payments.vop.errors import VerificationExpired, VerificationOfAnother


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification of a payee was about, without saying whom.

    Attributes:
        iban: keyed fingerprint of the payee's account number.
        name: keyed fingerprint of the name as the payer wrote it.
        expires_at: from when on it must be asked again.
    """

    iban: bytes
    name: bytes
    expires_at: datetime


def check_bound(verified: Verified, iban: bytes, name: bytes, at: datetime) -> None:
    """Refuse a payment that its verification is not about.

    Args:
        verified: what was shown to the payer.
        iban: fingerprint of the account number that the payment goes to.
        name: fingerprint of the name that the payment gives.
        at: the batch's instant.

    Raises:
        VerificationExpired: it is too old to be relied on.
        VerificationOfAnother: another account or another name was verified.
    """
    if at >= verified.expires_at:
        raise VerificationExpired("The payee must be verified again.", field="verification_id")
    if not (compare_digest(verified.iban, iban) and compare_digest(verified.name, name)):
        raise VerificationOfAnother("Another payee was verified.", field="verification_id")
