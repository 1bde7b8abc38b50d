"""Money that waits because its account takes none: what tests of it begin with."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from arriving import sent_over_http
from bezant.payments.rails import Return, Taken
from bezant.payments.unapplied import store
from customers import CustomerBank, settled_debit


async def empty_and_close(bank: CustomerBank, account: str) -> None:
    """Close an account, whatever was on it."""
    left = (await bank.balance(account))["booked"]
    leg = {"debit": f"accounts:{account}:EUR", "credit": "world", "asset": "EUR", "amount": left}
    await bank.tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    closed = {"status": "closed", "reason": "customer_wish"}
    await bank.tenant.create(f"/v1/accounts/{account}/status", closed)


async def returned_to_nobody(bank: CustomerBank) -> str:
    """A payment that came back after its payer had left; its identifier. 5 waits of it."""
    path = await sent_over_http(bank)
    payment = path.rpartition("/")[2]
    payer = (await bank.tenant.client.get(path)).json()["debtor_account"]
    await empty_and_close(bank, payer)
    rows = await bank.tenant.database.fetch(
        "SELECT attempt_id FROM payment_attempt WHERE tenant_id = $1 AND order_id = $2",
        bank.tenant.id,
        UUID(payment),
    )
    returned = Return(
        tenant_id=bank.tenant.id,
        institution_id=UUID(bank.institution),
        rail="scheme",
        original_transaction_id=rows[0]["attempt_id"].hex,
        return_id=f"RT-{uuid4().hex[:20]}",
        amount=5,
        asset="EUR",
        code="AC04",
        raw=b"<pacs.004/>",
    )
    assert bank.tenant.receiver is not None
    assert await bank.tenant.receiver.returned(returned) == Taken(UUID(payment))
    return payment


async def collected_for_nobody(bank: CustomerBank) -> str:
    """A collection whose 100 wait, as if its creditor's account took nothing; its identifier."""
    debit, tenant = await settled_debit(bank), bank.tenant
    account = {"id": f"unapplied:{debit}", "asset": "EUR", "type": "liability"}
    await tenant.create(f"{bank.book_path}/accounts", account)
    leg = {"debit": "world", "credit": account["id"], "asset": "EUR", "amount": "100"}
    await tenant.create(f"{bank.book_path}/transactions", {"postings": [leg]})
    await tenant.database.fetch(
        "UPDATE direct_debit SET is_unapplied = true WHERE tenant_id = $1 AND debit_id = $2",
        tenant.id,
        UUID(debit),
    )
    await tenant.database.transaction(
        lambda connection: connection.execute(
            store.SAVE_UNAPPLIED, tenant.id, [UUID(debit)], [UUID(bank.book)],
            [UUID(bank.institution)], ["direct_debit"], ["EUR"], [True], [datetime.now(UTC)],
        )
    )  # fmt: skip
    return debit
