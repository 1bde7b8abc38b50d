"""The page: one document with its own style, for phones too, light and dark, unscripted."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Final

from bezant.server.figures import (
    ABSENT,
    Figures,
    Route,
    duration,
    number,
    share,
    size,
)
from bezant.server.status.readings import Reading

STYLE: Final = files("bezant.server.status").joinpath("status.css").read_text(encoding="utf-8")
STYLE_HASH: Final = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

_WIDTH, _HEIGHT = 120, 32
_BAR, _BARS_HEIGHT = 24, 96


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure with its name.

    Attributes:
        needs_look: whether it is shown as something to look at.
    """

    name: str
    shown: str
    needs_look: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A figure over time."""

    name: str
    unit: str
    value: Callable[[Figures], float | None]
    shown: Callable[[float | None], str] = number


LINES: Final = (
    Line("Postings", "/s", lambda each: each.postings_per_s),
    Line("Requests", "/s", lambda each: each.requests.per_s),
    Line("Batches", "/s", lambda each: each.batches.per_s),
    Line("Commit", "p99", lambda each: each.batches.commit.p99_s, duration),
)


def page(reading: Reading, refresh_s: int) -> str:
    """The whole document."""
    figures = reading.figures
    facts = "".join(_group(*each) for each in groups(figures))
    span = f"Figures of the last {duration(figures.over_s)}, all workers together."
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Bezant: status</title>
<style>{STYLE}</style>
<header>
<h1>Bezant</h1>
<p>{_text(_platform(figures))}</p>
</header>
<main>
<section class="lines" aria-label="Now, and the minutes before">
{"".join(_line(each, reading) for each in LINES)}
</section>
{_sizes(figures)}
{_routes(figures.requests.routes)}
<section class="groups" aria-label="Beside the requests">
{facts}
</section>
</main>
<footer>
<p>{span} Renewed every {refresh_s} seconds. “{ABSENT}”: not counted here.
What each figure means, and what to do: <cite>docs/guides/operate/watch.md</cite>.</p>
</footer>
</html>
"""


def groups(figures: Figures) -> list[tuple[str, list[Fact]]]:
    """What runs beside the requests, by part."""
    database, jobs = figures.database, figures.background
    aborts, slow = database.aborts_per_s, database.slow_statements_per_s
    errors = figures.requests.errors_per_s
    hits = [
        Fact(f"{each.kind} hits", share(each.hits), bool(each.down_per_s))
        for each in figures.cache or ()
    ]
    lag = [
        Fact(f"{each.consumer}, 99th percentile", duration(each.lag.p99_s))
        for each in figures.feed or ()
    ]
    return [
        (
            "Answers",
            [
                Fact("refused (4xx) /s", number(figures.requests.refused_per_s)),
                Fact("faults (5xx) /s", number(errors), bool(errors)),
                Fact("replays /s", number(database.replays_per_s)),
            ],
        ),
        (
            "Lanes and database",
            [
                Fact("items waiting", number(figures.queue_items)),
                Fact("takeovers", number(database.takeovers), bool(database.takeovers)),
                Fact("aborts /s", number(aborts), bool(aborts)),
                Fact("slow statements /s", number(slow), bool(slow)),
            ],
        ),
        ("Cache", hits),
        ("Feed lag", lag),
        (
            "Jobs and events",
            [
                Fact("jobs waiting", number(jobs.jobs_waiting)),
                Fact("jobs /s", number(jobs.jobs_per_s)),
                Fact("dead jobs", number(jobs.dead_total), bool(jobs.dead_total)),
                Fact("events in the outbox", number(jobs.outbox_lag_events)),
            ],
        ),
        ("Webhooks", _outcomes(figures.webhooks, "given_up")),
        ("Replica", _outcomes(figures.replica, "unavailable")),
    ]


def _outcomes(rates: dict[str, float] | None, bad: str) -> list[Fact]:
    return [
        Fact(f"{outcome.replace('_', ' ')} /s", number(rate), outcome == bad and rate > 0)
        for outcome, rate in (rates or {}).items()
    ]


def _platform(figures: Figures) -> str:
    workers = figures.workers
    facts = [] if workers is None else [f"{number(workers)} worker{'' if workers == 1 else 's'}"]
    if figures.memory_bytes is not None:
        facts.append(size(figures.memory_bytes))
    return " · ".join(["serving", *facts])


