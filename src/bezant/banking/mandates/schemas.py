"""Wire models of mandates and signing rules."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from bezant.banking.terms.signing import Bands, MandateRole, SigningBand
from bezant.kernel.instants import Instant, require_within_calendar


class NewMandate(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/parties`.

    Attributes:
        valid_from: at once if it is not given.
        valid_until: from then on the mandate is none; a power of attorney has to end.
        on_behalf_of: the holder of the account who gives an attorney power; needed for that role,
            and for no other. The two sign as one, and only while the holder is one.
    """

    party_id: UUID
    role: MandateRole
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    on_behalf_of: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse instants that no calendar has."""
        require_within_calendar(self.valid_from, "valid_from")
        require_within_calendar(self.valid_until, "valid_until")


class MandateEnd(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/accounts/{account}/parties/{party}/remove`."""

    role: MandateRole


class AccountParty(Struct, frozen=True):
    """A party's right to act for an account."""

    party_id: UUID
    role: MandateRole
    valid_from: datetime
    valid_until: datetime | None = None
    on_behalf_of: UUID | None = None


class AccountParties(Struct, frozen=True):
    """Who may act for an account, or could, or will."""

    parties: list[AccountParty]


class OrderApproval(Struct, frozen=True):
    """A party's signature under an order.

    Attributes:
        approved_by: who gave it, as the audit log calls them: `user:…` is the party itself; a
            server's key vouches for it. None of one from before that was recorded.
        revoked_at: since when it is withdrawn.
    """

    party_id: UUID
    approved_at: datetime
    approved_by: str | None = None
    revoked_at: datetime | None = None


class NewSigningRules(Struct, frozen=True, forbid_unknown_fields=True):
    """`PUT /v1/accounts/{account}/signing-rules`: all of them."""

    bands: Bands


class SigningRules(Struct, frozen=True):
    """How many sign what. Without bands one does.

    Attributes:
        version: 0 where none were ever agreed on.
    """

    version: int
    bands: list[SigningBand]
