"""A verification under a payment, within the commit that takes the order: pure.

It counts for one payment: of the payer's account, to the IBAN and under the name that were asked
about, while it is fresh. What does not match takes the payer's word that they want it all the same,
which stays beside the order, as what they had been shown stays beside the verification.
"""

import unicodedata
from typing import Final
from uuid import UUID

import msgspec

from bezant.banking import HOLDER_KINDS, is_person
from bezant.kernel.database import Row, RowKind
from bezant.kernel.fingerprints import Fingerprints
from bezant.ledger import ReadKind, Seen
from bezant.payments.vop import store
from bezant.payments.vop.binding import Verified, check_bound
from bezant.payments.vop.errors import (
    PayeeNotConfirmed,
    PayeeNotVerified,
    UnknownVerification,
    VerificationExpired,
    VerificationOfAnother,
    VerificationUsed,
)
from bezant.payments.vop.matching import Verdict

VERIFIED_RAILS: Final = frozenset({"sct", "sct_inst"})
"""Rails whose payers are offered a verification: people never go without (2024/886, article 5c)."""

OF_PROOFS: Final = (
    PayeeNotVerified,
    UnknownVerification,
    VerificationUsed,
    VerificationOfAnother,
    VerificationExpired,
    PayeeNotConfirmed,
)
"""Why a payment is declined for its payee's verification."""

VERIFICATION: Final = ReadKind("payee_verification", store.READ_VERIFICATIONS)
_USE: Final = RowKind("payee_verification_use", store.INSERT_USES)
_STANDING_USE: Final = RowKind("standing_payee", store.INSERT_STANDING_USES)


def iban_fingerprint(fingerprints: Fingerprints, iban: str) -> bytes:
    """What a payee's account is known by.

    Args:
        fingerprints: keyed.
        iban: as machines write it; empty where a payment names none.
    """
    return fingerprints.of("payee iban", iban)


def name_fingerprint(fingerprints: Fingerprints, name: str) -> bytes:
    """What a payee's name is known by; how blanks and diacritics are coded does not matter."""
    return fingerprints.of("payee name", " ".join(unicodedata.normalize("NFC", name).split()))


def proof_of(
    fingerprints: Fingerprints,
    verification_id: UUID | None,
    is_confirmed: bool,  # noqa: FBT001 - as the payer said
    rail: str,
    iban: str | None,
    name: str | None,
) -> "PayeeProof":
    """What a payment says of its payee, for the commit that takes its order.

    Args:
        fingerprints: keyed, as the verification's.
        verification_id: that it names, if any.
        is_confirmed: whether the payer wants it although the name does not match.
        rail: by which it is to be paid.
        iban: where to, as machines write it; None for an account named otherwise.
        name: of the payee, if it says one.
    """
    return PayeeProof(
        verification_id,
        is_confirmed,
        rail,
        iban_fingerprint(fingerprints, iban or ""),
        name_fingerprint(fingerprints, name or ""),
    )


class PayeeProof(msgspec.Struct, frozen=True):
    """What a payment says of its payee, and of how they were verified.

    Attributes:
        verification_id: what was shown to the payer, if anything was.
        is_confirmed: whether the payer wants it although the name does not match.
        rail: by which it is to be paid.
        iban: fingerprint of the account number that it goes to.
        name: fingerprint of the name that it gives.
    """

    verification_id: UUID | None
    is_confirmed: bool
    rail: str
    iban: bytes
    name: bytes

    def reads(self, debtor_account: UUID) -> tuple[tuple[ReadKind, UUID], ...]:
        """The rows that it depends on."""
        if self.verification_id is not None:
            return ((VERIFICATION, self.verification_id),)
        return ((HOLDER_KINDS, debtor_account),) if self.rail in VERIFIED_RAILS else ()

    def check_standing(
        self, seen: Seen, debtor_account: UUID, standing_id: UUID, actor: str
    ) -> tuple[Row, ...]:
        """As `check`, once for all payments of a standing order."""
        return self._used(seen, debtor_account, standing_id, actor, _STANDING_USE)

    def check(
        self, seen: Seen, debtor_account: UUID, order_id: UUID, actor: str
    ) -> tuple[Row, ...]:
        """Refuse a payment whose payee was not verified for it; the rows that tell it was.

        They come after the order's own row, to which they refer.

        Raises:
            PayeeNotVerified: a person pays by a rail that needs it.
            UnknownVerification: the tenant has no such.
            VerificationUsed: by another order.
            VerificationOfAnother: it was for another account, payee or name.
            VerificationExpired: see there.
            PayeeNotConfirmed: the name did not match, and the payer has not said that they know.
        """
        return self._used(seen, debtor_account, order_id, actor, _USE)

    def _used(
        self, seen: Seen, debtor_account: UUID, order_id: UUID, actor: str, use: RowKind
    ) -> tuple[Row, ...]:
        if self.verification_id is None:
            if self.rail in VERIFIED_RAILS and is_person(seen.row(HOLDER_KINDS, debtor_account)):
                raise PayeeNotVerified("Have the payee verified.", field="verification_id")
            return ()
        row = seen.row(VERIFICATION, self.verification_id)
        if row is None:
            raise UnknownVerification("There is no such verification.", field="verification_id")
        if row["order_id"] is not None:
            raise VerificationUsed("Another payment was ordered on it.", field="verification_id")
        if row["debtor_account"] != debtor_account:
            raise VerificationOfAnother("It was for another payer.", field="verification_id")
        at = seen.draft.at
        verified = Verified(row["iban"], row["name"], row["expires_at"])
        check_bound(verified, self.iban, self.name, at)
        verdict = Verdict(row["verdict"])
        if verdict is not Verdict.MATCH and not self.is_confirmed:
            raise PayeeNotConfirmed(
                "The payer has to confirm the payee.", field="confirmed", verdict=verdict
            )
        seen.amend(VERIFICATION, self.verification_id, {**row, "order_id": order_id})
        return (Row(use, (self.verification_id, order_id, self.is_confirmed, at, actor)),)
