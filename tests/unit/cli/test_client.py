"""What the client of our own API does when an answer is late, lost or strange."""

import time
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from bezant.cli.client import ApiError, Client
from bezant.ledger.schemas import Asset, NewBook

BOOK = {
    "id": "0193e0a0-0000-7000-8000-000000000001",
    "name": "B",
    "time_zone": "UTC",
    "assets": [{"code": "EUR", "scale": 2}],
    "created_at": "2026-03-02T00:00:00Z",
}
NEW = NewBook("B", [Asset("EUR", 2)])
Answers = list[httpx.Response | Exception]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def answering(answers: Answers) -> tuple[Client, list[httpx.Request]]:
    """A client whose requests get these answers, in turn; and the requests."""
    requests: list[httpx.Request] = []
    upcoming = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        found = next(upcoming)
        if isinstance(found, Exception):
            raise found
        return found

    client = Client("https://platform.test", "bz_key")
    client._http.close()
    client._http = httpx.Client(
        base_url="https://platform.test", transport=httpx.MockTransport(answer)
    )
    return client, requests


def test_a_request_whose_answer_was_lost_is_repeated_under_its_key(pauses: list[float]) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "3"})
    gone = httpx.ReadError("gone")
    dated = httpx.Response(503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})
    client, requests = answering([busy, gone, dated, httpx.Response(201, json=BOOK)])
    with client:
        assert client.create_book(NEW).id == UUID(str(BOOK["id"]))
    assert pauses == [3.0, 1.0, 1.0]
    assert len({request.headers["Idempotency-Key"] for request in requests}) == 1
    assert len({request.content for request in requests}) == 1


def test_patience_ends(pauses: list[float]) -> None:
    client, requests = answering([httpx.Response(503, headers={"Retry-After": "999"})] * 100)
    with client, pytest.raises(ApiError) as refused:
        client.create_book(NEW)
    assert refused.value.status == 503
    assert len(requests) == 6
    assert pauses == [5.0] * 5


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda: httpx.Response(404, json={"code": "BOOK_NOT_FOUND"}), "BOOK_NOT_FOUND"),
        (lambda: httpx.Response(502, text="<html>"), "NOT_A_PROBLEM"),
        (lambda: httpx.ConnectError("refused"), "UNREACHABLE"),
    ],
)
def test_what_no_repeat_helps_is_told_at_once(
    answer: Callable[[], httpx.Response | Exception], code: str, pauses: list[float]
) -> None:
    client, requests = answering([answer()])
    with client, pytest.raises(ApiError) as refused:
        client.book(UUID(str(BOOK["id"])))
    assert refused.value.code == code
    assert len(requests) == 1
    assert pauses == []


def test_pages_are_followed_to_the_last() -> None:
    pages = [{"books": [BOOK], "next": "c1"}, {"books": [], "next": "c2"},
             {"books": [BOOK], "next": None}]  # fmt: skip
    client, requests = answering([httpx.Response(200, json=page) for page in pages])
    with client:
        assert len(list(client.books())) == 2
    assert [request.url.params.get("cursor") for request in requests] == [None, "c1", "c2"]
