"""`ETag` and `If-None-Match`: on every read of one thing, as the document declares."""

import pytest

from fixtures_api import Api, Book, Tenant, open_book

READS = ("", "/accounts/wallet", "/accounts/wallet/balance", "/transactions/{transaction}")


@pytest.mark.parametrize("path", READS)
async def test_what_a_client_has_is_not_sent_again(book: Book, path: str) -> None:
    url = book.path + path.format(transaction=book.transaction)
    first = await book.tenant.client.get(url)
    assert first.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"
    again = await book.tenant.client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    other = await book.tenant.client.get(url, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)
    head = await book.tenant.client.head(url)
    assert (head.status_code, head.headers["etag"]) == (200, first.headers["etag"])


async def test_a_payment_changes_the_tag_of_the_balance_at_once(tenant: Tenant) -> None:
    book = await open_book(tenant)
    url = f"{book.path}/accounts/wallet/balance"
    for _ in range(5):
        known = {"If-None-Match": (await tenant.client.get(url)).headers["etag"]}
        assert (await tenant.client.get(url, headers=known)).status_code == 304
        await tenant.create(f"{book.path}/transactions", book.transfer("1"))
        assert (await tenant.client.get(url, headers=known)).status_code == 200


async def test_freezing_changes_the_tag_of_the_account(tenant: Tenant) -> None:
    book = await open_book(tenant)
    url = f"{book.path}/accounts/wallet"
    known = {"If-None-Match": (await tenant.client.get(url)).headers["etag"]}
    headers = {"Idempotency-Key": f"freeze-{book.id}"}
    await tenant.client.patch(url, json={"status": "frozen"}, headers=headers)
    assert (await tenant.client.get(url, headers=known)).status_code == 200


async def test_a_strangers_tag_opens_nothing(book: Book, other_tenant: Tenant) -> None:
    for path in READS:
        url = book.path + path.format(transaction=book.transaction)
        etag = (await book.tenant.client.get(url)).headers["etag"]
        for condition in (etag, "*"):
            answer = await other_tenant.client.get(url, headers={"If-None-Match": condition})
            assert answer.status_code == 404
            assert "etag" not in answer.headers


async def test_reading_metadata_is_audited_even_if_the_client_has_it(
    tenant: Tenant, api: Api
) -> None:
    book = await open_book(tenant)
    body = book.transfer("1", metadata={"invoice": "1"})
    posted = await tenant.create(f"{book.path}/transactions", body)
    url = f"{book.path}/transactions/{posted['id']}"
    etag = (await tenant.client.get(url)).headers["etag"]
    assert (await tenant.client.get(url, headers={"If-None-Match": etag})).status_code == 304
    entries = await api.database.fetch(
        "SELECT entry_id FROM audit_entry WHERE tenant_id = $1 AND resource = $2",
        tenant.id,
        url,
    )
    assert len(entries) == 2


async def test_the_document_declares_exactly_what_carries_a_tag(api: Api) -> None:
    paths = (await api.document())["paths"]
    tagged = {
        operation["operationId"]
        for operations in paths.values()
        for operation in operations.values()
        if any(each["name"] == "If-None-Match" for each in operation.get("parameters", ()))
    }
    assert tagged == {
        *("get_account", "get_balance", "get_book", "get_transaction"),
        *("get_chart", "get_schedule"),
    }
    for operations in paths.values():
        for operation in operations.values():
            is_tagged = operation["operationId"] in tagged
            assert ("304" in operation["responses"]) is is_tagged
            if is_tagged:
                assert "ETag" in operation["responses"]["200"]["headers"]
                assert "ETag" not in operation["responses"]["404"]["headers"]
