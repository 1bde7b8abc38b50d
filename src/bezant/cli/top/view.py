"""The figures as a screen: one column from 80 by 24 on, two where there is room.

What does not fit is left out from the end of the longest list, the routes.
"""

from collections.abc import Sequence
from typing import Final

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bezant.cli.top.blocks import (
    CHARTS,
    background,
    chart_block,
    chart_line,
    histogram,
    routes,
    sizes_line,
    status,
)
from bezant.cli.top.watch import Watch
from bezant.server.figures import Figures

WIDE_COLUMNS: Final = 120
WIDE_LINES: Final = 30

_LEFT_SHARE: Final = 0.47
_GUTTER: Final = 4
_CHART_LINES_MAX: Final = 6
_HISTOGRAM_LINES: Final = 5
_ROUTES_PRINTED: Final = 20
_EMPTY: Final = Text("")


def screen(watch: Watch, interval_s: float, size: ConsoleDimensions) -> RenderableType:
    """The whole terminal."""
    width = size.width - 2
    top = [*status(watch, interval_s, width), _EMPTY]
    rows = size.height - len(top) - 1
    if watch.figures is None:
        waiting = "" if watch.failed else "Figures come with the second reading."
        body: list[Text] = [Text(waiting, style="dim", no_wrap=True, overflow="ellipsis")]
    elif size.width >= WIDE_COLUMNS and size.height >= WIDE_LINES:
        return Padding(
            Group(*top, _wide(watch.figures, watch.history, width, rows), _foot()), (0, 1)
        )
    else:
        body = _narrow(watch.figures, watch.history, width, rows)[:rows]
    gap = [_EMPTY] * (rows - len(body))
    return Padding(Group(*top, *body, *gap, _foot()), (0, 1))


def lines(watch: Watch, width: int) -> list[Text]:
    """One frame to print, as long as it needs to be, without the past."""
    head = status(watch, None, width)
    if watch.figures is None:
        return head
    return [*head, *_narrow(watch.figures, (), width, rows=_ROUTES_PRINTED + 20)]


def _foot() -> Text:
    return Text("q", style="bold").append(" quits", style="not bold dim")


def _narrow(
    figures: Figures, history: Sequence[Figures | None], width: int, rows: int
) -> list[Text]:
    head = [
        *(chart_line(each, figures, history, width) for each in CHARTS),
        sizes_line(figures, width),
        _EMPTY,
    ]
    tail = [_EMPTY, *background(figures, width), _EMPTY]
    return [*head, *routes(figures, width, rows - len(head) - len(tail)), *tail]


def _wide(
    figures: Figures, history: Sequence[Figures | None], width: int, rows: int
) -> RenderableType:
    left = int(width * _LEFT_SHARE)
    right = width - left - _GUTTER
    sizes = histogram(figures, left, _HISTOGRAM_LINES)
    each_rows = (rows - len(sizes)) // len(CHARTS)
    height = max(1, min(_CHART_LINES_MAX, each_rows - 2))
    past: list[Text] = []
    for chart in CHARTS:
        past += [*chart_block(chart, figures, history, left, height), _EMPTY]
    beside = background(figures, right)
    now = [*routes(figures, right, rows - len(beside) - 1), _EMPTY, *beside]
    grid = Table.grid(padding=(0, _GUTTER, 0, 0))
    grid.add_column(width=left)
    grid.add_column(width=right)
    grid.add_row(*(_filled(each, rows) for each in ([*past, *sizes], now)))
    return grid


def _filled(column: list[Text], rows: int) -> Group:
    return Group(*column[:rows], *[_EMPTY] * (rows - len(column)))
