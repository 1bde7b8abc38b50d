"""`bezant verify`: recompute every invariant of every book from history."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bezant.cli.archive import database_url_of
from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import AllowPlaintext, DatabaseUrl, DataDir, Json
from bezant.kernel.collector import tune_collector
from bezant.ledger import proof
from bezant.ledger.checkpoints import (
    CheckpointFiles,
    FilesUnusable,
    read_kept_note,
    read_keys,
    read_text,
)
from bezant.ledger.export import ExportError, Exports, verify_export
from bezant.ledger.verify import BookReport, verify
from bezant.server.connecting import opened_database

_ROOT_SHOWN: Final = 16
_NICENESS: Final = 10

Tenant = Annotated[UUID | None, typer.Option(help="Whose books.", show_default="everybody's")]
CheckpointPath = Annotated[
    Path | None,
    typer.Option(
        help="Hold the books against checkpoints: a note, or a folder that was published."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="The public keys: the answer of GET /v1/checkpoint-keys, kept elsewhere."),
]


verify_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(verify_app, name="verify")


@verify_app.callback()
def verify_books(  # noqa: PLR0913, PLR0917 - one parameter per option is how the framework declares them
    context: typer.Context,
    tenant: Tenant = None,
    checkpoint: CheckpointPath = None,
    key: KeyFile = None,
    export: Annotated[
        list[Path] | None,
        typer.Option(help="Verify an export instead, without a database; repeat for its ranges."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Recompute every invariant of every book from its history, while postings go on.

    Ends with status 1 and names the first differences when a book is not sound.
    """
    if context.invoked_subcommand is not None:
        return
    yield_processor()
    tune_collector()
    with failures_explained(as_json=as_json), files_explained(as_json=as_json):
        outside = outside_of(checkpoint, key)
        if export:
            reports = [_verified(export, outside)]
        else:
            url = database_url_of(data_dir, database_url, allow_plaintext_loopback)
            reports = asyncio.run(_verify(url, tenant, outside))
    if as_json:
        say_json(reports)
    else:
        show_reports(reports)
    if not all(report.is_sound for report in reports):
        raise typer.Exit(1)


@verify_app.command("proof")
def verify_proof(
    file: Annotated[Path, typer.Argument(help="The answer of `GET …/proofs/{transaction}`.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="A note that you kept; without it, the proof's own.")
    ] = None,
    key: KeyFile = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Check a proof that a transaction is in a book's log, with nothing but what is in it.

    Without --key no signature is checked: then it shows only that the root holds the transaction.
    """
    with files_explained(as_json=as_json):
        keys = None if key is None else read_keys(key)
        note = None if checkpoint is None else read_kept_note(checkpoint)
        kept = _read_proof(file)
        try:
            proven = proof.check_proof(kept, keys, note)
        except proof.ProofInvalid as error:
            complain("PROOF_INVALID", f"The proof does not hold: {error}.", as_json=as_json)
            raise typer.Exit(1) from error
    if as_json:
        say_json(proven)
        return
    typer.echo(
        f"Transaction {proven.transaction_id} is in book {proven.book_id} as seq {proven.seq},"
        f" recorded at {proven.recorded_at.isoformat()}."
    )
    signed = proven.checkpoint
    if signed is None:
        typer.echo(f"Root: {kept.log.root}, over {kept.log.size} batches; no checkpoint signs it.")
        return
    trust = "Not verified, for want of --key: checkpoint" if keys is None else "Signed: checkpoint"
    typer.echo(f"{trust} {signed.number}, at {signed.signed_at.isoformat()}.")


def _read_proof(file: Path) -> proof.InclusionProof:
    try:
        return msgspec.json.decode(read_text(file), type=proof.InclusionProof)
    except msgspec.DecodeError as error:
        raise FilesUnusable(f"{file} holds no proof: {error}") from error


def outside_of(checkpoint: Path | None, key: Path | None) -> CheckpointFiles | None:
    """What was kept outside, if it was given.

    Raises:
        FilesUnusable: it cannot be read, or one of the two is missing.
    """
    if (checkpoint is None) != (key is None):
        raise FilesUnusable("--checkpoint and --key go together")
    if checkpoint is None or key is None:
        return None
    return CheckpointFiles(checkpoint, read_keys(key))


@contextmanager
def files_explained(*, as_json: bool) -> Iterator[None]:
    """Tell what is wrong with files that were given; status 1."""
    try:
        yield
    except FilesUnusable as error:
        complain("FILES_UNUSABLE", f"{error}.", as_json=as_json)
        raise typer.Exit(1) from error
    except ExportError as error:
        complain(error.code, error.detail, as_json=as_json)
        raise typer.Exit(1) from error


def _verified(folders: list[Path], outside: CheckpointFiles | None) -> BookReport:
    exports = Exports.open(folders)
    checkpoints = [] if outside is None else outside.of(exports.book.id)
    with _progress() as progress:
        return verify_export(exports, checkpoints, progress=progress)


def yield_processor() -> None:
    """Let whoever posts go first: a verification has time."""
    os.nice(_NICENESS)


async def _verify(
    url: str, tenant: UUID | None, outside: CheckpointFiles | None
) -> list[BookReport]:
    reports: list[BookReport] = []
    with _progress() as progress:

        def of_book(transactions: int) -> None:
            progress(transactions, f"book {len(reports) + 1}")

        async with opened_database(url, connections_max=2) as database:
            async for report in verify(
                database, tenant_id=tenant, outside=outside, progress=of_book
            ):
                reports.append(report)  # noqa: PERF401 - `of_book` counts them meanwhile
    return reports


@contextmanager
def _progress() -> Iterator[Callable[..., None]]:
    """A spinner on a terminal that says how far it is; nothing elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Verifying", total=None)

        def progress(transactions: int, what: str = "an export") -> None:
            bar.update(task, description=f"Verifying {what}: {transactions:,} transactions")

        yield progress


def show_reports(reports: list[BookReport]) -> None:
    """A table of books, and what was found."""
    console = Console(width=None if Console().is_terminal else 140)
    table = Table("book", title="Books, recomputed from their history")
    table.add_column("id", no_wrap=True)
    for heading in ("transactions", "transfers", "accounts", "checkpoints"):
        table.add_column(heading, justify="right")
    table.add_column(f"log root ({_ROOT_SHOWN} of 64)")
    table.add_column("sound")
    for report in reports:
        table.add_row(
            report.name,
            str(report.book_id),
            f"{report.transactions:,}",
            f"{report.transfers:,}",
            f"{report.accounts:,}",
            f"{report.checkpoints:,}",
            report.root[:_ROOT_SHOWN],
            "yes" if report.is_sound else "[bold red]NO[/bold red]",
        )
    console.print(table)
    for report in reports:
        for accepted in report.accepted:
            console.print(f"{report.name} {report.book_id}: {accepted}", markup=False)
        for finding in report.findings:
            console.print(
                f"{report.name} {report.book_id}: {finding.kind} at {finding.place}:"
                f" {finding.detail}",
                markup=False,
                soft_wrap=True,
            )
    sound = sum(report.is_sound for report in reports)
    console.print(f"books sound: {sound} of {len(reports)}")
