"""A bank whose customers collect from each other and from others, by the test's clock."""

from collections import Counter
from collections.abc import AsyncIterator
from collections.abc import Sequence as AbstractSequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

import msgspec

from bezant.banking.accounts.schemas import Account, NewBankAccount, NewBlock, StatusChange
from bezant.banking.institutions import Institution, NewInstitution
from bezant.banking.products import NewProduct, Product, ProductKind, ProductTerms
from bezant.kernel.calls import Answer
from bezant.kernel.clock import ManualClock
from bezant.kernel.database import Database
from bezant.kernel.jobs import Job, Outcome
from bezant.kernel.unsealed import Unsealed
from bezant.ledger import Ledger
from bezant.ledger.schemas import AccountType
from bezant.payments.direct_debits import (
    Collection,
    GivenBack,
    Incoming,
    Kept,
    Taken,
    Withdrawn,
    schemas,
)
from bezant.payments.direct_debits.batching import GATHERED_FOR
from bezant.payments.direct_debits.collecting import DebitState
from bezant.payments.direct_debits.domain import Scheme, Sequence
from bezant.payments.direct_debits.jobs import (
    RUN,
    SEND,
    TELL,
    WITHDRAW,
    OfBatch,
    OfDebit,
    OfWithdrawal,
)
from bezant.payments.rails import NotForRail, Pending, Rejected, Settled, Unknown
from bezant.server.banking import Banking
from bezant.server.direct_debits import DirectDebits
from fixtures_ledger import IDS, Bank, new_bank, open_ledger

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

Payload = TypeVar("Payload")

