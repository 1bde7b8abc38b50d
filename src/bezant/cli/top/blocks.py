"""The parts of the screen, a few lines of text each. Labels are dim; what needs a look is not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from bezant.cli.top.text import age, bars, sparkline
from bezant.cli.top.watch import Watch
from bezant.server.figures import (
    ABSENT,
    Batches,
    Figures,
    Route,
    Times,
    duration,
    number,
    share,
    size,
)

History = Sequence[Figures | None]

LABEL: Final = "dim"
LINE: Final = "cyan"
WARN: Final = "yellow"
BAD: Final = "bold red"

_LABEL_WIDTH: Final = 11
_NAME_WIDTH_MIN: Final = 24
_VALUE_WIDTH: Final = 9
_COLUMN_WIDTH: Final = 9
_PEAK_WIDTH: Final = 16
_BAR_WIDTH: Final = 2
_BAR_WIDTH_MAX: Final = 7
# Of the route, below which its columns make way.
_ROUTE_WIDTH_MIN: Final = 24
# A full queue is refused at eight batches (BUSY): one that is as long as a batch is worth a look.
_QUEUE_WARN: Final = 8_190


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure that is drawn over time."""

    name: str
    unit: str
    value: Callable[[Figures], float | None]
    shown: Callable[[float | None], str] = number


CHARTS: Final = (
    Chart("Postings", "/s", lambda each: each.postings_per_s),
    Chart("Requests", "/s", lambda each: each.requests.per_s),
    Chart("Batches", "/s", lambda each: each.batches.per_s),
    Chart("Commit p99", "", lambda each: each.batches.commit.p99_s, duration),
)


def status(watch: Watch, interval_s: float | None, width: int) -> list[Text]:
    """Who is watched, and whether it answers."""
    figures, failed = watch.figures, watch.failed
    if failed is not None:
        waited = "" if watch.age_s is None else f" for {age(watch.age_s)}"
        state = Text(f"● no answer{waited}", style=BAD)
    elif figures is None:
        state = Text("● connecting", style=WARN)
    else:
        state = Text("● serving", style="green")
    facts = []
    if failed is not None and figures is not None:
        facts.append("figures from before")
    if figures is not None and figures.workers is not None:
        facts.append(f"{number(figures.workers)} worker{'' if figures.workers == 1 else 's'}")
    if figures is not None and figures.memory_bytes is not None:
        facts.append(size(figures.memory_bytes))
    if interval_s is not None:
        facts.append(f"every {interval_s:g} s")
    for fact in facts:
        if state.cell_len + len(fact) + 3 <= width - _NAME_WIDTH_MIN:
            state.append(f" · {fact}", style="not bold dim")
    name = Text("bezant ", style="bold").append(watch.source.url, style="not bold")
    name.truncate(max(6, width - state.cell_len - 2), overflow="ellipsis")
    found = [name.append(" " * max(1, width - name.cell_len - state.cell_len)).append(state)]
    if failed is not None:
        found.append(_line(Text(failed.problem, style=WARN), width))
    return found


def chart_line(chart: Chart, figures: Figures, history: History, width: int) -> Text:
    """One figure and its last minutes on one line."""
    line = _label(chart.name)
    line.append(f"{chart.shown(chart.value(figures)):>{_VALUE_WIDTH}}", style="bold")
    line.append(f" {chart.unit:<2} ", style=LABEL)
    room = width - line.cell_len - _PEAK_WIDTH
    past = _past(chart, history)
    if len(past) > 1 and room > 0:
        line.append(f" {sparkline(past, room - 1):<{room - 1}}", style=LINE)
        line.append(f"{_peak(chart, past[-room:]):>{_PEAK_WIDTH}}", style=LABEL)
    return line


