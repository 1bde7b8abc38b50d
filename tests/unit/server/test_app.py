"""What is counted and logged of requests."""

import re

from structlog.testing import capture_logs

from bezant.kernel.http import Exchange
from bezant.kernel.telemetry import metrics
from bezant.server.observing import observe


def exchange(method: str, *, status: int, elapsed_s: float = 0.001) -> Exchange:
    made = Exchange(method, "req-12345678")
    made.route, made.status, made.elapsed_s = "/v1/observed", status, elapsed_s
    return made


def counted(method: str, status: int) -> float:
    labels = f'{{method="{method}",route="/v1/observed",status="{status}"}}'
    text = metrics.render().decode()
    found = re.search(rf"^bezant_http_requests_total{re.escape(labels)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_requests_are_counted_by_route_and_status() -> None:
    before = counted("GET", 200), counted("GET", 404)
    for status in (200, 200, 404):
        observe(exchange("GET", status=status))
    assert (counted("GET", 200), counted("GET", 404)) == (before[0] + 2, before[1] + 1)


def test_a_made_up_method_makes_no_metric_of_its_own() -> None:
    before = counted("other", 405)
    observe(exchange("BREW", status=405))
    assert counted("other", 405) == before + 1
    assert "BREW" not in metrics.render().decode()


def test_what_an_operator_should_look_at_is_logged_and_nothing_else() -> None:
    with capture_logs() as events:
        observe(exchange("GET", status=200))
        observe(exchange("POST", status=422))
        observe(exchange("POST", status=500))
        observe(exchange("POST", status=201, elapsed_s=1.5))
    assert [(event["status"], event["elapsed_s"]) for event in events] == [(500, 0.001), (201, 1.5)]
    assert {event["request_id"] for event in events} == {"req-12345678"}
