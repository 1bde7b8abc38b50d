"""A bank whose customers' money is safeguarded, and whose clock a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from bezant.banking.accounts import ledger_account
from bezant.kernel.calls import Answer
from bezant.kernel.database import Database
from bezant.kernel.sealing import KeySealer
from bezant.ledger import Ledger, ReconciliationService
from bezant.ledger.reconciliation.importing import Format, Upload
from bezant.ledger.schemas import AccountType
from bezant.payments.safeguarding import IncidentService, SafeguardingRuns, SafeguardingService
from bezant.payments.safeguarding.jobs import Reconcile
from bezant.payments.safeguarding.schemas import (
    Arrangement,
    Incident,
    IncidentReason,
    NewArrangement,
    NewReconciliation,
    Reconciliation,
    Result,
)
from customers import CustomerBank
from fixtures_api import Tenant
from fixtures_ledger import IDS
from savings import Savings, noon, open_savings
from swift import Line, Swift

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

SAFE = "safeguarding:bank-a"
NOTHING_YET = UUID(int=0)


@dataclass
class Safeguard:
    """A bank's customers, what they have, and what is kept for them."""

    savings: Savings
    institution: UUID
    arrangement: UUID = NOTHING_YET

    @property
    def tenant_id(self) -> UUID:
        return self.savings.teller.tenant_id

    @property
    def service(self) -> SafeguardingService:
        teller = self.savings.teller
        institutions = self.savings.banking.institutions
        return SafeguardingService(teller.database, teller.ledger, institutions)

    @property
    def incidents(self) -> IncidentService:
        teller = self.savings.teller
        return IncidentService(teller.database, teller.ledger, self.service)

    def runs(self, ledger: Ledger | None = None) -> SafeguardingRuns:
        return SafeguardingRuns(self.service, ledger or self.savings.teller.ledger, IDS)

    async def ask(self, **terms: Any) -> Answer:  # noqa: ANN401 - members by name
        """Ask for terms; by default one account safeguards everything."""
        asked = {
            "institution_id": self.institution,
            "asset": "EUR",
            "terms": {"accounts": [{"account": SAFE}], **terms},
        }
        new = msgspec.convert(asked, NewArrangement)
        return await self.service.arrange(self.savings.teller.call(), new)

    async def arrange(self, **terms: Any) -> Arrangement:  # noqa: ANN401 - members by name
        made = (await self.ask(**terms)).value(Arrangement)
        self.arrangement = made.id
        return made

    async def receive(self, account: UUID, amount: int, *, safe: int | None = None) -> None:
        """A customer's money comes in, and what is safe of it by default is all of it."""
        safe = amount if safe is None else safe
        await self.savings.pay_in(account, amount)
        if safe:
            await self.secure(safe)

    async def secure(self, amount: int) -> None:
        """Move what the world owes to the safeguarding account, or back."""
        debit, credit = (SAFE, "world") if amount > 0 else ("world", SAFE)
        leg = self.savings.teller.leg(debit, credit, abs(amount))
        assert not (await self.savings.teller.post(leg)).is_refusal

    async def pay(self, payer: UUID, payee: UUID, amount: int) -> Answer:
        names = (ledger_account(payer, "EUR"), ledger_account(payee, "EUR"))
        return await self.savings.teller.post(self.savings.teller.leg(*names, amount))

    async def state(self, day: date, closing: int) -> None:
        """Import the bank's statement of the safeguarding account for a day."""
        teller = self.savings.teller
        file = Swift([Line(closing, day)], day=day, closing_day=day, number=f"{day:%j}").written()
        upload = Upload(Format.MT940, BytesIO(file), sha256(file).digest())
        imports = ReconciliationService(
            teller.database, self.savings.clock, IDS, KeySealer(bytes(32))
        )
        answer = await imports.import_statement(teller.call(), teller.book_id, SAFE, upload)
        assert not answer.is_refusal, answer

    async def begin(self, day: date) -> Answer:
        new = NewReconciliation(self.arrangement, day)
        return await self.service.begin(self.savings.teller.call(), new)

    async def reconcile(self, day: date) -> Reconciliation:
        """Let a day be over, and do it as its job does."""
        morning = noon(day + timedelta(days=1))
        if self.savings.clock.now() < morning:
            self.savings.wind_to(morning)
        return await self.runs().carry_out(self.tenant_id, Reconcile(self.arrangement, day))

    async def result(self, day: date) -> Result:
        found = (await self.reconcile(day)).result
        assert found is not None
        return found

    async def incident(self, incident_id: UUID) -> Incident:
        return await self.incidents.incident(self.tenant_id, incident_id)

    async def acknowledge(self, incident_id: UUID, actor: str = "key:ada") -> Answer:
        call = msgspec.structs.replace(self.savings.teller.call(), actor=actor)
        reason = IncidentReason("late_settlement")
        return await self.incidents.acknowledge(call, incident_id, reason)

    async def close(self, incident_id: UUID, actor: str = "key:bob") -> Answer:
        call = msgspec.structs.replace(self.savings.teller.call(), actor=actor)
        return await self.incidents.close(call, incident_id, IncidentReason("topped_up"))

    async def jobs(self) -> list[tuple[date, str]]:
        """The days that have jobs, and when these are due."""
        rows = await self.savings.teller.database.fetch(
            "SELECT payload, run_at FROM job WHERE tenant_id = $1"
            " AND kind = 'safeguarding.reconcile' ORDER BY run_at, job_id",
            self.tenant_id,
        )
        decoded = (msgspec.json.decode(row["payload"], type=Reconcile) for row in rows)
        return [
            (job.day, row["run_at"].isoformat()) for job, row in zip(decoded, rows, strict=True)
        ]

    async def told(self) -> list[str]:
        """What the tenant was told of safeguarding."""
        rows = await self.savings.teller.database.fetch(
            "SELECT kind FROM event_pending WHERE tenant_id = $1 AND kind LIKE 'safeguarding%'"
            " ORDER BY event_id",
            self.tenant_id,
        )
        return [row["kind"] for row in rows]


