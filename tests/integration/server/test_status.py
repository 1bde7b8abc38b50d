"""`GET /status`: the figures as a page, for whoever may read the metrics, and for nobody else."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from bezant.server.figures import Scrape, figures_between
from bezant.server.status.page import STYLE, page
from bezant.server.status.readings import Reading, Readings
from fixtures_api import Api, Book

LOADED_FROM_ELSEWHERE = {"src", "href", "action", "srcset", "data", "poster", "formaction", "style"}


class Document(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in {"meta", "html", "wbr"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        if tag != "html":
            assert self.open.pop() == tag


def basic(key: str, name: str = "me") -> dict[str, str]:
    pair = base64.b64encode(f"{name}:{key}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


async def test_the_page_shows_the_figures_and_loads_nothing(book: Book) -> None:
    await book.tenant.create(f"{book.path}/transactions", book.transfer("1"))
    answer = await book.tenant.client.get("/status")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    document = Document(answer.text)
    assert document.open == []
    assert not {"script", "link", "img", "iframe", "form", "object", "base"} & set(document.tags)
    assert not LOADED_FROM_ELSEWHERE & document.attributes
    assert not [name for name in document.attributes if name.startswith("on")]
    for name in ("Postings", "Requests", "Batch size", "Busiest routes", "Lanes and database"):
        assert f">{name}</h2>" in answer.text


async def test_its_policy_allows_its_own_style_and_nothing_else(book: Book) -> None:
    answer = await book.tenant.client.get("/status")
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["content-security-policy"].split(";")
    )
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_browser_is_asked_for_the_key_and_may_send_it_as_a_password(
    api: Api, book: Book
) -> None:
    async with api.client("") as client:
        asked = await client.get("/status")
        assert (asked.status_code, asked.json()["code"]) == (401, "UNAUTHENTICATED")
        schemes = [each.split(" ")[0] for each in asked.headers.get_list("www-authenticate")]
        assert schemes == ["Basic", "Bearer"]
        for name in ("me", "", "with a:"):
            headers = basic(book.tenant.key, name.partition(":")[0])
            assert (await client.get("/status", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "credential",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nothing").decode(),
        "Basic " + base64.b64encode(b"me:bz_wrong").decode(),
        "Basic " + base64.b64encode(b"me:\xff\xfe").decode(),
        "Digest username=me",
    ],
)
async def test_no_other_credential_opens_it(api: Api, credential: str) -> None:
    async with api.client("") as client:
        answer = await client.get("/status", headers={"Authorization": credential})
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_a_password_opens_nothing_else(api: Api, book: Book) -> None:
    async with api.client("") as client:
        for path in ("/metrics", "/v1/books"):
            answer = await client.get(path, headers=basic(book.tenant.key))
            assert answer.status_code == 401
            assert "Basic" not in answer.headers["www-authenticate"]


async def test_a_key_without_the_scope_does_not_open_it(api: Api, book: Book) -> None:
    issued = await api.issue(book.tenant.id, ("ledger:read",))
    assert issued.key is not None
    async with api.client("") as client:
        answer = await client.get("/status", headers=basic(issued.key))
    assert (answer.status_code, answer.json()["scope"]) == (403, "metrics:read")


class Counted:
    """Metrics that go up by ten a second, on a clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.renders = 0

    def render(self) -> bytes:
        self.renders += 1
        return f"bezant_ledger_transfers_total {self.now_s * 10}\n".encode()

    def clock(self) -> float:
        return self.now_s


async def test_looking_again_tells_what_happened_since_and_within_a_moment_the_same() -> None:
    counted = Counted()
    readings = Readings(counted.render, counted.clock, interval_s=0.01)
    counted_first = counted.renders
    # The first look takes a moment that this clock does not see.
    await readings.read()
    assert (counted_first, counted.renders) == (0, 2)
    assert len((await readings.read()).history) == 1
    assert counted.renders == 2
    counted.now_s += 5
    again = await readings.read()
    assert (again.figures.over_s, again.figures.postings_per_s) == (5.0, 10.0)
    assert len(again.history) == 2
    # Nobody looked for long: what was before says nothing about now.
    counted.now_s += 500
    assert len((await readings.read()).history) == 1


HOSTILE = '<script>alert("x")</script>&amp;'


def hostile_page(count: int) -> str:
    route = HOSTILE.replace('"', '\\"')
    return (
        f'bezant_http_request_seconds_bucket{{method="GET",route="{route}",le="+Inf"}} {count}\n'
        f'bezant_http_request_seconds_bucket{{method="GET",route="{route}",le="1.0"}} {count}\n'
        f'bezant_cache_reads_total{{kind="{route}",outcome="hit"}} {count}\n'
        f'bezant_feed_lag_seconds_bucket{{consumer="{route}",le="+Inf"}} {count}\n'
        f'bezant_webhook_deliveries_total{{outcome="{route}"}} {count}\n'
    )


def pages() -> Iterator[str]:
    for text in (hostile_page, lambda _: ""):
        before, after = Scrape.parse(text(0), 0.0), Scrape.parse(text(5), 1.0)
        figures = figures_between(before, after)
        yield page(Reading(figures, [figures, figures]), 5)


def test_no_label_becomes_markup() -> None:
    for shown in pages():
        document = Document(shown)
        assert document.open == []
        assert "script" not in document.tags
        assert "<script" not in shown
    assert "&lt;script&gt;" in next(pages()).replace("<wbr>", "")


def test_the_style_fits_phones_and_both_schemes() -> None:
    assert "prefers-color-scheme: dark" in STYLE
    assert "color-scheme: light dark" in STYLE
    assert "max-width: 40rem" in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert 'content="width=device-width, initial-scale=1"' in next(pages())