def _line(line: Line, reading: Reading) -> str:
    past = [line.value(each) for each in reading.history]
    known = [value for value in past if value is not None]
    peak = line.shown(max(known)) if known else ABSENT
    now = line.shown(line.value(reading.figures))
    return f"""<article>
<h2>{_text(line.name)}</h2>
<p><strong>{_text(now)}</strong> {_text(line.unit)}</p>
{_curve(past, f"{line.name}: the last {len(past)} readings, at most {peak}")}
<p class="peak">peak {_text(peak)}</p>
</article>
"""


def _curve(past: Sequence[float | None], label: str) -> str:
    top = max((value for value in past if value is not None), default=0.0) or 1.0
    step = _WIDTH / max(1, len(past) - 1)
    points = [
        f"{at * step:.1f},{_HEIGHT - 1 - (value / top) * (_HEIGHT - 2):.1f}"
        for at, value in enumerate(past)
        if value is not None
    ]
    drawn = ""
    if len(points) == 1:
        points.append(f"{_WIDTH},{points[0].partition(',')[2]}")
    if points:
        first, last = points[0].partition(",")[0], points[-1].partition(",")[0]
        area = " ".join([f"{first},{_HEIGHT}", *points, f"{last},{_HEIGHT}"])
        drawn = f'<polygon points="{area}"/><polyline points="{" ".join(points)}"/>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}">{drawn}</svg>'
    )


def _sizes(figures: Figures) -> str:
    batches = figures.batches
    buckets = [each for each in batches.sizes if each.up_to is not None or each.batches]
    top = max((each.batches for each in buckets), default=0.0) or 1.0
    drawn = []
    for at, each in enumerate(buckets):
        height = each.batches / top * (_BARS_HEIGHT - 2)
        # What happened at all is seen.
        height = max(2.0, height) if each.batches else 0.0
        drawn.append(
            f'<rect x="{at * _BAR + 2}" y="{_BARS_HEIGHT - height:.1f}" width="{_BAR - 4}"'
            f' height="{height:.1f}"/>'
            f'<text x="{at * _BAR + _BAR / 2:.0f}" y="{_BARS_HEIGHT + 12}">'
            f"{_bound(each.up_to)}</text>"
        )
    p50, p99 = _up_to(batches.size_p50), _up_to(batches.size_p99)
    return f"""<section class="sizes">
<h2>Batch size</h2>
<p><strong>{p50}</strong> requests in the median commit; p99 {p99}</p>
<svg viewBox="0 0 {max(1, len(buckets)) * _BAR} {_BARS_HEIGHT + 16}" role="img"
 aria-label="Batches by the number of requests in them">{"".join(drawn)}</svg>
</section>
"""


def _up_to(bound: int | None) -> str:
    return ABSENT if bound is None else "1" if bound == 1 else f"≤ {bound:,}"


def _bound(up_to: int | None) -> str:
    if up_to is None:
        return "more"
    return f"{up_to // 1000}k" if up_to >= 1000 and up_to % 1000 == 0 else str(up_to)  # noqa: PLR2004


def _routes(routes: Sequence[Route]) -> str:
    rows = "".join(
        f"<tr><th scope=row><span>{_text(each.method)}</span> {_breakable(each.route)}</th>"
        f"<td>{number(each.per_s)}</td>"
        f"<td{_look(needs_look=each.errors_per_s > 0)}>{number(each.errors_per_s)}</td>"
        f"<td>{duration(each.times.p50_s)}</td><td>{duration(each.times.p99_s)}</td></tr>\n"
        for each in routes
    )
    return f"""<section class="routes">
<h2>Busiest routes</h2>
<div tabindex="0" role="region" aria-label="Busiest routes">
<table>
<thead><tr><th scope=col>Route</th><th scope=col>/s</th><th scope=col>5xx /s</th>
<th scope=col>p50</th><th scope=col>p99</th></tr></thead>
<tbody>
{rows}</tbody>
</table>
</div>
</section>
"""


def _group(name: str, facts: Sequence[Fact]) -> str:
    shown = "".join(
        f"<dt>{_text(each.name)}</dt><dd{_look(needs_look=each.needs_look)}>{_text(each.shown)}</dd>\n"
        for each in facts
    )
    return f"<article><h2>{_text(name)}</h2><dl>\n{shown or f'<dt>{ABSENT}</dt>'}</dl></article>\n"


def _look(*, needs_look: bool) -> str:
    return ' class="look"' if needs_look else ""


def _breakable(route: str) -> str:
    """A template that may go on in the next line after each step."""
    return _text(route).replace("/", "/<wbr>")


def _text(text: str) -> str:
    return escape(text, quote=False)