@asynccontextmanager
async def open_safeguard(
    database: Database,
    run_folder: Path,
    **bank: Any,  # noqa: ANN401 - members by name
) -> AsyncIterator[Safeguard]:
    """A bank with a safeguarding account, and nothing agreed on yet."""
    terms: dict[str, Any] = {"overdraft": {"EUR": "1000000"}}
    async with open_savings(database, run_folder, **terms, **bank) as savings:
        await savings.teller.open(SAFE, AccountType.ASSET)
        product = await savings.banking.products.find(savings.teller.tenant_id, savings.product)
        yield Safeguard(savings, product.institution_id)


async def arranged_long_ago(bank: CustomerBank, *, days: int = 30) -> str:
    """An arrangement that has stood for some days; its identifier."""
    tenant = bank.tenant
    account = {"id": SAFE, "asset": "EUR", "type": "asset"}
    await tenant.create(f"{bank.book_path}/accounts", account)
    made = await tenant.create("/v1/safeguarding-arrangements", new_arrangement(bank))
    await tenant.database.fetch(
        "UPDATE safeguarding_arrangement SET since = since - $3::int"
        " WHERE tenant_id = $1 AND arrangement_id = $2",
        tenant.id,
        UUID(made["id"]),
        days,
    )
    return str(made["id"])


def new_arrangement(bank: CustomerBank) -> dict[str, Any]:
    """A request that one account safeguards everything."""
    terms = {"accounts": [{"account": SAFE}]}
    return {"institution_id": bank.institution, "asset": "EUR", "terms": terms}


async def standing_incident(
    tenant: Tenant, arrangement: str, kind: str = "shortfall", *, is_acknowledged: bool = False
) -> str:
    """An incident that a later day found covered; its identifier."""
    incident, at = IDS.new(), datetime.now(UTC)
    steps = [(1, None, "none", "open"), (2, 1, "open", "acknowledged")][: 1 + is_acknowledged]

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await connection.execute(
            "INSERT INTO safeguarding_incident (tenant_id, incident_id, arrangement_id, kind,"
            " state, seq, first_day, last_day, amount, covered_on, acknowledged_by)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1, $8, $9)",
            tenant.id,
            incident,
            UUID(arrangement),
            kind,
            steps[-1][-1],
            len(steps),
            at.date() - timedelta(days=2),
            at.date() - timedelta(days=1),
            "key:somebody" if is_acknowledged else None,
        )
        for step in steps:
            await connection.execute(
                "INSERT INTO safeguarding_step (tenant_id, incident_id, seq, before_seq,"
                " from_state, to_state, at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, 'test')",
                tenant.id,
                incident,
                *step,
                at,
            )

    await tenant.database.transaction(work)
    return str(incident)
