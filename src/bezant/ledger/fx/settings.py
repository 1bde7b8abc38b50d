"""Setting a book's currencies up: what costs are counted in, and where gains go."""

from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.kernel.calls import Answer
from bezant.kernel.database import Row, RowKind
from bezant.ledger.errors import UnknownAsset
from bezant.ledger.fx import store
from bezant.ledger.fx.accounts import needed, open_or_check
from bezant.ledger.fx.errors import FunctionalAssetFixed
from bezant.ledger.fx.schemas import NewSettings, Settings
from bezant.ledger.lane import Decision, ReadKind, Reads, RiderKinds, Seen

if TYPE_CHECKING:
    import asyncpg

SETTINGS: Final = ReadKind("fx_settings", store.FIND_SETTINGS)
_ROW: Final = RowKind("fx_settings", store.INSERT_SETTINGS)


@RiderKinds.register
class SetUpCurrencies(msgspec.Struct, frozen=True):
    """`POST …/fx/settings`: opens the accounts that are missing.

    Attributes:
        assets: all of the book's.
    """

    book_id: UUID
    assets: list[str]
    new: NewSettings

    @property
    def weight(self) -> int:
        """Counts as a posting for each account."""
        return sum(1 for _ in needed(self.new, self.assets))

    def reads(self) -> Reads:
        """The accounts, and the settings before."""
        accounts = frozenset(account.id for _, account in needed(self.new, self.assets))
        return Reads(accounts, rows=((SETTINGS, self.book_id),))

    def decide(self, seen: Seen) -> Decision:
        """Set them up.

        Raises:
            UnknownAsset: the book does not count in the functional asset.
            FunctionalAssetFixed: costs are kept in another one.
            FxAccountUnfit: an account is of another asset or type.
        """
        functional = self.new.functional_asset
        if functional not in self.assets:
            raise UnknownAsset(f"The book has no asset {functional}.", field="functional_asset")
        before = seen.row(SETTINGS, self.book_id)
        if before is not None and before["functional_asset"] != functional:
            raise FunctionalAssetFixed(
                f"Costs are kept in {before['functional_asset']}.", field="functional_asset"
            )
        for field, account in needed(self.new, self.assets):
            open_or_check(seen.draft, field, account)
        # Of two in one batch, which both see what stood before, one meets the key of the other and
        # is decided again.
        version = 1 if before is None else before["version"] + 1
        new = self.new
        made = Settings(
            functional,
            new.realised_account,
            new.unrealised_account,
            new.spread_account,
            version,
            seen.draft.at,
        )
        return Decision(Answer.of(made), (Row(_ROW, (self.book_id, *_values(made))),))


def _values(settings: Settings) -> tuple[object, ...]:
    """In the order of `INSERT_SETTINGS`, after the book."""
    return (
        settings.version,
        settings.functional_asset,
        settings.realised_account,
        settings.unrealised_account,
        settings.spread_account,
        settings.set_at,
    )


def settings_of(row: "asyncpg.Record") -> Settings:
    """A row of `fx_settings`."""
    return Settings(**{name: row[name] for name in Settings.__struct_fields__})
