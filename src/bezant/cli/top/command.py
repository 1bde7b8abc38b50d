"""`bezant top`: show what a running platform does, until asked to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.cli.top.keyboard import keys
from bezant.cli.top.source import ScrapeFailed, Source
from bezant.cli.top.view import lines, screen
from bezant.cli.top.watch import Watch
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import LogFormat, configure_logs
from bezant.server import endpoint

_QUIT: Final = frozenset({"q", "Q", "\x04"})  # the last is Ctrl-D
_PLAIN_WIDTH: Final = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("top")(top)


def top(
    interval: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between.")] = 2.0,
    is_once: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--once", help="Show one interval, and end.")
    ] = False,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Show live what a running platform does: postings, requests, queues, and what lags.

    Needs an API key that grants metrics:read. `q` ends it. With --json, one object per interval.
    """
    configure_logs(LogFormat.JSON if as_json else LogFormat.AUTO)
    with failures_explained(as_json=as_json):
        access = endpoint.access(Settings.load({"data_dir": data_dir}).data_dir)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_show(access, interval, is_once=is_once, as_json=as_json))
    except ScrapeFailed as failure:
        complain(failure.code, failure.problem, as_json=as_json)
        raise typer.Exit(1) from failure
    except BrokenPipeError:
        # Whoever read our lines has seen enough. What is left in the buffer goes nowhere, quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain("BAD_CA", f"The authority cannot be read: {error}", as_json=as_json)
        raise typer.Exit(1) from error


async def _show(
    access: endpoint.Access, interval_s: float, *, is_once: bool, as_json: bool
) -> None:
    async with Source(access) as source:
        watch = Watch(source)
        if is_once:
            await _look_twice(watch, interval_s)
            _tell(watch, as_json=as_json)
            return
        console = Console(highlight=False)
        if as_json or not console.is_terminal:
            await _repeat(watch, interval_s, lambda: _tell(watch, as_json=as_json))
            return
        with Live(console=console, screen=True, auto_refresh=False) as live:

            def draw() -> None:
                live.update(screen(watch, interval_s, console.size), refresh=True)

            draw()
            with _stopped(asyncio.current_task(), redraw=draw):
                await _repeat(watch, interval_s, draw)


async def _look_twice(watch: Watch, interval_s: float) -> None:
    """Take one interval.

    Raises:
        ScrapeFailed: either reading did.
    """
    await watch.look()
    if watch.failed is None:
        await asyncio.sleep(interval_s)
        await watch.look()
    if watch.failed is not None:
        raise watch.failed


async def _repeat(watch: Watch, interval_s: float, show: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await watch.look()
        show()
        # At fixed instants, but never to catch up with what a slow answer has missed.
        due = max(due + interval_s, loop.time())
        await asyncio.sleep(due - loop.time())


@contextmanager
def _stopped(task: "asyncio.Task[None] | None", redraw: Callable[[], None]) -> Iterator[None]:
    """End the block when `q` is pressed or a signal asks to; draw anew when the window changes."""
    assert task is not None
    loop = asyncio.get_running_loop()
    is_asked = False

    def stop() -> None:
        nonlocal is_asked
        is_asked = True
        task.cancel()

    def pressed(text: str) -> None:
        if not text or _QUIT & set(text):
            stop()

    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(each, stop)
    loop.add_signal_handler(signal.SIGWINCH, redraw)
    try:
        with keys(pressed):
            yield
    except asyncio.CancelledError:
        if not is_asked:
            raise
        task.uncancel()
    finally:
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGWINCH):
            loop.remove_signal_handler(each)


def _tell(watch: Watch, *, as_json: bool) -> None:
    """Say what is known, once anything is: an object, or plain lines."""
    if watch.figures is None and watch.failed is None:
        return
    if as_json:
        failed = watch.failed
        say_json(
            {
                "at": datetime.now(UTC),
                "url": watch.source.url,
                "age_s": None if watch.age_s is None else round(watch.age_s, 3),
                "problem": failed and {"code": failed.code, "detail": failed.problem},
                "figures": watch.figures,
            }
        )
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    for line in lines(watch, console.width):
        console.print(line)
