"""A token's row, and what may be told of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bezant.kernel.errors import Refusal
from bezant.kernel.sealed import SealedField
from bezant.vault.tokens.errors import TokenExpired, TokenNotFound, TokenRevoked, TokenUsed
from bezant.vault.tokens.schemas import IssuedToken, Token, TokenFormat, TokenKind, TokenStatus

if TYPE_CHECKING:
    import asyncpg

EXPIRY: Final = SealedField("token.card.expiry")
HOLDER: Final = SealedField("token.card.holder")

# What the main value of a token is sealed as.
FIELDS: Final[dict[TokenKind, SealedField]] = {
    "card": SealedField("token.card.number"),
    "bank_account": SealedField("token.bank_account"),
    "value": SealedField("token.value"),
}


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as the database has it, without its fingerprint."""

    token: str
    kind: TokenKind
    format: TokenFormat
    subject_id: UUID
    name: str
    brand: str | None
    bin: str | None
    last_four: str | None
    is_single_use: bool
    created_at: datetime
    expires_at: datetime | None
    reference: UUID
    expiry_reference: UUID | None = None
    holder_reference: UUID | None = None
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    @classmethod
    def of(cls, row: "asyncpg.Record") -> "TokenRow":
        """From the database."""
        return cls(**{name: row[name] for name in cls.__slots__})

    @property
    def references(self) -> list[UUID]:
        """Of the values that it stands for."""
        every = (self.reference, self.expiry_reference, self.holder_reference)
        return [reference for reference in every if reference is not None]

    def is_over(self, at: datetime) -> bool:
        """Whether its time has come."""
        return self.expires_at is not None and self.expires_at <= at

    def require_usable(self, at: datetime) -> None:
        """Look that it may be used now.

        Raises:
            TokenRevoked: it was revoked.
            TokenExpired: its time is over.
            TokenUsed: it was for one use.
        """
        if self.revoked_at is not None:
            raise TokenRevoked("The token was revoked.")
        if self.is_over(at):
            raise TokenExpired("The token's time is over.")
        if self.used_at is not None:
            raise TokenUsed("The token was for one use.")

    def shown(self, at: datetime) -> Token:
        """What may be told of it."""
        return Token(
            token=self.token,
            kind=self.kind,
            format=self.format,
            subject_id=self.subject_id,
            name=self.name or None,
            brand=self.brand,
            bin=self.bin,
            last_four=self.last_four,
            single_use=self.is_single_use,
            status=self._status(at),
            created_at=self.created_at,
            expires_at=self.expires_at,
            used_at=self.used_at,
            revoked_at=self.revoked_at,
        )

    def issued(self, at: datetime, *, is_reused: bool, is_cvc_held: bool) -> IssuedToken:
        """What whoever asked for it is told."""
        shown = self.shown(at)
        members = {name: getattr(shown, name) for name in Token.__struct_fields__}
        return IssuedToken(**members, reused=is_reused, cvc_held=is_cvc_held)

    def _status(self, at: datetime) -> TokenStatus:
        if self.revoked_at is not None:
            return "revoked"
        if self.used_at is not None:
            return "used"
        return "expired" if self.is_over(at) else "active"


def unknown() -> Refusal:
    """The refusal of a token that is not there, or is another tenant's."""
    return TokenNotFound("There is no such token.")