def chart_block(
    chart: Chart, figures: Figures, history: History, width: int, height: int
) -> list[Text]:
    """One figure and its last minutes, drawn `height` rows high."""
    past = _past(chart, history)[-width:]
    head = Text(chart.name, style=LABEL)
    head.append(f"  {chart.shown(chart.value(figures))}", style="not dim bold")
    head.append(f" {chart.unit}")
    peak = _peak(chart, past)
    head.append(f"{peak:>{max(0, width - head.cell_len)}}")
    known = [0.0 if value is None else value for value in past]
    # The newest stand at the right, where they come in.
    rows = [f"{''.join(row):>{width}}" for row in bars(known, height)]
    return [head, *(Text(row, style=LINE, no_wrap=True) for row in rows)]


def sizes_line(figures: Figures, width: int) -> Text:
    """How large batches are, on one line."""
    batches = figures.batches
    line = _label("Batch size")
    line.append(f"p50 {_up_to(batches.size_p50)}  p99 {_up_to(batches.size_p99)}")
    if batches.sizes:
        [row] = bars([each.batches for each in batches.sizes], 1)
        line.append("   1 ", style=LABEL).append("".join(row), style=LINE)
        line.append(f" {_largest(batches)}", style=LABEL)
    return _line(line, width)


def histogram(figures: Figures, width: int, height: int) -> list[Text]:
    """How large batches are, a bar for each bucket."""
    batches = figures.batches
    head = Text("Batch size", style=LABEL)
    head.append(f"  p50 {_up_to(batches.size_p50)}", style="not dim bold")
    head.append(f"   p99 {_up_to(batches.size_p99)}", style="not dim")
    head.append("   requests in one commit")
    sizes = [each for each in batches.sizes if each.up_to is not None or each.batches]
    if not sizes:
        return [head]
    column = max(_BAR_WIDTH + 1, min(_BAR_WIDTH_MAX, width // len(sizes)))
    drawn = [
        Text("".join(f"{each * (column - 2):<{column}}" for each in row), style=LINE, no_wrap=True)
        for row in bars([each.batches for each in sizes], height)
    ]
    names = "".join(f"{_short(each.up_to):<{column}}" for each in sizes)
    return [head, *drawn, _line(Text(names, style=LABEL), width)]


def routes(figures: Figures, width: int, rows: int) -> list[Text]:
    """The busiest routes, as many as fit."""
    columns: Sequence[str] = ("/s", "5xx/s", "p50", "p99")
    while width - len(columns) * _COLUMN_WIDTH < _ROUTE_WIDTH_MIN and len(columns) > 1:
        columns = columns[:-1]
    room = width - len(columns) * _COLUMN_WIDTH
    head = Text(f"{'Route':<{room}}", style=LABEL)
    head.append("".join(f"{name:>{_COLUMN_WIDTH}}" for name in columns))
    busiest = figures.requests.routes
    found = [head, *(_route(each, room, columns) for each in busiest[: max(0, rows - 1)])]
    if not busiest:
        found.append(Text("no requests in this interval", style=LABEL))
    return found[: max(0, rows)]


def background(figures: Figures, width: int) -> list[Text]:
    """What runs beside the requests, a line each."""
    database, jobs = figures.database, figures.background
    queue = figures.queue_items
    lanes = (
        _item(queue, "waiting", WARN if (queue or 0) >= _QUEUE_WARN else ""),
        _item(database.takeovers, "takeovers", _if(database.takeovers, WARN)),
        _item(database.replays_per_s, "replays/s"),
    )
    slow, aborts = database.slow_statements_per_s, database.aborts_per_s
    base = (
        _item(aborts, "aborts/s", _if(aborts, WARN)),
        _item(slow, "slow statements/s", _if(slow, WARN)),
    )
    refused, errors = figures.requests.refused_per_s, figures.requests.errors_per_s
    answers = (_item(refused, "4xx/s"), _item(errors, "5xx/s", _if(errors, BAD)))
    work = (
        _item(jobs.jobs_waiting, "waiting"),
        _item(jobs.jobs_per_s, "/s"),
        _item(jobs.dead_total, "dead", BAD if jobs.dead else _if(jobs.dead_total, WARN)),
    )
    events = (*_feed(figures), _item(jobs.outbox_lag_events, "in the outbox"))
    found = (
        ("Refused", answers),
        ("Lanes", lanes),
        ("Database", base),
        ("Cache", _cache(figures)),
        ("Events", events),
        ("Jobs", work),
        ("Webhooks", _outcomes(figures.webhooks, {"given_up": BAD, "retried": WARN})),
        ("Replica", _outcomes(figures.replica, {"unavailable": WARN})),
    )
    return [_line(_joined(_label(name), items), width) for name, items in found]


def _cache(figures: Figures) -> Sequence[Text]:
    if not figures.cache:
        return ()
    return [
        Text(f"{share(each.hits)} ", style=WARN if each.down_per_s else "").append(
            f"of {number(each.per_s)} {each.kind}/s", style=LABEL
        )
        for each in figures.cache
    ]


def _feed(figures: Figures) -> Sequence[Text]:
    return [
        Text(f"{duration(each.lag.p99_s)} ").append(f"late by {each.consumer} (p99)", style=LABEL)
        for each in figures.feed or ()
    ]


def _outcomes(rates: dict[str, float] | None, styles: dict[str, str]) -> Sequence[Text]:
    return [
        _item(rate, f"{outcome.replace('_', ' ')}/s", _if(rate, styles.get(outcome, "")))
        for outcome, rate in (rates or {}).items()
    ]


def _route(each: Route, room: int, columns: Sequence[str]) -> Text:
    line = Text(f"{each.method:<6}", style=LABEL)
    # The end of a template tells routes apart.
    spare = room - 1 - line.cell_len
    route = each.route if len(each.route) <= spare else f"…{each.route[1 - spare :]}"
    line.append(route, style="not dim")
    line.append(" " * (room - line.cell_len))
    cells = (number(each.per_s), number(each.errors_per_s), *_both(each.times))
    for name, cell in zip(columns, cells, strict=False):
        is_bad = name == "5xx/s" and each.errors_per_s > 0
        line.append(f"{cell:>{_COLUMN_WIDTH}}", style=BAD if is_bad else "not dim")
    return line


def _both(times: Times) -> tuple[str, str]:
    return duration(times.p50_s), duration(times.p99_s)


def _label(name: str) -> Text:
    return Text().append(f"{name:<{_LABEL_WIDTH}}", style=LABEL)


def _item(value: float | None, unit: str, style: str = "") -> Text:
    joint = "" if unit.startswith("/") else " "
    return Text().append(number(value), style=style).append(f"{joint}{unit}", style=LABEL)


def _if(value: float | None, style: str) -> str:
    return style if value else ""


def _joined(line: Text, items: Sequence[Text]) -> Text:
    if not items:
        return line.append(ABSENT)
    for at, item in enumerate(items):
        line.append("   " if at else "").append_text(item)
    return line


def _line(line: Text, width: int) -> Text:
    line.truncate(max(1, width), overflow="ellipsis")
    line.no_wrap = True
    return line


def _past(chart: Chart, history: History) -> list[float | None]:
    return [None if each is None else chart.value(each) for each in history]


def _peak(chart: Chart, past: Sequence[float | None]) -> str:
    known = [value for value in past if value is not None]
    return f"peak {chart.shown(max(known))}" if len(past) > 1 and known else ""


def _up_to(bound: int | None) -> str:
    return ABSENT if bound is None else "1" if bound == 1 else f"≤{bound:,}"


def _short(bound: int | None) -> str:
    if bound is None:
        return "more"
    thousands, rest = divmod(bound, 1000)
    return f"{thousands}k" if thousands and not rest else str(bound)


def _largest(batches: Batches) -> str:
    bounds = [each.up_to for each in batches.sizes if each.up_to is not None]
    return f"{max(bounds):,}" if bounds else ""
