"""What a person finds at the address of the API, and at the `type` of an answer that declines."""

import re

import httpx
import pytest

from bezant.kernel.http.catalogue import refusals_in
from fixtures_api import BASE, Api, Book

BROWSER = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"


@pytest.fixture
async def anybody(api: Api) -> httpx.AsyncClient:
    """Who has no credential."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url=BASE)


def of_a_page(answer: httpx.Response) -> str:
    """A page's text, which loads nothing and runs nothing, and whose policy allows neither."""
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"].split("; ")
    assert set(policy) == {
        "default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    }  # fmt: skip
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<(script|style|img|link|iframe|form)|style=|\son\w+=", answer.text)
    return answer.text


async def test_the_type_of_a_problem_leads_to_what_it_means(
    book: Book, anybody: httpx.AsyncClient
) -> None:
    declined = await book.tenant.client.get("/v1/books/01a2291c-fef9-7318-8c28-a7addb3d9bce")
    problem = declined.json()
    meant = await anybody.get(problem["type"])
    assert meant.status_code == 200
    assert meant.json() == {
        "code": "BOOK_NOT_FOUND",
        "status": 404,
        "title": problem["title"],
        "meaning": "No such book, or another tenant's.",
    }
    page = of_a_page(await anybody.get(problem["type"], headers={"Accept": BROWSER}))
    assert "BOOK_NOT_FOUND" in page
    assert "404 Not Found" in page
    assert "No such book, or another tenant&#x27;s." in page


async def test_every_code_that_a_route_declares_is_explained(
    api: Api, anybody: httpx.AsyncClient
) -> None:
    codes = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', str(await api.document()).replace("'", '"')))
    known = {each.code: each for each in refusals_in("bezant")}
    declared = codes & set(known)
    assert len(declared) > 200
    for code in declared:
        explained = await anybody.get(f"/errors/{code}")
        assert (explained.status_code, explained.json()["status"]) == (200, known[code].status)


async def test_what_is_no_code_is_not_found(anybody: httpx.AsyncClient) -> None:
    for path in ("NO_SUCH_CODE", "%3Cscript%3E", "not_found"):
        answer = await anybody.get(f"/errors/{path}", headers={"Accept": BROWSER})
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
        assert "script" not in answer.text


async def test_the_root_says_what_this_is(api: Api, anybody: httpx.AsyncClient) -> None:
    entrance = (await anybody.get("/")).json()
    assert entrance["name"] == "Bezant"
    for name in ("openapi", "live", "ready"):
        assert (await anybody.get(entrance[name])).status_code == 200
    page = of_a_page(await anybody.get("/", headers={"Accept": BROWSER}))
    assert '<a href="/openapi.json">/openapi.json</a>' in page
    document = await api.document()
    assert {"/", "/errors/{code}"} <= set(document["paths"])
    assert set(document["paths"]["/errors/{code}"]["get"]["responses"]) == {"200", "404"}
