"""Opening, changing and finding accounts."""

from collections import OrderedDict
from secrets import SystemRandom
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from bezant.banking.accounts import riders, schemas, store
from bezant.banking.accounts.domain import (
    AccountPlace,
    AccountStatus,
    BankAccount,
    BlockKind,
    Direction,
    ledger_account,
)
from bezant.banking.accounts.errors import AssetNotOffered, BankAccountNotFound, UnknownProduct
from bezant.banking.accounts.riders import Number, view
from bezant.banking.institutions import BankCodeInvalid, Institution, InstitutionService
from bezant.banking.institutions.numbers import AccountNumber, NoSuchNumber, draw_number
from bezant.banking.products import ProductNotFound, ProductService
from bezant.kernel import audit
from bezant.kernel.calls import Answer, Call
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database, Gathering
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.ibans import electronic
from bezant.kernel.idempotency import once
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import SealedSecret, SecretSealer

if TYPE_CHECKING:
    from random import Random

    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    from bezant.ledger import Ledger, Rider

    Connection = PoolConnectionProxy[asyncpg.Record]

NUMBERS_DRAWN: Final = 8
"""For each opening, so that it ends well when some are taken; most countries have billions."""

PLACES_MAX: Final = 100_000
"""Accounts whose places a process remembers; those that it has known longest go first."""

_BEFORE_ALL: Final = UUID(int=0)


