"""Routes of currencies: what each takes, answers and declines."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from bezant.kernel.calls import Answer
from bezant.kernel.errors import Refusal
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.ledger import errors
from bezant.ledger.api.shared import BOOK, OF_LANES, READ, WRITE
from bezant.ledger.fx import errors as fx
from bezant.ledger.fx import schemas
from bezant.ledger.handlers import BookPath
from bezant.ledger.service import Ledger

_TAG: Final = "currencies"
_OF_LEGS: Final[tuple[type[Refusal], ...]] = (
    errors.BookNotFound,
    fx.FxNotSetUp,
    errors.UnknownAccount,
    errors.AccountFrozen,
    errors.AccountClosed,
    errors.OverdraftExceeded,
    errors.MaximumExceeded,
    errors.BalanceOverflow,
    fx.FxAmountOutOfRange,
    *OF_LANES,
)
"""Of whatever posts: positions, costs and gains may have limits, as any account."""

_OF_CONVERSIONS: Final[tuple[type[Refusal], ...]] = (
    *_OF_LEGS,
    errors.PersonalDataRefused,
    fx.UnknownQuote,
    fx.QuoteExpired,
    fx.QuoteUsed,
    errors.AssetMismatch,
    errors.SameAccount,
    errors.TransactionIdReused,
    errors.TransactionIdRefused,
)


class QuotePath(BookPath, frozen=True):
    """A quote of a book."""

    quote: UUID


class FxRoutes:
    """The handlers."""

    def __init__(self, ledger: Ledger) -> None:
        self._fx = ledger.fx

    async def set_up(self, asked: Writing[BookPath, schemas.NewSettings]) -> Answer:
        """`POST …/fx/settings`."""
        return await self._fx.set_up(asked.call, asked.path.book, asked.body)

    async def settings(self, asked: Reading[BookPath, Nothing]) -> schemas.Settings:
        """`GET …/fx/settings`."""
        return await self._fx.settings(asked.principal.tenant_id, asked.path.book)

    async def record_rate(self, asked: Writing[BookPath, schemas.NewRate]) -> Answer:
        """`POST …/fx/rates`."""
        return await self._fx.record_rate(asked.call, asked.path.book, asked.body)

    async def rate(self, asked: Reading[BookPath, schemas.RateAt]) -> schemas.ApplicableRate:
        """`GET …/fx/rates`."""
        return await self._fx.rate(asked.principal.tenant_id, asked.path.book, asked.query)

    async def make_quote(self, asked: Writing[BookPath, schemas.NewQuote]) -> Answer:
        """`POST …/fx/quotes`."""
        return await self._fx.quote(asked.call, asked.path.book, asked.body)

    async def quote(self, asked: Reading[QuotePath, Nothing]) -> schemas.QuoteState:
        """`GET …/fx/quotes/{quote}`."""
        return await self._fx.find_quote(
            asked.principal.tenant_id, asked.path.book, asked.path.quote
        )

    async def convert(self, asked: Writing[BookPath, schemas.NewConversion]) -> Answer:
        """`POST …/fx/conversions`."""
        return await self._fx.convert(asked.call, asked.path.book, asked.body)

    async def revalue(self, asked: Writing[BookPath, schemas.NewRevaluation]) -> Answer:
        """`POST …/fx/revaluations`."""
        return await self._fx.revalue(asked.call, asked.path.book, asked.body)


def operations(ledger: Ledger) -> Sequence[Operation]:
    """The operations of currencies, the busiest first."""
    routes = FxRoutes(ledger)
    return [*_of_exchange(routes), *_of_rates(routes), *_of_books(routes)]


def _of_exchange(routes: FxRoutes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="make_fx_quote",
            path=f"{BOOK}/fx/quotes",
            tag=_TAG,
            summary="Quote an exchange, one side of which is given",
            description="The other side is rounded against the client to a whole minor unit."
            " A quote stands until it expires, and is carried out once.",
            scope=WRITE,
            action="fx_quote.make",
            path_type=BookPath,
            body_type=schemas.NewQuote,
            example={"sell": "EUR", "buy": "USD", "sell_amount": "10000", "spread_bp": 50},
            status=201,
            answer_type=schemas.Quote,
            refusals=(
                errors.BookNotFound,
                fx.FxNotSetUp,
                errors.UnknownAsset,
                fx.SameAsset,
                fx.RateUnknown,
                fx.ClientRateTooHigh,
                fx.FxAmountOutOfRange,
            ),
            handler=routes.make_quote,
        ),
        WriteOperation(
            id="convert_currency",
            path=f"{BOOK}/fx/conversions",
            tag=_TAG,
            summary="Carry a quote out",
            description="One transaction, whose id is the quote's: what is sold goes from the"
            " client's account to the position, what is bought from the position to the client's"
            " account, the spread from the position to its income account.",
            scope=WRITE,
            action="fx_quote.convert",
            path_type=BookPath,
            body_type=schemas.NewConversion,
            example={
                "quote": "0198c0de-0000-7000-8000-000000000000",
                "from_account": "customers:42:eur",
                "to_account": "customers:42:usd",
            },
            status=201,
            answer_type=schemas.Conversion,
            refusals=_OF_CONVERSIONS,
            handler=routes.convert,
        ),
        ReadOperation(
            id="get_fx_quote",
            path=f"{BOOK}/fx/quotes/{{quote}}",
            tag=_TAG,
            summary="A quote, and whether it was carried out",
            scope=READ,
            path_type=QuotePath,
            answer_type=schemas.QuoteState,
            refusals=(errors.BookNotFound, fx.QuoteNotFound),
            handler=routes.quote,
        ),
    ]


def _of_rates(routes: FxRoutes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="record_fx_rate",
            path=f"{BOOK}/fx/rates",
            tag=_TAG,
            summary="Record a rate",
            description="Rates are appended; a correction is a further rate of the same instant.",
            scope=WRITE,
            action="fx_rate.record",
            path_type=BookPath,
            body_type=schemas.NewRate,
            example={
                "pair": "EUR/USD",
                "rate": "1.0834",
                "at": "2026-11-24T15:00:00Z",
                "source": "ecb",
            },
            status=201,
            answer_type=schemas.Rate,
            refusals=(errors.BookNotFound, errors.UnknownAsset, fx.SameAsset),
            handler=routes.record_rate,
        ),
        ReadOperation(
            id="get_fx_rate",
            path=f"{BOOK}/fx/rates",
            tag=_TAG,
            summary="The rate of a pair at an instant",
            description="As recorded, or the inverse of the reverse pair's, whichever is newer;"
            " for want of either a cross rate through the functional asset.",
            scope=READ,
            path_type=BookPath,
            query_type=schemas.RateAt,
            answer_type=schemas.ApplicableRate,
            refusals=(errors.BookNotFound, fx.RateNotFound),
            handler=routes.rate,
        ),
    ]


def _of_books(routes: FxRoutes) -> Sequence[Operation]:
    return [
        WriteOperation(
            id="revalue_positions",
            path=f"{BOOK}/fx/revaluations",
            tag=_TAG,
            summary="Revalue the positions for an instant",
            description="Posts what they gained or lost beyond what earlier revaluations posted."
            " Asked for again, an instant's report is answered as it stands.",
            scope=WRITE,
            action="fx_position.revalue",
            path_type=BookPath,
            body_type=schemas.NewRevaluation,
            example={"at": "2026-10-31T23:00:00Z"},
            answer_type=schemas.Revaluation,
            refusals=(
                *_OF_LEGS,
                errors.UnknownAsset,
                fx.RateUnknown,
                fx.RevaluationInFuture,
                fx.RevaluationOvertaken,
            ),
            handler=routes.revalue,
        ),
        WriteOperation(
            id="set_fx_settings",
            path=f"{BOOK}/fx/settings",
            tag=_TAG,
            summary="Set a book's currencies up",
            description="Opens the accounts that are missing. The functional asset stays.",
            scope=WRITE,
            action="fx_settings.set",
            path_type=BookPath,
            body_type=schemas.NewSettings,
            example={"functional_asset": "EUR"},
            answer_type=schemas.Settings,
            refusals=(
                errors.BookNotFound,
                errors.UnknownAsset,
                fx.FunctionalAssetFixed,
                fx.FxAccountUnfit,
                *OF_LANES,
            ),
            handler=routes.set_up,
        ),
        ReadOperation(
            id="get_fx_settings",
            path=f"{BOOK}/fx/settings",
            tag=_TAG,
            summary="How a book's currencies are set up",
            scope=READ,
            path_type=BookPath,
            answer_type=schemas.Settings,
            refusals=(errors.BookNotFound, fx.SettingsNotFound),
            handler=routes.settings,
        ),
    ]
