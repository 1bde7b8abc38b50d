"""Wire models of verifications of payees."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from bezant.kernel.sealed import Purpose
from bezant.kernel.telemetry import Sensitive
from bezant.payments.vop.matching import NAME_LENGTH_MAX, Verdict

PAYEES_MAX: Final = 50

Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Iban = Annotated[str, Meta(min_length=5, max_length=42)]


class Payee(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be paid, as the payer wrote it."""

    iban: Iban
    name: Name


class NewVerification(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payee-verifications`."""

    debtor_account: UUID
    iban: Iban
    name: Name


class NewVerifications(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/payee-verifications/batch`."""

    debtor_account: UUID
    payees: Annotated[list[Payee], Meta(min_length=1, max_length=PAYEES_MAX)]


class Verification(Sensitive, Struct, frozen=True):
    """What was found, to be shown to the payer.

    Attributes:
        matched_name: the holder's, at a close match only; None too once it was deleted.
        expires_at: from when on no payment can be ordered on it.
    """

    id: UUID
    debtor_account: UUID
    verdict: Verdict
    asked_at: datetime
    expires_at: datetime
    matched_name: str | None = None


class Verifications(Struct, frozen=True):
    """What was found of several payees, in the order in which they were asked about."""

    verifications: list[Verification]


class Reading(Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of reading a verification."""

    purpose: Purpose


class VerificationRecord(Sensitive, Struct, frozen=True):
    """The evidence: what was asked, what was shown, and what was ordered on it.

    Attributes:
        iban: that was asked about; None once it was deleted.
        name: as the payer wrote it; None as above.
        payment: that was ordered on it, if one was.
        confirmed: whether the payer said then that they knew; None where nothing was ordered.
    """

    verification: Verification
    iban: str | None
    name: str | None
    payment: UUID | None
    confirmed: bool | None


class Content(Sensitive, Struct, frozen=True):
    """What is sealed of a verification."""

    iban: str
    name: str
    matched_name: str | None


CONTENT: Final = msgspec.json.Decoder(Content)
