"""Relations: whoever owns an account reads that account, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from bezant.banking import HolderHolding, OwnsAccount
from bezant.kernel.database import Database
from bezant.server.identity import Identity
from fixtures_api import Api, Book, Tenant, open_book
from token_people import Person, new_user, person_of

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

READ = ("ledger:read",)


@pytest.fixture(scope="module")
async def ada(api: Api, identity: Identity, book: Book) -> AsyncIterator[Person]:
    """A customer, who holds the account `wallet` of the book."""
    person = await person_of(api, identity, book.tenant, scopes=READ)
    wallet = f"{book.path}/accounts/wallet"
    await book.tenant.create(f"{wallet}/holders", {"user_id": str(person.id)})
    yield person
    await person.http.aclose()


async def test_an_owner_reads_the_account_its_balance_its_entries_and_its_statement(
    ada: Person, book: Book
) -> None:
    for end in ("", "/balance", "/entries"):
        answer = await ada.get(f"{book.path}/accounts/wallet{end}")
        assert answer.status_code == 200, answer.text
    statement = await ada.get(f"{book.path}/accounts/wallet/statement")
    assert statement.status_code == 400, "permitted, and short of its parameters"


async def test_an_owner_reads_nothing_else(ada: Person, book: Book) -> None:
    others = [
        f"{book.path}/accounts/world",
        f"{book.path}/accounts/world/balance",
        f"{book.path}/accounts/nobody/entries",
        f"{book.path}/accounts/wallet/imports",
        f"{book.path}/accounts/wallet/statement-lines/1",
        f"{book.path}/accounts/wallet/holders",
        f"{book.path}/accounts",
        f"{book.path}/transactions/{book.transaction}",
        f"{book.path}/trial-balance",
        book.path,
        "/v1/books",
        "/v1/contacts",
        "/v1/users",
    ]
    for path in others:
        assert (await ada.get(path)).status_code == 403, path
    posted = await ada.post(f"{book.path}/transactions", book.transfer())
    assert posted.status_code == 403
    changed = await ada.http.patch(f"{book.path}/accounts/wallet", json={"status": "frozen"})
    assert changed.status_code == 401, "without a token nothing is asked of policies"


async def test_what_is_of_the_same_name_elsewhere_is_not_owned(
    ada: Person, book: Book, other_tenant: Tenant
) -> None:
    sibling, foreign = await open_book(book.tenant), await open_book(other_tenant)
    for path in (sibling.path, foreign.path, f"/v1/books/{uuid4()}", "/v1/books/nonsense"):
        answer = await ada.get(f"{path}/accounts/wallet/balance")
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), path
    await other_tenant.create(
        f"{foreign.path}/accounts/wallet/holders", {"user_id": str(await new_user(other_tenant))}
    )
    assert (await ada.get(f"{foreign.path}/accounts/wallet")).status_code == 403
    assert (await ada.get(f"{book.path}/accounts/wallet/balance")).status_code == 200


async def test_ownership_is_no_use_beyond_what_the_token_grants(
    api: Api, identity: Identity, ada: Person, book: Book
) -> None:
    narrow = await person_of(api, identity, book.tenant, scopes=("openid",), user_id=ada.id)
    answer = await narrow.get(f"{book.path}/accounts/wallet")
    assert answer.status_code == 403
    assert answer.json()["scope"] == "ledger:read"
    await narrow.http.aclose()


async def test_who_is_removed_reads_nothing_from_then_on(
    api: Api, identity: Identity, book: Book
) -> None:
    person = await person_of(api, identity, book.tenant, scopes=READ)
    wallet = f"{book.path}/accounts/wallet"
    assert (await person.get(wallet)).status_code == 403
    await book.tenant.create(f"{wallet}/holders", {"user_id": str(person.id)})
    assert (await person.get(wallet)).status_code == 200
    removed = await book.tenant.create(f"{wallet}/holders/{person.id}/remove", {})
    assert removed["user_id"] == str(person.id)
    assert (await person.get(wallet)).status_code == 403
    await person.http.aclose()


async def test_a_disabled_users_token_is_worth_nothing(
    api: Api, identity: Identity, book: Book
) -> None:
    person = await person_of(api, identity, book.tenant, "operations", scopes=READ)
    assert (await person.get(book.path)).status_code == 200
    await book.tenant.create(f"/v1/users/{person.id}/disable", {})
    identity.tokens.standings.forget_all()  # as a second that goes by
    assert (await person.get(book.path)).status_code == 401
    await person.http.aclose()


async def test_a_role_that_is_taken_away_permits_nothing(
    api: Api, identity: Identity, book: Book
) -> None:
    person = await person_of(api, identity, book.tenant, "support", scopes=READ)
    assert (await person.get(book.path)).status_code == 200
    await book.tenant.create(f"/v1/users/{person.id}/roles", {"roles": []})
    identity.tokens.standings.forget_all()  # as a second that goes by
    assert (await person.get(book.path)).status_code == 403
    await person.http.aclose()


async def test_holders_are_listed_in_pages(book: Book) -> None:
    account = {"id": f"joint-{uuid4()}", "asset": "EUR", "type": "liability"}
    joint = (
        f"{book.path}/accounts/{(await book.tenant.create(f'{book.path}/accounts', account))['id']}"
    )
    holders = {str(await new_user(book.tenant)) for _ in range(3)}
    for user in holders:
        await book.tenant.create(f"{joint}/holders", {"user_id": user})
    found, path = [], f"{joint}/holders?limit=2"
    while path:
        page = (await book.tenant.client.get(path)).json()
        found += [each["user_id"] for each in page["holders"]]
        path = page["next"] and f"{joint}/holders?limit=2&cursor={page['next']}"
    assert found == sorted(holders)


async def test_only_a_user_who_can_log_in_becomes_a_holder_and_only_once(
    book: Book, other_tenant: Tenant
) -> None:
    path, tenant = f"{book.path}/accounts/wallet/holders", book.tenant
    disabled = await new_user(tenant)
    await tenant.create(f"/v1/users/{disabled}/disable", {})
    for user in (uuid4(), disabled, await new_user(other_tenant)):
        answer = await tenant.post(path, {"user_id": str(user)})
        assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_USER")
    holder = str(await new_user(tenant))
    nowhere = await tenant.post(f"{book.path}/accounts/nobody/holders", {"user_id": holder})
    assert nowhere.json()["code"] == "ACCOUNT_NOT_FOUND"
    added = await asyncio.gather(*(tenant.post(path, {"user_id": holder}) for _ in range(50)))
    assert sorted({answer.status_code for answer in added}) == [201, 409]
    assert [answer.status_code for answer in added].count(201) == 1
    gone = f"{path}/{holder}/remove"
    removed = await asyncio.gather(*(tenant.post(gone, {}) for _ in range(50)))
    assert [answer.status_code for answer in removed].count(200) == 1
    assert {answer.json().get("code") for answer in removed} == {None, "HOLDER_NOT_FOUND"}


async def test_a_holder_is_told_of_and_audited(book: Book) -> None:
    tenant, user = book.tenant, await new_user(book.tenant)
    wallet = f"{book.path}/accounts/wallet"
    await tenant.create(f"{wallet}/holders", {"user_id": str(user)})
    await tenant.create(f"{wallet}/holders/{user}/remove", {})
    events = await tenant.database.fetch(
        "SELECT kind FROM event_pending WHERE tenant_id = $1 AND subject = $2 ORDER BY event_id",
        tenant.id,
        wallet,
    )
    kinds = [row["kind"] for row in events]
    assert kinds[-2:] == ["account.holder_added", "account.holder_removed"]
    entries = await tenant.database.fetch(
        "SELECT action FROM audit_entry WHERE tenant_id = $1 AND resource = $2",
        tenant.id,
        f"{wallet}/holders/{user}/remove",
    )
    assert [row["action"] for row in entries] == ["account.remove_holder"]


async def test_a_person_finds_their_accounts_in_their_export_and_erasure_ends_it(
    book: Book, vault_databases: tuple[Database, Database]
) -> None:
    tenant, user = book.tenant, await new_user(book.tenant)
    await tenant.create(f"{book.path}/accounts/wallet/holders", {"user_id": str(user)})
    [row] = await tenant.database.fetch(
        "SELECT subject_id FROM identity_user WHERE tenant_id = $1 AND user_id = $2",
        tenant.id,
        user,
    )
    database, _ = vault_databases
    holding, relation = HolderHolding(database), OwnsAccount(tenant.database)
    [described] = await holding.describe(tenant.id, row["subject_id"])
    assert (described["book"], described["account"]) == (book.id, "wallet")
    names = {"book": book.id, "account": "wallet"}
    assert await relation.holds(tenant.id, user, names)

    async def forget(connection: "PoolConnectionProxy[asyncpg.Record]") -> None:
        await holding.forget(connection, tenant.id, [row["subject_id"]])

    await database.transaction(forget)
    assert await holding.describe(tenant.id, row["subject_id"]) == []
    assert not await relation.holds(tenant.id, user, names)
