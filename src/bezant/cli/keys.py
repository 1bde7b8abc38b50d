"""`bezant keys`: API keys, managed by whoever can read the data folder of a running platform."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, TypeVar, get_args
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from bezant.cli.console import failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.kernel.api_keys import ApiKey, ApiKeyService, IssuedApiKey, NewApiKey, Scope
from bezant.kernel.calls import Call
from bezant.kernel.clock import SystemClock
from bezant.kernel.errors import Malformed
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.server import endpoint
from bezant.server.connecting import opened_database
from bezant.server.provisioning import SANDBOX

T = TypeVar("T")

_PAGE: Final = 1000
_WIDTH: Final = 240
_SCOPES: Final = ", ".join(get_args(Scope))

Tenant = Annotated[UUID, typer.Option(help="Whose key it is.", show_default="the sandbox")]
KeyId = Annotated[UUID, typer.Argument(help="The key's id, as `list` shows it.")]

keys = typer.Typer(no_args_is_help=True, help="Create, list, rotate and revoke API keys.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(keys, name="keys")


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help=f"What it grants; repeat for several: {_SCOPES}.", show_default="all"),
    ] = None,
    expires_in_days: Annotated[int | None, typer.Option(min=1, show_default="never")] = None,
    tenant: Tenant = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Create a key, and show it: it is kept nowhere."""

    async def work(service: ApiKeyService, clock: SystemClock, call: Call) -> IssuedApiKey:
        expires_at = None
        if expires_in_days is not None:
            expires_at = clock.now() + timedelta(days=expires_in_days)
        wanted = {"name": name, "scopes": scope or get_args(Scope), "expires_at": expires_at}
        try:
            new = msgspec.convert(wanted, NewApiKey)
        except msgspec.ValidationError as error:
            raise Malformed(f"{error}. The scopes are {_SCOPES}.") from None
        return (await service.create(call, new)).value(IssuedApiKey)

    with failures_explained(as_json=as_json):
        _show_issued(_run(data_dir, tenant, "api_key.create", work), as_json=as_json)


@keys.command("list")
def list_keys(
    tenant: Tenant = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """List the keys, oldest first, without their secrets."""

    async def work(service: ApiKeyService, _clock: SystemClock, _call: Call) -> list[ApiKey]:
        found: list[ApiKey] = []
        after: str | None = None
        while True:
            page = await service.page(tenant, after=after, limit=_PAGE)
            found += page.api_keys
            if (after := page.next) is None:
                return found

    with failures_explained(as_json=as_json):
        found = _run(data_dir, tenant, "api_key.list", work)
    if as_json:
        say_json(found)
        return
    table = Table("id", "name", "scopes", "created", "expires", "last used", "state", box=None)
    for key in found:
        instants = (key.created_at, key.expires_at, key.last_used_at)
        shown = ("-" if at is None else f"{at:%Y-%m-%d %H:%M}" for at in instants)
        table.add_row(str(key.id), key.name, " ".join(key.scopes), *shown, _state(key))
    # An identifier that is cut off is of no use, so lines may be long.
    Console(width=_WIDTH).print(table)


@keys.command()
def rotate(
    key: KeyId,
    overlap_hours: Annotated[
        int, typer.Option(min=0, max=720, help="How long the old key stays valid.")
    ] = 24,
    tenant: Tenant = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Create a key's successor, with the same scopes, and show it."""

    async def work(service: ApiKeyService, _clock: SystemClock, call: Call) -> IssuedApiKey:
        answer = await service.rotate(call, key, overlap_s=overlap_hours * 3600)
        return answer.value(IssuedApiKey)

    with failures_explained(as_json=as_json):
        _show_issued(_run(data_dir, tenant, "api_key.rotate", work), as_json=as_json)


@keys.command()
def revoke(
    key: KeyId,
    tenant: Tenant = SANDBOX,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """End a key. Every worker refuses it within a second."""

    async def work(service: ApiKeyService, _clock: SystemClock, call: Call) -> ApiKey:
        return (await service.revoke(call, key)).value(ApiKey)

    with failures_explained(as_json=as_json):
        revoked = _run(data_dir, tenant, "api_key.revoke", work)
    if as_json:
        say_json(revoked)
    else:
        typer.echo(f"Revoked {revoked.id} ({revoked.name}).")


def _run(
    data_dir: Path | None,
    tenant: UUID,
    action: str,
    work: Callable[[ApiKeyService, SystemClock, Call], Awaitable[T]],
) -> T:
    """Do `work` with the key service of the platform that runs on the data folder."""
    settings = Settings.load({"data_dir": data_dir})
    running = endpoint.read(settings.data_dir)
    clock, ids = SystemClock(), TimeOrderedIds()
    call_id = ids.new()
    call = Call(
        id=call_id,
        tenant_id=tenant,
        actor="operator:cli",
        action=action,
        resource="/v1/api-keys",
        origin="cli",
        idempotency_key=f"call:{call_id}",
    )

    async def connected() -> T:
        async with opened_database(running.database_url, connections_max=1) as database:
            return await work(ApiKeyService(database, clock, ids), clock, call)

    return asyncio.run(connected())


def _show_issued(issued: IssuedApiKey, *, as_json: bool) -> None:
    if as_json:
        say_json(issued)
        return
    typer.echo(f"Created {issued.api_key.id} ({issued.api_key.name}). Shown this once:\n")
    typer.echo(issued.key)


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= SystemClock().now():
        return "expired"
    return "valid" if key.replaced_by is None else "replaced"
