"""The ledger's routes, over a real ledger."""

from fixtures_api import Bank, Tenant


async def test_what_is_posted_is_read_back_by_every_route(tenant: Tenant, bank: Bank) -> None:
    get = tenant.client.get
    book = (await get(bank.path)).json()
    assert (book["id"], book["time_zone"]) == (bank.book, "UTC")
    assert book["id"] in [each["id"] for each in (await get("/v1/books")).json()["books"]]
    account = (await get(f"{bank.path}/accounts/wallet")).json()
    assert (account["type"], account["status"]) == ("liability", "open")
    balance = (await get(f"{bank.path}/accounts/wallet/balance")).json()
    assert (balance["posted"], balance["available"]) == ("100000", "100000")
    [entry] = (await get(f"{bank.path}/accounts/wallet/entries")).json()["entries"]
    assert (entry["direction"], entry["counterparty"]) == ("credit", "world")
    recorded = (await get(f"{bank.path}/transactions/{bank.transaction}")).json()
    assert recorded["postings"][0]["transfer_id"] == entry["transfer_id"]