CREDITOR = "DE98ZZZ09999999999"
OTHER_CREDITOR = "FR72ZZZ123456"
ELSEWHERE = "GB33BUKB20201555555555"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday."""

DUE = date(2026, 3, 18)
"""The Wednesday more than fourteen days after."""


PARTY = (
    "INSERT INTO party (tenant_id, party_id, kind, subject_id, verification, risk, status,"
    " row_version, created_at, changed_at)"
    " VALUES ($1, $2, $3, $2, 'none', 'unrated', 'active', 1, $4, $4)"
)
HOLDS = (
    "INSERT INTO account_party (tenant_id, account_id, party_id, role, valid_from, added_at,"
    " added_by) VALUES ($1, $2, $3, 'holder', $4, $4, 'test')"
)


class SchemeDebits:
    """A scheme in memory: it takes each message once, and answers as it is told to."""

    name = "sdd"

    def __init__(self) -> None:
        self.presented: dict[UUID, Collection] = {}
        self.messages: dict[UUID, frozenset[UUID]] = {}
        self.told: dict[UUID, GivenBack] = {}
        self.asked: Counter[UUID] = Counter()
        self.withdrawn: dict[UUID, str] = {}
        self.on_each: dict[UUID, Settled | Pending | Rejected | Unknown] = {}
        self.on_present: Settled | Pending | Rejected | Unknown = Pending("scheme")
        self.on_tell: Pending | Rejected | Unknown = Pending("scheme")
        self.on_withdraw: Withdrawn | Kept | Unknown = Withdrawn()

    def check(self, collection: Collection) -> None:
        if collection.asset != "EUR":
            raise NotForRail("It collects euros.", field="asset")

    async def withdraw(self, collection: Collection, code: str) -> Withdrawn | Kept | Unknown:
        assert self.presented[collection.id] == collection
        self.withdrawn[collection.id] = code
        return self.on_withdraw

    async def present(
        self, collections: AbstractSequence[Collection]
    ) -> dict[UUID, Settled | Pending | Rejected | Unknown]:
        for collection in collections:
            self.asked[collection.id] += 1
            standing = self.presented.setdefault(collection.id, collection)
            assert standing == collection, "a repeat says the same"
        named = frozenset(each.id for each in collections)
        together = self.messages.setdefault(collections[0].message, named)
        assert together == named, "a repeat has the same collections in it"
        return {each: self.on_each.get(each, self.on_present) for each in named}

    async def tell(self, given_back: GivenBack) -> Pending | Rejected | Unknown:
        self.asked[given_back.id] += 1
        standing = self.told.setdefault(given_back.id, given_back)
        assert standing == given_back, "a repeat says the same"
        return self.on_tell


@dataclass
class Collecting:
    """Direct debits of one bank, over one scheme."""

    bank: Bank
    clock: ManualClock
    banking: Banking
    direct: DirectDebits
    scheme: SchemeDebits
    institution: Institution
    product: Product

    async def open(self, amount: int = 0) -> UUID:
        """An account with money on it."""
        new = NewBankAccount(self.product.id)
        answer = await self.banking.accounts.open(self.bank.call(), new)
        account = answer.value(Account)
        if amount:
            await self.bank.pay("world", account.ledger_accounts["EUR"], amount)
        return account.id

    async def held_by(self, account_id: UUID, kind: str) -> None:
        """Have a party of a kind hold an account; its name is nowhere, since there is no vault."""
        tenant_id, party = self.bank.tenant_id, uuid4()

        async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
            await connection.execute(PARTY, tenant_id, party, kind, START)
            await connection.execute(HOLDS, tenant_id, account_id, party, START)

        await self.bank.database.transaction(work)

    async def iban(self, account_id: UUID) -> str:
        account = await self.banking.accounts.place(self.bank.tenant_id, account_id)
        iban = self.banking.accounts.opened_number(self.bank.tenant_id, account).iban
        assert iban is not None
        return iban

    async def booked(self, account_id: UUID) -> int:
        return await self.bank.posted(f"accounts:{account_id}:EUR")

    async def mandate(self, creditor: UUID, debtor: UUID | str, **more: object) -> UUID:
        """A mandate that a debtor of here, or with an IBAN of elsewhere, signed."""
        return (await self.asked_mandate(creditor, debtor, **more)).value(schemas.DebitMandate).id

    async def asked_mandate(self, creditor: UUID, debtor: UUID | str, **more: object) -> Answer:
        iban = debtor if isinstance(debtor, str) else await self.iban(debtor)
        members = {
            "creditor_account": creditor,
            "creditor_id": CREDITOR,
            "creditor_name": "Example Power",
            "reference": f"M-{uuid4().hex}",
            "debtor": {"name": "Ada Lovelace", "iban": iban},
            "signed_on": self.clock.now().date(),
        }
        new = msgspec.convert(members | more, schemas.NewDebitMandate)
        return await self.direct.debits.mandates.sign(self.bank.call(), new)

    async def asked(
        self, mandate_id: UUID, amount: int = 1_000, due: date = DUE, **more: object
    ) -> Answer:
        """Ask for a collection."""
        members = {
            "mandate_id": mandate_id, "asset": "EUR", "amount": str(amount), "due_on": due
        }  # fmt: skip
        new = msgspec.convert(members | more, schemas.NewDebit)
        return await self.direct.debits.create(self.bank.call(), new)

    async def collect(
        self, mandate_id: UUID, amount: int = 1_000, due: date = DUE, **more: object
    ) -> UUID:
        """Announce a collection."""
        answer = await self.asked(mandate_id, amount, due, **more)
        return answer.value(schemas.DirectDebit).id

    async def settled(self, amount: int = 1_000, **more: object) -> tuple[UUID, UUID, UUID]:
        """A payer, a payee, and a settled collection between them."""
        payer, payee = await self.open(10_000), await self.open()
        debit = await self.collect(await self.mandate(payee, payer, **more), amount)
        await self.wind_to(DUE)
        assert (await self.view(debit)).state is DebitState.SETTLED
        return payer, payee, debit

    async def view(self, debit_id: UUID) -> schemas.DirectDebit:
        page = await self.direct.debits.page(
            self.bank.tenant_id, schemas.DebitsOf(), after=str(UUID(int=debit_id.int - 1)), limit=1
        )
        return page.direct_debits[0]

    async def state(self, debit_id: UUID) -> tuple[DebitState, str | None]:
        view = await self.view(debit_id)
        return view.state, view.reason

    async def wind_to(self, day: date, at: time = time(8)) -> None:
        """Let it become that late, and carry out what is due."""
        wait = datetime.combine(day, at, UTC) - self.clock.now()
        self.clock.advance(seconds=int(wait.total_seconds()))
        await self.work()

    async def work(self) -> list[Outcome]:
        """What the runner does with jobs whose time has come; each is done again, as if killed."""
        # A lane's instants go ahead of a clock that stands still.
        self.clock.advance(seconds=1)
        done = await self._due(RUN.name, TELL.name, WITHDRAW.name)
        self.clock.advance(seconds=int(GATHERED_FOR.total_seconds()))
        return [*done, *await self.sent()]

    async def sent(self) -> list[Outcome]:
        """What the runner does with batches that have gathered."""
        return await self._due(SEND.name)

    async def _due(self, *kinds: str) -> list[Outcome]:
        rows = await self.bank.database.fetch(
            "SELECT kind, payload FROM job WHERE tenant_id = $1 AND run_at <= $2"
            " AND kind = ANY($3::text[]) ORDER BY kind, job_id",
            self.bank.tenant_id,
            self.clock.now(),
            kinds,
        )
        return [await self._attempt(row["kind"], row["payload"]) for row in rows]

    async def run(self, kind: str, debit_id: UUID) -> Outcome:
        """One attempt at a collection's job."""
        return await self._attempt(kind, msgspec.json.encode(OfDebit(debit_id)))

    async def _attempt(self, kind: str, payload: bytes) -> Outcome:
        runs = self.direct.runs
        if kind == WITHDRAW.name:
            asked = msgspec.json.decode(payload, type=OfWithdrawal)
            return await runs.withdraw(self._job(kind, asked))
        if kind == SEND.name:
            batch = msgspec.json.decode(payload, type=OfBatch)
            return await runs.sending.send(self._job(kind, batch))
        handler = {RUN.name: runs.run, TELL.name: runs.tell}[kind]
        return await handler(self._job(kind, msgspec.json.decode(payload, type=OfDebit)))

    def _job(self, kind: str, payload: Payload) -> Job[Payload]:
        return Job(
            id=uuid4(),
            tenant_id=self.bank.tenant_id,
            kind=kind,
            payload=payload,
            attempt=1,
            epoch=1,
            key=None,
            order=0,
            since=self.clock.now(),
        )

    async def incoming(self, debtor: UUID, **more: object) -> Incoming:
        """A collection that another bank presents."""
        says = schemas.MandateContent(
            str(more.pop("creditor_id", OTHER_CREDITOR)), "Autre Énergie",
            str(more.pop("reference", "R-1")), "Ada Lovelace", await self.iban(debtor),
        )  # fmt: skip
        members = {
            "tenant_id": self.bank.tenant_id,
            "institution_id": self.institution.id,
            "rail": "sdd",
            "sender_bic": "BNPAFRPPXXX",
            "transaction_id": uuid4().hex,
            "scheme": Scheme.CORE,
            "sequence": Sequence.RECURRENT,
            "amount": 1_000,
            "asset": "EUR",
            "due_on": DUE,
        } | more
        content = schemas.DebitContent(
            says, date(2026, 1, 5), "E-1", "Invoice", str(members["transaction_id"])
        )
        return Incoming(**members, content=content)  # type: ignore[arg-type]

    async def taken(self, incoming: Incoming) -> UUID:
        answer = await self.direct.collections.offer(incoming)
        assert isinstance(answer, Taken), answer
        return answer.debit_id

    async def block(self, account_id: UUID, **more: object) -> None:
        members = {"kind": "legal", "direction": "debit", "reason": "attachment"} | more
        new = msgspec.convert(members, NewBlock)
        answer = await self.banking.accounts.place_block(self.bank.call(), account_id, new)
        assert not answer.is_refusal

    async def close(self, account_id: UUID) -> None:
        change = msgspec.convert({"status": "closed", "reason": "wish"}, StatusChange)
        answer = await self.banking.accounts.change_status(self.bank.call(), account_id, change)
        assert not answer.is_refusal


