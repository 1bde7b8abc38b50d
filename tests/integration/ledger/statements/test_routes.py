"""Statements over HTTP: what each format is sent as, and what is declined."""

import csv
from io import BytesIO, StringIO

import httpx
import pypdfium2
import pytest

from bezant.formats.camt053 import audit_statements
from fixtures_api import Book, Tenant

YEARS = "from=2026-01-01&to=2062-12-31"


async def ask(book: Book, query: str, account: str = "wallet") -> httpx.Response:
    path = f"{book.path}/accounts/{account}/statement?{query}"
    return await book.tenant.client.get(path)


async def test_a_page_is_json_with_the_statements_figures(book: Book) -> None:
    answer = await ask(book, f"{YEARS}&limit=1")
    page = answer.json()
    assert page["opening"]["balance"] == "0"
    assert (page["from"], page["to"], page["axis"]) == ("2026-01-01", "2062-12-31", "booking")
    assert page["entries"][0]["balance"] == page["entries"][0]["amount"]
    balance = await book.tenant.client.get(f"{book.path}/accounts/wallet/balance")
    assert page["closing"]["balance"] == balance.json()["posted"]


@pytest.mark.parametrize(
    ("kind", "media_type", "suffix"),
    [
        ("csv", "text/csv; charset=utf-8; header=present", "csv"),
        ("pdf", "application/pdf", "pdf"),
        ("camt053", "application/xml", "xml"),
    ],
)
async def test_a_file_is_whole_and_the_same_again(
    book: Book, kind: str, media_type: str, suffix: str
) -> None:
    answer = await ask(book, f"{YEARS}&format={kind}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert int(answer.headers["content-length"]) == len(answer.content)
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="statement_2026-01-01_2062-12-31_')
    assert name.endswith(f'.{suffix}"')
    known = httpx.QueryParams({"known_at": (await ask(book, YEARS)).json()["known_at"]})
    first = await ask(book, f"{YEARS}&format={kind}&{known}")
    await book.tenant.create(f"{book.path}/transactions", book.transfer("7"))
    again = await ask(book, f"{YEARS}&format={kind}&{known}")
    assert again.content == first.content
    assert (await ask(book, f"{YEARS}&format={kind}")).content != first.content
    head = await book.tenant.client.head(
        f"{book.path}/accounts/wallet/statement?{YEARS}&format={kind}&{known}"
    )
    assert head.headers["content-length"] == str(len(first.content))
    assert head.content == b""


async def test_all_formats_arrive_at_the_same_balance(book: Book) -> None:
    page = (await ask(book, YEARS)).json()
    closing = page["closing"]["balance"]
    known = httpx.QueryParams({"known_at": page["known_at"]})
    files = {
        kind: (await ask(book, f"{YEARS}&format={kind}&{known}")).content
        for kind in ("csv", "pdf", "camt053")
    }
    rows = list(csv.DictReader(StringIO(files["csv"].decode(), newline="")))
    assert rows[-1]["balance_minor"] == closing
    [audited] = audit_statements(BytesIO(files["camt053"]))
    assert str(audited.closing.amount) == closing
    *_, last = (
        page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(files["pdf"])
    )
    assert f"{int(closing) // 100:,}.{int(closing) % 100:02}" in last


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("to=2026-01-31", None),
        ("from=2026-02-01&to=2026-01-31", "to"),
        ("from=1969-12-31&to=2026-01-31", "from"),
        ("from=2026-01-01&to=9999-12-31", "to"),
        (f"{YEARS}&axis=month", None),
        (f"{YEARS}&format=xls", None),
        (f"{YEARS}&known_at=2026-01-01T00:00:00", None),
        (f"{YEARS}&format=csv&cursor=abc", "cursor"),
        (f"{YEARS}&format=csv&section=pending", "section"),
    ],
)
async def test_a_period_that_is_none_is_malformed(
    book: Book, query: str, field: str | None
) -> None:
    answer = await ask(book, query)
    assert (answer.status_code, answer.json()["code"]) == (400, "MALFORMED")
    if field is not None:
        assert answer.json()["field"] == field


async def test_a_cursor_is_of_one_statement(book: Book) -> None:
    await book.tenant.create(f"{book.path}/transactions", book.transfer("9"))
    cursor = (await ask(book, f"{YEARS}&limit=1")).json()["next"]
    assert (await ask(book, f"{YEARS}&limit=1&cursor={cursor}")).status_code == 200
    for other in (
        f"{YEARS}&axis=value&cursor={cursor}",
        f"{YEARS}&section=pending&cursor={cursor}",
        f"from=2026-01-02&to=2062-12-31&cursor={cursor}",
        f"{YEARS}&cursor={cursor[:-4]}",
    ):
        answer = await ask(book, other)
        assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR")
    elsewhere = await ask(book, f"{YEARS}&cursor={cursor}", account="world")
    assert elsewhere.json()["code"] == "INVALID_CURSOR"


async def test_what_camt053_cannot_say_is_refused(tenant: Tenant) -> None:
    assets = [{"code": "BTC", "scale": 8}, {"code": "SHARES", "scale": 0}]
    created = await tenant.create("/v1/books", {"name": "Tokens", "assets": assets})
    book = Book(tenant, created["id"], "")
    for asset in ("BTC", "SHARES"):
        for account in (f"a-{asset}", f"b-{asset}"):
            body = {"id": account, "asset": asset, "type": "liability"}
            await tenant.create(f"{book.path}/accounts", body)
    leg = {"debit": "a-BTC", "credit": "b-BTC", "asset": "BTC", "amount": "1"}
    await tenant.create(f"{book.path}/transactions", {"postings": [leg]})
    for query, account in (
        (f"{YEARS}&format=camt053", "a-BTC"),
        (f"{YEARS}&format=camt053", "a-SHARES"),
        (f"{YEARS}&format=camt053&axis=effective", "a-BTC"),
    ):
        answer = await ask(book, query, account)
        assert (answer.status_code, answer.json()["code"]) == (422, "STATEMENT_NOT_REPRESENTABLE")
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await ask(book, f"{YEARS}&format=pdf", "a-BTC")).status_code == 200


async def test_files_of_another_tenants_accounts_are_not_found(
    book: Book, other_tenant: Tenant
) -> None:
    for kind in ("json", "csv", "pdf", "camt053"):
        path = f"{book.path}/accounts/wallet/statement?{YEARS}&format={kind}"
        answer = await other_tenant.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "ACCOUNT_NOT_FOUND")
