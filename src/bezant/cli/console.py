"""What commands say: results on standard output, the rest on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import msgspec
import structlog
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from bezant.kernel.calls import RefusedAnswer
from bezant.kernel.errors import Refusal
from bezant.kernel.settings import SettingsError
from bezant.server.embedded import StartupError

log = structlog.get_logger("bezant.cli")


class Steps:
    """Shows slow steps: a spinner and the time taken on a terminal, else a line or an event each.

    Args:
        as_json: events instead of lines.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        console = Console(stderr=True)
        self._progress: Progress | None = None
        if console.is_terminal and not as_json:
            self._progress = Progress(
                SpinnerColumn(finished_text="[green]✓[/green]"),
                TextColumn("{task.description}", markup=False),
                TimeElapsedColumn(),
                console=console,
            )
        self._current: TaskID | None = None
        self._is_paused = False

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A step that failed keeps its spinner: it has not ended well.
        if error is None:
            self._end_current()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def begin(self, step: str) -> None:
        """A step begins, and the one before has ended."""
        if self._is_paused:
            log.info("step", step=step)
        elif self._progress is not None:
            self._end_current()
            self._current = self._progress.add_task(step, total=1)
        elif self._as_json:
            log.info("step", step=step)
        else:
            typer.echo(f"{step} ...", err=True)

    def pause(self) -> None:
        """The last step has ended; what follows is logged, as events of a running platform."""
        self.__exit__(None, None, None)
        self._is_paused = True

    def _end_current(self) -> None:
        if self._progress is not None and self._current is not None:
            self._progress.update(self._current, completed=1)
            self._current = None


@contextmanager
def failures_explained(*, as_json: bool) -> Iterator[None]:
    """Turn what an operator can act on into one clear message and an exit status.

    Status 1: the platform refused or could not start; 2: the settings cannot be used.
    """
    try:
        yield
    except StartupError as error:
        complain(error.code, f"{error.problem} {error.remedy}", as_json=as_json)
        raise typer.Exit(1) from error
    except Refusal as error:
        complain(error.code, error.detail, as_json=as_json)
        raise typer.Exit(1) from error
    except RefusedAnswer as error:
        complain(error.code, str(error), as_json=as_json)
        raise typer.Exit(1) from error
    except SettingsError as error:
        for problem in error.problems:
            complain("SETTINGS", problem, as_json=as_json)
        raise typer.Exit(2) from error


def say_json(value: object) -> None:
    """Write a result for programs: one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def complain(code: str, message: str, *, as_json: bool) -> None:
    """Say why a command failed, on standard error."""
    if as_json:
        refused = {"event": "refused", "code": code, "problem": message, "level": "error"}
        sys.stderr.write(msgspec.json.encode(refused).decode() + "\n")
    else:
        typer.echo(f"bezant: {message}", err=True)
