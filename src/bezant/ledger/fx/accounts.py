"""The accounts that exchanging needs, by their names.

A position in an asset is kept in three accounts: `position:USD` holds the amount, in USD;
`position:USD:cost` what was paid for it, and `position:USD:revaluation` what it has gained since,
both in the functional asset.
"""

from collections.abc import Iterable, Iterator

from bezant.kernel.money import AMOUNT_MAX
from bezant.ledger.accounts import open_account
from bezant.ledger.domain import Account
from bezant.ledger.fx.domain import Holding
from bezant.ledger.fx.errors import FxAccountUnfit, FxAmountOutOfRange
from bezant.ledger.fx.schemas import NewSettings, Settings
from bezant.ledger.lane import Draft
from bezant.ledger.schemas import AccountType, NewAccount, Posting

_GAINS = frozenset({AccountType.INCOME, AccountType.EXPENSE})


def position_account(asset: str) -> str:
    """Holds what the book has of an asset beyond what it owes: a credit balance when it is long."""
    return f"position:{asset}"


def cost_account(asset: str) -> str:
    """Holds what was paid for the position, in the functional asset."""
    return f"position:{asset}:cost"


def revaluation_account(asset: str) -> str:
    """Holds what the position was revalued by, in the functional asset."""
    return f"position:{asset}:revaluation"


def spread_account(stem: str, asset: str) -> str:
    """Takes the spreads that are earned in an asset."""
    return f"{stem}:{asset}"


def needed(settings: NewSettings, assets: Iterable[str]) -> Iterator[tuple[str, NewAccount]]:
    """The accounts of settings, each with the field that names it."""
    functional = settings.functional_asset
    gains = {
        "realised_account": settings.realised_account,
        "unrealised_account": settings.unrealised_account,
    }
    for field, account_id in gains.items():
        yield field, NewAccount(account_id, functional, AccountType.INCOME)
    for asset in assets:
        earning = spread_account(settings.spread_account, asset)
        yield "spread_account", NewAccount(earning, asset, AccountType.INCOME)
        if asset != functional:
            for account_id in (cost_account(asset), revaluation_account(asset)):
                kept = NewAccount(account_id, functional, AccountType.ASSET)
                yield "functional_asset", kept


def open_or_check(draft: Draft, field: str, wanted: NewAccount) -> None:
    """Open an account, or see that the one which stands can take its place.

    Raises:
        FxAccountUnfit: it is of another asset or type.
    """
    standing = draft.book.accounts.get(wanted.id)
    if standing is None:
        open_account(draft, wanted)
        return
    types = _GAINS if wanted.type in _GAINS else {wanted.type}
    if standing.asset != wanted.asset or standing.type not in types:
        raise FxAccountUnfit(
            f"Account {wanted.id} is of {standing.asset} and type {standing.type}; needed is"
            f" {wanted.type} of {wanted.asset}.",
            field=field,
            account=wanted.id,
        )


def holding_of(position: Account, cost: Account) -> Holding:
    """What two accounts say of a position."""
    return Holding(position.credits_posted - position.debits_posted, cost.posted)


def gain_leg(debit: str, credit: str, gain: int, asset: str, code: str) -> Posting:
    """A gain as a leg; a loss goes the other way.

    Raises:
        FxAmountOutOfRange: it is more than can be posted.
    """
    if abs(gain) > AMOUNT_MAX:
        raise FxAmountOutOfRange(f"{gain} of {asset} would be posted to {credit}.")
    if gain < 0:
        debit, credit = credit, debit
    return Posting(debit, credit, asset, str(abs(gain)), code)


def accounts_of(settings: Settings, assets: Iterable[str]) -> frozenset[str]:
    """The accounts that an exchange between assets may touch, the client's aside."""
    kept = {settings.realised_account, position_account(settings.functional_asset)}
    for asset in assets:
        kept |= {position_account(asset), spread_account(settings.spread_account, asset)}
        if asset != settings.functional_asset:
            kept.add(cost_account(asset))
    return frozenset(kept)