class AccountService:
    """The accounts of a tenant's customers.

    Args:
        database: connected as the application's role.
        ledger: in whose commits accounts are opened and changed.
        sealer: seals numbers.
        fingerprints: by which numbers are found.
        dice: draws numbers.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: "Ledger",
        sealer: SecretSealer,
        fingerprints: Fingerprints,
        *,
        dice: "Random | None" = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._ledger = ledger
        self._sealer = sealer
        self._fingerprints = fingerprints
        self._dice = dice or SystemRandom()
        self._institutions = InstitutionService(database, clock, ids, ledger)
        self._products = ProductService(database, clock, ids)
        self._numbers = Gathering(database, store.FIND_BY_NUMBERS)
        self._places: OrderedDict[tuple[UUID, UUID], AccountPlace] = OrderedDict()

    async def open(self, call: Call, new: schemas.NewBankAccount) -> Answer:
        """`POST /v1/accounts` -> 201 `Account`.

        Raises:
            UnknownProduct: the tenant has no such product or version.
            AssetNotOffered: the product's accounts do not hold an asset.
            BankCodeInvalid: the institution was made before its country's rules were known here.
        """
        try:
            product = await self._products.find(call.tenant_id, new.product_id, new.product_version)
        except ProductNotFound:
            raise UnknownProduct("There is no such product.", field="product_id") from None
        assets = new.assets or product.terms.assets
        for asset in assets:
            if asset not in product.terms.assets:
                raise AssetNotOffered(f"{product.code} does not have {asset}.", field="assets")
        institution = await self._institutions.find(call.tenant_id, product.institution_id)
        account_id = self._ids.new()
        drawn = self._drawn(institution)
        rider = riders.OpenBankAccount(
            account_id,
            institution.id,
            product.id,
            product.version,
            {asset: product.terms.overdraft_of(asset) for asset in assets},
            [self._sealed(call.tenant_id, number) for number in drawn],
            AccountStatus.OPENING if new.opening else AccountStatus.ACTIVE,
            call.actor,
        )
        return await self._ledger.submit(call, institution.book_id, rider)

    async def add_asset(self, call: Call, account_id: UUID, new: schemas.NewAsset) -> Answer:
        """`POST /v1/accounts/{account}/assets` -> 201 `Account`.

        Raises:
            BankAccountNotFound: the tenant has no such.
            AssetNotOffered: the product's accounts do not hold it.
        """
        account = await self.account(call.tenant_id, account_id)
        product = await self._products.find(
            call.tenant_id, account.product_id, account.product_version
        )
        if new.asset not in product.terms.assets:
            raise AssetNotOffered(f"{product.code} does not have {new.asset}.", field="asset")
        overdraft = product.terms.overdraft_of(new.asset)
        return await self._submit(call, account, riders.AddAsset(account_id, new.asset, overdraft))

    async def change_status(
        self, call: Call, account_id: UUID, change: schemas.StatusChange
    ) -> Answer:
        """`POST /v1/accounts/{account}/status` -> 200 `Account`."""
        account = await self.account(call.tenant_id, account_id)
        rider = riders.ChangeStatus(
            account_id, list(account.assets), change.status, change.reason, call.actor
        )
        return await self._submit(call, account, rider)

    async def set_overdraft(
        self, call: Call, account_id: UUID, line: schemas.OverdraftLine
    ) -> Answer:
        """`PUT /v1/accounts/{account}/overdraft` -> 200 `Account`."""
        account = await self.account(call.tenant_id, account_id)
        rider = riders.SetOverdraft(account_id, line.asset, line.amount, line.reason)
        return await self._submit(call, account, rider)

    async def move(self, call: Call, account_id: UUID, to: schemas.ProductMove) -> Answer:
        """`POST /v1/accounts/{account}/product-version` -> 200 `Account`.

        Raises:
            UnknownProduct: the product has no such version.
        """
        account = await self.account(call.tenant_id, account_id)
        try:
            await self._products.find(call.tenant_id, account.product_id, to.product_version)
        except ProductNotFound:
            raise UnknownProduct(
                "The product has no such version.", field="product_version"
            ) from None
        return await self._submit(
            call, account, riders.MoveToVersion(account_id, to.product_version)
        )

    async def place_block(self, call: Call, account_id: UUID, new: schemas.NewBlock) -> Answer:
        """`POST /v1/accounts/{account}/blocks` -> 201 `AccountBlock`."""
        account = await self.account(call.tenant_id, account_id)
        rider = riders.PlaceBlock(account_id, self._ids.new(), new, call.actor)
        return await self._submit(call, account, rider)

    async def lift_block(self, call: Call, account_id: UUID, block_id: UUID) -> Answer:
        """`POST /v1/accounts/{account}/blocks/{block}/lift` -> 200 `Account`."""
        account = await self.account(call.tenant_id, account_id)
        return await self._submit(call, account, riders.LiftBlock(account_id, block_id, call.actor))

    async def account(self, tenant_id: UUID, account_id: UUID) -> BankAccount:
        """An account as it stands.

        Raises:
            BankAccountNotFound: the tenant has no such.
        """
        row = await self._database.fetchrow(store.READ_ACCOUNTS, tenant_id, [account_id])
        if row is None:
            raise BankAccountNotFound("There is no such account.")
        return BankAccount.of(dict(row))

    async def place(self, tenant_id: UUID, account_id: UUID) -> AccountPlace:
        """Where an account is: whatever may change, the lane looks at.

        Raises:
            BankAccountNotFound: the tenant has no such.
        """
        key = (tenant_id, account_id)
        place = self._places.get(key)
        if place is None:
            place = (await self.account(tenant_id, account_id)).place
            self._places[key] = place
            if len(self._places) > PLACES_MAX:
                self._places.popitem(last=False)
        return place

    async def find_by_iban(self, tenant_id: UUID, iban: str) -> UUID | None:
        """The account that has a number; None where none has. In any form that an IBAN takes."""
        fingerprint = self._fingerprints.of("account number", electronic(iban))
        row = await self._numbers.find(tenant_id, fingerprint)
        return None if row is None else row["account_id"]

    async def search(self, call: Call, asked: schemas.AccountSearch) -> Answer:
        """`POST /v1/accounts/search` -> 200 `FoundAccounts`. The audit log says who asked."""
        covered = self._fingerprints.covered(call)
        call = msgspec.structs.replace(covered, purpose=asked.purpose)
        account_id = await self.find_by_iban(call.tenant_id, asked.iban)
        found = [] if account_id is None else [await self.account(call.tenant_id, account_id)]
        answer = Answer.of(schemas.FoundAccounts([view(each) for each in found]))

        async def work(_connection: "Connection") -> Answer:
            return answer

        return await once(self._database, self._clock, call, work)

    async def numbers(self, call: Call, account_id: UUID) -> schemas.AccountNumbers:
        """`GET /v1/accounts/{account}/number`. The audit entry is durable before the answer."""
        account = await self.account(call.tenant_id, account_id)
        institution = await self._institutions.find(call.tenant_id, account.institution_id)
        await audit.write(self._database, self._clock, call, Answer(200, b""))
        number = self.opened_number(call.tenant_id, account.place)
        return schemas.AccountNumbers(
            number.iban, number.bban, number.bank_code, number.branch_code, number.account_code,
            institution.bic,
        )  # fmt: skip

    def opened_number(self, tenant_id: UUID, account: AccountPlace) -> AccountNumber:
        """An account's number, for messages that name it."""
        sealed = SealedSecret(account.number_sealed)
        opened = self._sealer.open(sealed, _context(tenant_id))
        return msgspec.json.decode(opened, type=AccountNumber)

    async def page(self, tenant_id: UUID, *, after: str | None, limit: int) -> schemas.Accounts:
        """The tenant's accounts after the one with the identifier `after`."""
        start = _BEFORE_ALL if after is None else UUID(after)
        listed = await self._database.fetch(store.LIST, tenant_id, start, limit + 1)
        ids = [row["account_id"] for row in listed[:limit]]
        rows = await self._database.fetch(store.READ_ACCOUNTS, tenant_id, ids)
        found = sorted((BankAccount.of(dict(row)) for row in rows), key=lambda each: each.id)
        return schemas.Accounts(
            [view(each) for each in found], str(ids[-1]) if len(listed) > limit else None
        )

    async def balances(self, tenant_id: UUID, account_id: UUID) -> schemas.AccountBalances:
        """`GET /v1/accounts/{account}/balances`."""
        account, at = await self.account(tenant_id, account_id), self._clock.now()
        balances = []
        for asset in account.assets:
            name = ledger_account(account_id, asset)
            kept = await self._ledger.account(tenant_id, account.book_id, name)
            balance = await self._ledger.balance(tenant_id, account.book_id, name)
            spendable = int(balance.available) + int(kept.limits.overdraft or 0)
            blocked = account.blocked(asset, at)
            if blocked is None:
                blocked, spendable = max(int(balance.available), 0), 0
            elif blocked:
                spendable = max(int(balance.available) - blocked, 0)
            expected = int(balance.posted) + int(balance.pending_credits)
            balances.append(
                schemas.SubBalances(
                    asset,
                    balance.posted,
                    str(expected),
                    str(blocked),
                    str(spendable),
                    balance.as_of,
                )
            )
        return schemas.AccountBalances(balances)

    async def blocks(self, tenant_id: UUID, account_id: UUID) -> schemas.AccountBlocks:
        """`GET /v1/accounts/{account}/blocks`: lifted ones too."""
        await self.account(tenant_id, account_id)
        rows = await self._database.fetch(store.LIST_BLOCKS, tenant_id, account_id)
        return schemas.AccountBlocks([_block(row) for row in rows])

    async def history(self, tenant_id: UUID, account_id: UUID) -> schemas.StatusHistory:
        """`GET /v1/accounts/{account}/status`."""
        await self.account(tenant_id, account_id)
        rows = await self._database.fetch(store.LIST_CHANGES, tenant_id, account_id)
        return schemas.StatusHistory([_entry(row) for row in rows])

    async def _submit(self, call: Call, account: BankAccount, rider: "Rider") -> Answer:
        return await self._ledger.submit(call, account.book_id, rider)

    def _drawn(self, institution: Institution) -> list[AccountNumber]:
        codes = institution.country, institution.bank_code, institution.branch_code
        try:
            return [draw_number(*codes, self._dice) for _ in range(NUMBERS_DRAWN)]
        except NoSuchNumber as error:
            raise BankCodeInvalid(str(error), field="product_id") from None

    def _sealed(self, tenant_id: UUID, number: AccountNumber) -> Number:
        return Number(
            self._fingerprints.of("account number", number.identity),
            self._sealer.seal(msgspec.json.encode(number), _context(tenant_id)),
        )


def _context(tenant_id: UUID) -> bytes:
    return b"bank_account.number" + tenant_id.bytes


def _block(row: "asyncpg.Record") -> schemas.AccountBlock:
    return schemas.AccountBlock(
        row["block_id"],
        BlockKind(row["kind"]),
        Direction(row["direction"]),
        row["asset"],
        None if row["amount"] is None else str(row["amount"]),
        row["reason"],
        row["placed_at"],
        row["placed_by"],
        row["expires_at"],
        row["lifted_at"],
        row["lifted_by"],
    )


def _entry(row: "asyncpg.Record") -> schemas.StatusEntry:
    before = row["before_status"]
    return schemas.StatusEntry(
        None if before == "none" else AccountStatus(before),
        AccountStatus(row["after_status"]),
        row["reason"],
        row["changed_at"],
        row["changed_by"],
    )
