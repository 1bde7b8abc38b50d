"""`bezant sandbox`: the other side, on this machine, for development.

It prints where its servers listen. What they can be told is in `bezant.payments.sandbox`: the
clearing system in `csm.admin`, the bank that makes statements in `statements.desk`, the bank that
answers about payees in `vop.responder`.
"""

import asyncio
import secrets
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import msgspec
import typer
from msgspec import Struct

from bezant.cli.console import failures_explained, say_json
from bezant.cli.options import Json
from bezant.kernel.clock import Clock, SystemClock
from bezant.payments import sandbox_csm as csm
from bezant.payments import sandbox_statements as statements
from bezant.payments import sandbox_vop as vop
from bezant.server.development_ca import DevelopmentCa

_SECRET_BYTES: Final = 32
_PARTS: Final = 2
_DIRECTORY: Final = "payee-directory.json"


class Listening(Struct, frozen=True):
    """Where the sandbox listens.

    Attributes:
        csm_url: of the clearing system for SEPA payments.
        statements_url: of the bank that keeps accounts and makes statements of them.
        vop_url: of the bank that answers about payees.
        secret: that they are called with, and call with: `Authorization: Bearer …`. Questions about
            payees need none.
        authority: a file of the authority that `vop_url` has its certificate from (PEM).
        payee_directory: a file for the setting of that name, which lists that bank.
    """

    csm_url: str
    statements_url: str
    vop_url: str
    secret: str
    authority: str
    payee_directory: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command was asked for; a port 0 is any that is free."""

    port: int
    statements_port: int
    vop_port: int
    secret: str
    banks: tuple[csm.Participant, ...]
    trusted: ssl.SSLContext
    payees: dict[str, vop.SandboxPayee]
    payee_bank: str
    folder: Path
    cycle_s: int


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sandbox")(sandbox)


Port = Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")]


def sandbox(  # noqa: PLR0913 - an option each
    *,
    port: Port = 0,
    statements_port: Port = 0,
    vop_port: Port = 0,
    secret: Annotated[
        str | None,
        typer.Option(envvar="BEZANT_CSM_SECRET", help="Of the line; made up without."),
    ] = None,
    participant: Annotated[
        list[str] | None,
        typer.Option(help="BIC=URL: whose messages are delivered to an address."),
    ] = None,
    authority: Annotated[
        Path | None, typer.Option(help="Whose certificates are trusted at such an address (PEM).")
    ] = None,
    payees: Annotated[
        Path | None, typer.Option(help="Who holds which account: JSON, by IBAN.")
    ] = None,
    payee_bank: Annotated[
        str, typer.Option(help="The BIC of the bank that answers about payees.")
    ] = "BUKBGB22",
    folder: Annotated[
        Path | None, typer.Option(help="For certificates; without, one that is removed at the end.")
    ] = None,
    cycle_s: Annotated[
        int, typer.Option(min=1, max=86_400, help="Seconds between cycles that settle SCT and SDD.")
    ] = 60,
    as_json: Json = False,
) -> None:
    """Stand in for the other side of payments: a clearing system for SEPA, a bank that makes
    statements, and a bank that verifies payees. Each can misbehave.

    It keeps everything in memory, listens on this machine alone, and ends with Ctrl-C.
    """  # noqa: D205 - the first paragraph is shown in the list of commands
    with failures_explained(as_json=as_json), TemporaryDirectory(prefix="bezant-sandbox-") as made:
        wanted = _Wanted(
            port=port,
            statements_port=statements_port,
            vop_port=vop_port,
            secret=secret or secrets.token_urlsafe(_SECRET_BYTES),
            banks=tuple(_participant(each) for each in participant or ()),
            trusted=ssl.create_default_context(cafile=authority),
            payees={} if payees is None else _payees(payees),
            payee_bank=payee_bank,
            folder=folder or Path(made),
            cycle_s=cycle_s,
        )
        asyncio.run(_serve(wanted, as_json=as_json))


async def _serve(wanted: _Wanted, *, as_json: bool) -> None:
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    async with _listening(wanted, SystemClock()) as listening:
        if as_json:
            say_json(listening)
        else:
            _say(listening)
        await asked_to_end.wait()


@asynccontextmanager
async def _listening(wanted: _Wanted, clock: Clock) -> AsyncIterator[Listening]:
    """All of the servers, until the block ends."""
    secret, bank = wanted.secret, statements.StatementBank(clock)
    async with AsyncExitStack() as opened:
        csm_url = await opened.enter_async_context(
            csm.serve(
                secret,
                wanted.banks,
                wanted.trusted,
                wanted.cycle_s,
                port=wanted.port,
                watchers=[bank],
            )
        )
        desk = csm.CsmServer(statements.Desk(bank), secret)
        opened.push_async_callback((await desk.start(wanted.statements_port)).close)
        ca = DevelopmentCa(wanted.folder, clock)
        await asyncio.to_thread(ca.ensure)
        responder = vop.SandboxResponder(wanted.payees, secret=secret)
        vop_url = await opened.enter_async_context(
            vop.serve(responder, ca.certificate, ca.key, port=wanted.vop_port)
        )
        listed = [{"bic": wanted.payee_bank, "url": vop_url, "authorities": str(ca.ca)}]
        directory = wanted.folder / _DIRECTORY
        directory.write_bytes(msgspec.json.encode(listed))
        yield Listening(
            csm_url=csm_url,
            statements_url=f"http://127.0.0.1:{desk.port}",
            vop_url=vop_url,
            secret=secret,
            authority=str(ca.ca),
            payee_directory=str(directory),
        )


def _say(listening: Listening) -> None:
    rows = {
        "Clearing system (SCT Inst, SCT, SDD)": listening.csm_url,
        "Statements (camt.052, 053, 054)": listening.statements_url,
        "Verification of payees": listening.vop_url,
        "  its authority": listening.authority,
        "  for the setting payee_directory": listening.payee_directory,
        "Secret of every line": listening.secret,
    }
    width = max(map(len, rows))
    for name, value in rows.items():
        typer.echo(f"{name:<{width}}  {value}")


def _participant(text: str) -> csm.Participant:
    parts = text.split("=", 1)
    if len(parts) != _PARTS or not parts[1].startswith(("http://", "https://")):
        raise typer.BadParameter("A participant is BIC=https://…")
    return csm.Participant(parts[0], parts[1].rstrip("/"))


def _payees(path: Path) -> dict[str, vop.SandboxPayee]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, vop.SandboxPayee])
    except (OSError, msgspec.DecodeError):
        raise typer.BadParameter(
            'It is no JSON file such as {"GB33…": {"names": ["Ada Lovelace"]}}.'
        ) from None
