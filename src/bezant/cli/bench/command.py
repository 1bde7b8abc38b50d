"""`bezant bench`: measure, and compare with the targets."""

import asyncio
import signal
from dataclasses import replace
from typing import Annotated, Final

import typer
from msgspec import UNSET
from rich.console import Console
from rich.table import Table

from bezant.cli.bench.cases import Figure, Suite
from bezant.cli.bench.suites import QUICK, Sizes, run
from bezant.cli.console import Steps, failures_explained, say_json
from bezant.cli.options import Json
from bezant.kernel.telemetry import LogFormat, configure_logs

# A figure that is cut off is of no use, so lines may be longer than a narrow terminal.
_WIDTH_MIN: Final = 140


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("bench")(bench)


def bench(
    suite: Annotated[Suite | None, typer.Argument(help="Which.", show_default="all")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="How long each case takes.", show_default="5")
    ] = None,
    is_quick: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--quick", help="See that every case runs; the figures mean nothing.")
    ] = False,
    is_long: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--long", help="Also after ten million transfers: tens of minutes.")
    ] = False,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Measure the specified figures on this machine, with servers of its own.

    A missed target is shown as missed; the exit status tells only whether everything was measured.
    The data are in the folder for temporary files (TMPDIR), which should be on a disk.
    """
    configure_logs(LogFormat.JSON if as_json else LogFormat.AUTO)
    # As Ctrl-C: what was started is stopped, and the folder removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sizes = QUICK if is_quick else Sizes()
    if seconds is not None:
        sizes = replace(sizes, seconds=seconds)
    suites = list(Suite) if suite is None else [suite]
    with failures_explained(as_json=as_json), Steps(as_json=as_json) as steps:
        figures = asyncio.run(run(suites, sizes, steps.begin, is_long=is_long))
    if as_json:
        say_json(figures)
    else:
        console = Console()
        _print(figures, Console(width=max(console.width, _WIDTH_MIN)))


def _print(figures: list[Figure], console: Console) -> None:
    table = Table(box=None)
    table.add_column("Case", no_wrap=True)
    for heading in ("Measured", "Target", "Ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    for suite in Suite:
        of_suite = [figure for figure in figures if figure.suite is suite]
        if of_suite:
            table.add_row(f"[bold]{suite}[/bold]")
        for figure in of_suite:
            table.add_row(f"  {figure.case}", *_cells(figure), _verdict(figure))
    console.print(table)
    missed = sum(figure.ok is False for figure in figures)
    judged = sum(figure.ok is not None for figure in figures)
    console.print(f"\n{missed} of {judged} targets missed.\n")
    for figure in figures:
        if figure.note is not UNSET:
            console.print(f"{figure.case}: {figure.note}.", highlight=False)


def _cells(figure: Figure) -> tuple[str, str, str]:
    """Measured, target, ratio."""
    value, target = (
        "-" if number is None else f"{_number(number)} {figure.unit}"
        for number in (figure.value, figure.target)
    )
    ratio = ""
    if figure.ratio_to is not UNSET:
        ratio = f"{figure.ratio_to.ratio:.2f}x of {figure.ratio_to.target:g}x"
    return value, target, ratio


def _verdict(figure: Figure) -> str:
    if figure.value is None:
        return "[yellow]not measured[/yellow]"
    if figure.ok is None or figure.target is None:
        return ""
    if figure.ok:
        return "[green]met[/green]"
    return f"[bold red]missed by {abs(figure.value / figure.target - 1):.0%}[/bold red]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"  # noqa: PLR2004 - three digits
