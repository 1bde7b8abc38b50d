"""Restriction of processing (GDPR, article 18): what payments say is shown for few purposes."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from bezant.kernel.database import Database
from bulks import COLUMNS, processed, taken
from customers import CustomerBank, due_soon, signed_mandate
from fixtures_api import Tenant
from paying import Desk

Restrict = Callable[[str, str], Awaitable[None]]
OPEN = ("consent", "legal_claims", "protection_of_others", "public_interest")


@pytest.fixture
def restrict(vault_databases: tuple[Database, Database], own: Tenant) -> Restrict:
    """Set a person's state as the vault's routes do."""

    async def work(subject: str, state: str = "restricted") -> None:
        await vault_databases[0].transaction(
            lambda connection: connection.execute(
                "UPDATE vault_subject SET state = $3, changed_at = now()"
                " WHERE tenant_id = $1 AND subject_id = $2",
                own.id,
                UUID(subject),
                state,
            )
        )

    return work


async def customer(bank: CustomerBank, name: str) -> tuple[str, str]:
    """A person with money on an account of their own: the account, and the person's subject."""
    party = await bank.tenant.create("/v1/parties", {"kind": "person", "legal_name": name})
    account = await bank.funded(10_000)
    body = {"party_id": party["id"], "role": "holder"}
    await bank.tenant.create(f"/v1/accounts/{account}/parties", body)
    return account, str(party["subject_id"])


async def pay(bank: CustomerBank, payer: str, payee: str) -> str:
    new = {
        "debtor_account": payer,
        "creditor": {"account_id": payee},
        "asset": "EUR",
        "amount": "100",
        "remittance": "Lunch at Mario's",
    }
    return str((await bank.tenant.create("/v1/payments", new))["id"])


async def collected(bank: CustomerBank, payer: str, payee: str) -> str:
    mandate = await signed_mandate(bank, payer, payee)
    new = {"mandate_id": mandate, "asset": "EUR", "amount": "1", "due_on": due_soon()}
    return str((await bank.tenant.create("/v1/direct-debits", new))["id"])


async def status_of(own: Tenant, path: str, purpose: str) -> tuple[int, str | None]:
    answer = await own.client.get(f"{path}?purpose={purpose}")
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize("side", ["payer", "payee"])
async def test_what_concerns_a_restricted_customer_is_shown_for_few_purposes(
    own: Tenant, bank: CustomerBank, database: Database, restrict: Restrict, side: str
) -> None:
    (ada, of_ada), (grace, of_grace) = (
        await customer(bank, "Ada Lovelace"),
        await customer(bank, "Grace Hopper"),
    )
    asked = {"debtor_account": ada, "iban": await bank.iban(grace), "name": "G. Hopper"}
    paths = [
        f"/v1/payments/{await pay(bank, ada, grace)}/content",
        f"/v1/direct-debits/{await collected(bank, ada, grace)}/content",
        f"/v1/payee-verifications/{(await own.create('/v1/payee-verifications', asked))['id']}",
    ]
    subject = of_ada if side == "payer" else of_grace
    for path in paths:
        assert await status_of(own, path, "customer_service") == (200, None)
    await restrict(subject, "restricted")
    for path in paths:
        assert await status_of(own, path, "customer_service") == (409, "SUBJECT_RESTRICTED")
        for purpose in OPEN:
            assert await status_of(own, path, purpose) == (200, None)
    refused = await database.fetch(
        "SELECT outcome FROM audit_entry WHERE tenant_id = $1 AND resource = $2"
        " AND purpose = 'customer_service' ORDER BY entry_id",
        own.id,
        paths[0],
    )
    assert len({row["outcome"] for row in refused}) == 2, "that it was refused is on record"
    # The payment itself names nobody.
    assert (await own.client.get(paths[0].removesuffix("/content"))).status_code == 200
    await restrict(subject, "active")
    for path in paths:
        assert await status_of(own, path, "customer_service") == (200, None)


async def test_a_report_tells_of_the_others_only(
    own: Tenant, bank: CustomerBank, desk: Desk, database: Database, restrict: Restrict
) -> None:
    (ada, of_ada), (grace, of_grace), (alan, _) = (
        await customer(bank, "Ada Lovelace"),
        await customer(bank, "Grace Hopper"),
        await customer(bank, "Alan Turing"),
    )
    named = [uuid4().hex[:20] for _ in range(3)]
    rows = [
        f"{await bank.iban(ada)},{await bank.iban(grace)},Grace Hopper,1.00,EUR,{named[0]},a",
        f"{await bank.iban(ada)},{await bank.iban(alan)},Alan Turing,2.00,EUR,{named[1]},b",
        f"{await bank.iban(ada)},{await bank.iban(alan)},Alan Turing,9999.00,EUR,{named[2]},c",
    ]
    content = "\n".join((COLUMNS, *rows)).encode()
    query = f"?message_id={uuid4().hex}&initiator=payroll"
    bulk = await taken(own, content, "text/csv", query)
    await processed(database, desk, bulk)

    async def told(purpose: str) -> list[str]:
        path = f"/v1/bulk-payments/{bulk['id']}/report?purpose={purpose}"
        items: list[dict[str, Any]] = (await own.client.get(path)).json()["items"]
        return [each["end_to_end_id"] for each in items]

    await restrict(of_grace, "restricted")
    assert await told("customer_service") == ["NOTPROVIDED", *named[1:]]
    assert await told("legal_claims") == named
    await restrict(of_ada, "restricted")
    assert await told("customer_service") == ["NOTPROVIDED"] * 3
    assert await told("consent") == named


async def test_the_application_sees_who_is_restricted_and_nothing_else_of_the_vault(
    own: Tenant, bank: CustomerBank, database: Database, restrict: Restrict
) -> None:
    _, subject = await customer(bank, "Ada Lovelace")
    await restrict(subject, "restricted")
    rows = await database.fetch("SELECT * FROM restricted_subject WHERE tenant_id = $1", own.id)
    assert UUID(subject) in {row["subject_id"] for row in rows}
    assert set(rows[0].keys()) == {"tenant_id", "subject_id"}
    with pytest.raises(Exception, match="permission denied"):
        await database.fetch("SELECT state FROM vault_subject WHERE tenant_id = $1", own.id)
