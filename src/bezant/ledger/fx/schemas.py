"""Wire models of exchanging currencies. Amounts are strings of minor units, rates exact texts."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from bezant.kernel.http import IS_NUMBER
from bezant.kernel.instants import Instant, require_within_calendar
from bezant.ledger.fx.rates import Derivation
from bezant.ledger.schemas import AccountId, Amount, AssetCode, Metadata, PostedTransaction

QUOTE_LASTS_S_MAX = 86_400
GIVEN_RATES_MAX = 200

Decimal = Annotated[
    str,
    Meta(
        pattern=r"^(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?\Z",
        max_length=39,
        description="An exact decimal above zero.",
        extra=IS_NUMBER,
        examples=["1.0834"],
    ),
]
PairText = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z][A-Z0-9]{0,15}/[A-Z][A-Z0-9]{0,15}\Z",
        max_length=33,
        description="`EUR/USD`: how many units of USD one unit of EUR is worth.",
        examples=["EUR/USD"],
    ),
]
Stem = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._@-]{0,99}\Z", max_length=100)]
Source = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]{1,64}\Z", max_length=64, examples=["ecb"])]


class NewSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/fx/settings`. Accounts that the book does not have are opened.

    Attributes:
        functional_asset: what costs and gains are counted in; it stays.
        realised_account: of the functional asset, an income or expense account.
        unrealised_account: as `realised_account`.
        spread_account: the stem of income accounts, one per asset, such as `fx:spread:EUR`.
    """

    functional_asset: AssetCode
    realised_account: AccountId = "fx:realised"
    unrealised_account: AccountId = "fx:unrealised"
    spread_account: Stem = "fx:spread"


class Settings(Struct, frozen=True):
    """How a book's currencies are set up."""

    functional_asset: str
    realised_account: str
    unrealised_account: str
    spread_account: str
    version: int
    set_at: datetime


class GivenRate(Struct, frozen=True, forbid_unknown_fields=True):
    """What one unit of a pair's base is worth."""

    pair: PairText
    rate: Decimal

    def __post_init__(self) -> None:
        _require_rate(self.rate, "rate")


class NewRate(GivenRate, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`POST …/fx/rates`: appended; of two for the same instant the later one applies.

    Attributes:
        at: from when on it applies.
        source: who says so.
    """

    at: Instant
    source: Source

    def __post_init__(self) -> None:
        super().__post_init__()
        require_within_calendar(self.at, "at")


class Rate(Struct, frozen=True):
    """A rate as it was recorded."""

    id: UUID
    pair: str
    rate: str
    at: datetime
    source: str
    recorded_at: datetime


class RateAt(Struct, frozen=True, forbid_unknown_fields=True):
    """`GET …/fx/rates`: which pair's rate, and for when; without `at`, for now."""

    pair: PairText
    at: Instant | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.at, "at")


class ApplicableRate(Struct, frozen=True):
    """The rate that applies to a pair at an instant.

    Attributes:
        rate: a decimal, or a quotient of integers where no decimal is exact.
        at: of the oldest rate that it stands on.
        sources: of the rates that it stands on.
    """

    pair: str
    rate: str
    at: datetime
    derivation: Derivation
    sources: list[str]


class NewQuote(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/fx/quotes`: one side's amount is given, the other follows.

    Attributes:
        spread_bp: how far the client's rate lies below the mid rate, in basis points.
        client_rate: the client's rate itself, units bought per unit sold; at most the mid rate.
        expires_in_s: how long the quote can be carried out.
    """

    sell: AssetCode
    buy: AssetCode
    sell_amount: Amount | None = None
    buy_amount: Amount | None = None
    spread_bp: Annotated[int, Meta(ge=0, le=9_999)] | None = None
    client_rate: Decimal | None = None
    expires_in_s: Annotated[int, Meta(ge=1, le=QUOTE_LASTS_S_MAX)] = 30

    def __post_init__(self) -> None:
        if (self.sell_amount is None) == (self.buy_amount is None):
            raise ValueError("Invalid field `sell_amount`: give this amount or `buy_amount`")
        if self.spread_bp is not None and self.client_rate is not None:
            raise ValueError("Invalid field `client_rate`: give this rate or `spread_bp`")
        if self.client_rate is not None:
            _require_rate(self.client_rate, "client_rate")


class Quote(Struct, frozen=True):
    """An offer to exchange, which stands until it expires. It never changes.

    Attributes:
        mid_rate: units bought per unit sold; of `rate_at`.
        spread_amount: what the client's side is worse by than the mid rate, roundings included.
        functional_value: what is exchanged, in minor units of the functional asset.
    """

    id: UUID
    sell: str
    buy: str
    sell_amount: str
    buy_amount: str
    mid_rate: str
    rate_at: datetime
    client_rate: str
    spread_asset: str
    spread_amount: str
    functional_asset: str
    functional_value: str
    created_at: datetime
    expires_at: datetime


class QuoteState(Quote, frozen=True, kw_only=True):
    """A quote, and whether it was carried out."""

    is_used: bool


class NewConversion(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/fx/conversions`: carry a quote out, once.

    Attributes:
        from_account: is debited what is sold.
        to_account: is credited what is bought.
        effective_at: when it counts from; defaults to when it is recorded.
        metadata: erasable content of its transaction.
    """

    quote: UUID
    from_account: AccountId
    to_account: AccountId
    effective_at: Instant | None = None
    metadata: Metadata | None = None

    def __post_init__(self) -> None:
        require_within_calendar(self.effective_at, "effective_at")


class Conversion(Struct, frozen=True):
    """201: the quote was carried out, as the transaction whose id is the quote's.

    Attributes:
        realised: the gain on positions that it closed, in minor units of the functional asset;
            negative for a loss.
    """

    quote: Quote
    realised: str
    transaction: PostedTransaction


class NewRevaluation(Struct, frozen=True, forbid_unknown_fields=True):
    """`POST …/fx/revaluations`.

    Attributes:
        at: positions, and rates, are those of this instant.
        rates: instead of those that are recorded.
    """

    at: Instant
    rates: Annotated[list[GivenRate], Meta(max_length=GIVEN_RATES_MAX)] = []

    def __post_init__(self) -> None:
        require_within_calendar(self.at, "at")


class RevaluedPosition(Struct, frozen=True):
    """A position at an instant. All but `position` are minor units of the functional asset.

    Attributes:
        position: what the book held beyond what it owed; negative when it was short.
        rate: functional units per unit of the asset; None where nothing was held.
        unrealised: value less cost.
        posted: how much of that was not posted by an earlier revaluation, and is now.
    """

    asset: str
    position: str
    rate: str | None
    value: str
    cost: str
    unrealised: str
    posted: str


class Revaluation(Struct, frozen=True):
    """What positions were worth at an instant.

    Attributes:
        known_seq: what was recorded later is left to the next revaluation.
        transaction_id: None where nothing was to post.
    """

    at: datetime
    functional_asset: str
    known_seq: int
    transaction_id: UUID | None
    positions: list[RevaluedPosition]


def _require_rate(text: str, field: str) -> None:
    if not text.strip("0."):
        raise ValueError(f"Invalid field `{field}`: a rate is above zero")
