"""Who may act for an account, and how many have to sign: what is agreed on."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from bezant.ledger import schemas

BANDS_MAX: Final = 50
SIGNERS_MAX: Final = 20


class MandateRole(StrEnum):
    """Why a party may act for an account.

    `holder`: it is theirs. `attorney`: a holder gave them power. `signatory`: they sign for an
    organisation that holds it.
    """

    HOLDER = "holder"
    ATTORNEY = "attorney"
    SIGNATORY = "signatory"


class SigningBand(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How many have to sign payments up to an amount.

    Attributes:
        up_to: the highest amount, in minor units; None for whatever is above the other bands.
        signatures: of so many different parties, the one who orders among them.
    """

    asset: schemas.AssetCode
    signatures: Annotated[int, Meta(ge=1, le=SIGNERS_MAX)]
    up_to: schemas.Amount | None = None


Bands = Annotated[list[SigningBand], Meta(max_length=BANDS_MAX)]
