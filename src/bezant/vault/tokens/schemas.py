"""Wire models of tokens. What holds a value has no `repr`."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.telemetry import Sensitive

BATCH_TOKENS_MAX: Final = 1_000
BATCH_BYTES_MAX: Final = 4 << 20
TTL_S_MIN: Final = 60
TTL_S_MAX: Final = 10 * 366 * 24 * 3600
VALUE_CHARACTERS_MAX: Final = 4_096

TokenKind = Literal["card", "bank_account", "value"]
TokenFormat = Literal["opaque", "card", "card_bin", "shaped", "ff1"]
TokenStatus = Literal["active", "used", "expired", "revoked"]

TokenText = Annotated[
    str,
    # `\Z`, since Python's `$` also matches before a final newline.
    Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._@+-]+\Z", examples=["tok_ab…"]),
]
Purpose = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_.:-]{0,63}\Z",
        description="Why, in a word; the audit log keeps it. Nothing personal.",
        examples=["payout"],
    ),
]


class NewCard(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """A payment card.

    Attributes:
        cvc: kept in memory for minutes, for one forwarded request, and written nowhere.
    """

    number: Annotated[str, Meta(min_length=1, max_length=64, examples=["4111 1111 1111 1111"])]
    expiry_month: Annotated[int, Meta(ge=1, le=12)]
    expiry_year: Annotated[int, Meta(ge=2000, le=9998, description="With its century.")]
    holder: Annotated[str, Meta(max_length=400)] | None = None
    cvc: Annotated[str, Meta(pattern=r"^[0-9]{3,4}\Z")] | None = None


class CardNumberOnly(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """A card, to be searched by its number."""

    number: Annotated[str, Meta(min_length=1, max_length=64)]


class BankAccount(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """A bank account: `iban`, or `sort_code` and `account_number`."""

    iban: Annotated[str, Meta(max_length=64)] | None = None
    sort_code: Annotated[str, Meta(max_length=16)] | None = None
    account_number: Annotated[str, Meta(max_length=16)] | None = None

    def __post_init__(self) -> None:
        has_uk = self.sort_code is not None and self.account_number is not None
        is_partly_uk = self.sort_code is not None or self.account_number is not None
        if (self.iban is not None) == has_uk or is_partly_uk != has_uk:
            raise ValueError("Invalid field `iban`: either it, or sort_code and account_number")


class NamedValue(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """Any other value.

    Attributes:
        name: what it is, such as `passport_number`; equal values of two names have nothing in
            common.
    """

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]{0,63}\Z", examples=["passport_number"])]
    text: Annotated[str, Meta(min_length=1, max_length=VALUE_CHARACTERS_MAX)]


class NewToken(Sensitive, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /v1/vault/tokens`. One of `card`, `bank_account` and `value` is given.

    Attributes:
        subject_id: whom it is about; with that person's data it is erased.
        format: how the token looks. `card` has a card number's length and its last four digits,
            `card_bin` its first digits too, and neither passes the check digit; `shaped` has a
            digit for a digit and a letter for a letter; `ff1` is computed, not drawn.
        single_use: for one detokenization or one forwarded request; never the same for two.
        ttl_s: how long it lives; null for as long as its subject.
        never_erased: declares, for `ff1`, that the value is nothing that is ever to be erased.
    """

    subject_id: UUID
    card: NewCard | None = None
    bank_account: BankAccount | None = None
    value: NamedValue | None = None
    format: TokenFormat = "opaque"
    single_use: bool = False
    ttl_s: Annotated[int, Meta(ge=TTL_S_MIN, le=TTL_S_MAX)] | None = None
    never_erased: bool = False

    def __post_init__(self) -> None:
        given = [each for each in (self.card, self.bank_account, self.value) if each is not None]
        if len(given) != 1:
            raise ValueError("Invalid field `card`: one of card, bank_account and value")


class BatchToken(NewToken, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An item of a batch; its `id` makes it idempotent by itself."""

    id: UUID


class NewTokenBatch(Sensitive, Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/tokens/batch`: each item by itself."""

    tokens: Annotated[list[BatchToken], Meta(min_length=1, max_length=BATCH_TOKENS_MAX)]


class Token(Struct, frozen=True, kw_only=True):
    """A token, and what may be shown beside it.

    Attributes:
        name: of a value, what it is; of an account, `iban` or `uk`.
        bin: the first digits of a card number, as many as may be shown with the last four.
    """

    token: str
    kind: TokenKind
    format: TokenFormat
    subject_id: UUID
    name: str | None
    brand: str | None
    bin: str | None
    last_four: str | None
    single_use: bool
    status: TokenStatus
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class IssuedToken(Token, frozen=True, kw_only=True):
    """A token as it was given out.

    Attributes:
        reused: it stood for this value of this subject before.
        cvc_held: a CVC came along and was in memory when this was answered.
    """

    reused: bool
    cvc_held: bool


class TokenResult(Struct, frozen=True, omit_defaults=True):
    """What became of an item: 201 with its token, or the refusal's status, code, detail and field.

    Attributes:
        stood_before: an earlier request had it already.
    """

    id: UUID
    status: int
    token: IssuedToken | None = None
    code: str | None = None
    detail: str | None = None
    field: str | None = None
    stood_before: bool = False


class TokenResults(Struct, frozen=True):
    """One result per item, in the items' order."""

    results: list[TokenResult]


class TokenSearch(Sensitive, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST /v1/vault/tokens/search`. One of `card`, `bank_account` and `value` is given."""

    card: CardNumberOnly | None = None
    bank_account: BankAccount | None = None
    value: NamedValue | None = None
    subject_id: UUID | None = None

    def __post_init__(self) -> None:
        given = [each for each in (self.card, self.bank_account, self.value) if each is not None]
        if len(given) != 1:
            raise ValueError("Invalid field `card`: one of card, bank_account and value")


class FoundTokens(Struct, frozen=True):
    """The tokens that stand for a value, newest first, a hundred at most."""

    tokens: list[Token]


class Detokenization(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/vault/tokens/detokenize`. Each token counts once."""

    tokens: Annotated[list[TokenText], Meta(min_length=1, max_length=BATCH_TOKENS_MAX)]
    purpose: Purpose


class RevealedCard(Sensitive, Struct, frozen=True):
    """A card. Its CVC is not among what is ever revealed."""

    number: str
    expiry_month: int
    expiry_year: int
    holder: str | None


class RevealedAccount(Sensitive, Struct, frozen=True, omit_defaults=True):
    """A bank account: `iban`, or `sort_code` and `account_number`."""

    iban: str | None = None
    sort_code: str | None = None
    account_number: str | None = None


class Revealed(Sensitive, Struct, frozen=True, omit_defaults=True):
    """200 with what a token stands for, or the refusal's status, code and detail."""

    token: str
    status: int
    card: RevealedCard | None = None
    bank_account: RevealedAccount | None = None
    value: str | None = None
    code: str | None = None
    detail: str | None = None


class Detokenized(Sensitive, Struct, frozen=True):
    """One result per token, in their order."""

    results: list[Revealed]