@dataclass(frozen=True)
class Named:
    """What a bank's accounts are numbered by, and what it is called."""

    bank_code: str
    bic: str


OURS = Named("37040044", "COBADEFFXXX")


async def founded(
    ledger: Ledger, database: Database, banking: Banking, named: Named
) -> tuple[Bank, Institution, Product]:
    """A bank on a book of its own, and what its customers get."""
    bank = await (await new_bank(ledger, database)).create()
    await bank.open("world", AccountType.ASSET)
    new = NewInstitution(bank.book_id, "Example Bank", "DE", named.bank_code, named.bic)
    institution = (await banking.institutions.create(bank.call(), new)).value(Institution)
    terms = ProductTerms(["EUR"])
    product = NewProduct(f"current-{uuid4().hex}", institution.id, ProductKind.CURRENT, terms)
    made = (await banking.products.create(bank.call(), product)).value(Product)
    return bank, institution, made


@asynccontextmanager
async def open_collecting(
    database: Database, run_folder: Path, *, allow_unregistered: bool = True
) -> AsyncIterator[Collecting]:
    """Direct debits on a ledger of their own, whose books verify whatever was done."""
    clock = ManualClock(START)
    async with open_ledger(database, run_folder, clock) as ledger:
        banking = Banking.of(database, clock, IDS, ledger, Unsealed(), bytes(32))
        bank, institution, product = await founded(ledger, database, banking, OURS)
        scheme = SchemeDebits()
        direct = DirectDebits.of(
            database, clock, IDS, ledger, banking.accounts, bytes(32), {"sdd": scheme},
            allow_unregistered_creditors=allow_unregistered,
        )  # fmt: skip
        yield Collecting(bank, clock, banking, direct, scheme, institution, product)
        assert (await bank.verify()).findings == []
