"""Files of payments, and what their jobs do."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx

from bezant.formats.iso20022.messages import pain001
from bezant.formats.iso20022.trees import Tree
from bezant.kernel.database import Database, Row, RowKind, write_rows
from bezant.kernel.jobs import Job, Outcome
from bezant.payments import BulkPayeeRuns
from bezant.payments.bulk import store as bulk_store
from bezant.payments.bulk.records import ORDER_CHUNK, VERIFY_CHUNK, OrderChunk, VerifyChunk
from bezant.payments.vop import store as vop_store
from customers import CustomerBank
from fixtures_api import Tenant, fresh_key
from paying import Desk

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

COLUMNS = "debtor_iban,creditor_iban,creditor_name,amount,currency,end_to_end_id,remittance"


def tree(name: str, *held: Tree | str, **attributes: str) -> Tree:
    """An element of a message."""
    children = tuple(each for each in held if isinstance(each, Tree))
    text = "".join(each for each in held if isinstance(each, str))
    return Tree(name, text, tuple(attributes.items()), children)


def transfer(end_to_end_id: str, amount: str, iban: str, name: str = "Grace Hopper") -> Tree:
    """A `CdtTrfTxInf` in euros."""
    return tree(
        "CdtTrfTxInf",
        tree("PmtId", tree("EndToEndId", end_to_end_id)),
        tree("Amt", tree("InstdAmt", amount, Ccy="EUR")),
        tree("Cdtr", tree("Nm", name)),
        tree("CdtrAcct", tree("Id", tree("IBAN", iban))),
        tree("RmtInf", tree("Ustrd", "Salary of November")),
    )


def pain_file(
    message_id: str,
    debtor: str,
    transfers: Sequence[Tree],
    *,
    count: int | None = None,
    day: str | None = None,
    total: str | None = None,
    booked_as_one: str = "true",
) -> bytes:
    """A pain.001.001.09 with one batch."""
    header = [
        tree("MsgId", message_id),
        tree("CreDtTm", "2026-11-29T09:00:00"),
        tree("NbOfTxs", str(len(transfers) if count is None else count)),
        *([] if total is None else [tree("CtrlSum", total)]),
        tree("InitgPty", tree("Nm", "Payroll of Example")),
    ]
    batch = [
        tree("PmtInfId", f"{message_id}-1"),
        tree("PmtMtd", "TRF"),
        tree("BtchBookg", booked_as_one),
        tree("ReqdExctnDt", tree("Dt", day or str(datetime.now(UTC).date()))),
        tree("Dbtr", tree("Nm", "Ada Lovelace")),
        tree("DbtrAcct", tree("Id", tree("IBAN", debtor))),
        tree("DbtrAgt", tree("FinInstnId", tree("Othr", tree("Id", "NOTPROVIDED")))),
    ]
    parts: list[pain001.Part] = [
        pain001.Header(pain001.VERSION, tree("GrpHdr", *header)),
        pain001.Batch(tree("PmtInf", *batch)),
        *map(pain001.Instruction, transfers),
    ]
    return pain001.write_pain001(parts)


async def send(
    tenant: Tenant, content: bytes, media_type: str = "application/xml", query: str = ""
) -> httpx.Response:
    """Send a file."""
    headers = fresh_key() | {"Content-Type": media_type}
    path = f"/v1/bulk-payments{query}"
    return await tenant.client.post(path, content=content, headers=headers)


async def taken(
    tenant: Tenant, content: bytes, media_type: str = "application/xml", query: str = ""
) -> dict[str, Any]:
    """Send a file that is taken."""
    answer = await send(tenant, content, media_type, query)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def job_of(kind: str, tenant_id: UUID, payload: Any) -> Job[Any]:  # noqa: ANN401 - of any kind
    """A job as its handler gets it."""
    return Job(
        id=uuid4(),
        tenant_id=tenant_id,
        kind=kind,
        payload=payload,
        attempt=1,
        epoch=1,
        key=None,
        order=0,
        since=datetime.now(UTC),
    )


async def order_chunk(desk: Desk, bulk_id: UUID, chunk_no: int = 0) -> Outcome:
    """What the job of a chunk does, but for recording what it found."""
    job = job_of(ORDER_CHUNK.name, desk.teller.tenant_id, OrderChunk(bulk_id, chunk_no))
    return await desk.first.bulk_runs.order(job)


async def verify_chunk(
    runs: BulkPayeeRuns, tenant_id: UUID, bulk_id: UUID, chunk_no: int = 0
) -> Outcome:
    """What the job does that verifies the payees of a chunk, but for recording the answers."""
    return await runs.verify(job_of(VERIFY_CHUNK.name, tenant_id, VerifyChunk(bulk_id, chunk_no)))


async def written(database: Database, tenant_id: UUID, outcome: Outcome) -> None:
    """What the runner does with an outcome."""

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await write_rows(connection, tenant_id, outcome.rows)

    await database.transaction(work)


async def record(database: Database, desk: Desk, outcome: Outcome) -> None:
    """The same, of the desk's tenant."""
    await written(database, desk.teller.tenant_id, outcome)


async def processed(database: Database, desk: Desk, bulk: dict[str, Any]) -> None:
    """Every job of a file, done."""
    for chunk_no in range((bulk["count"] - 1) // 100 + 1):
        await record(database, desk, await order_chunk(desk, UUID(bulk["id"]), chunk_no))


async def two(bank: CustomerBank, amount: int = 10_000) -> tuple[str, str, str, str]:
    """A funded account and an empty one, with their numbers."""
    payer, payee = await bank.funded(amount), str((await bank.open())["id"])
    return payer, payee, await bank.iban(payer), await bank.iban(payee)


async def verified_bulk(bank: CustomerBank) -> str:
    """A file of one payment, which waits for its payer with everything answered."""
    tenant = bank.tenant
    _, _, debtor, creditor = await two(bank)
    content = pain_file(uuid4().hex, debtor, [transfer(uuid4().hex, "1.00", creditor)])
    bulk = str((await taken(tenant, content, query="?payees=verify"))["id"])
    [row] = await tenant.database.fetch(bulk_store.FIND_UNVERIFIED, tenant.id, UUID(bulk), 0)
    at = datetime.now(UTC)
    values = row["order_id"], row["debtor_account"], b"iban", b"name", "match", at, "job", at
    answer = Row(RowKind("payee_verification", vop_store.INSERT_VERIFICATIONS), values)

    async def work(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await write_rows(connection, tenant.id, [answer])

    await tenant.database.transaction(work)
    return bulk
