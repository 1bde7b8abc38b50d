"""`bezant vault rotate`, `keys`, `destroy-key`: keys of the vault, renewed and ended.

Those of a tenant through the vault's HTTPS listener; the root, which is nobody's in particular,
through its socket, by whoever can read the data folder.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Protocol, TypeVar
from uuid import UUID

import msgspec
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from bezant.cli.client import ApiError, Client
from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.kernel.calls import Call
from bezant.kernel.errors import Malformed
from bezant.kernel.ids import TimeOrderedIds
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import configure_logs
from bezant.server import endpoint
from bezant.vault import VaultClient, rotation

T = TypeVar("T")

_ROOT: Final = "root"
_INDEX: Final = "index"
_LOOK_EVERY_S: Final = 0.5

Kind = Annotated[
    str, typer.Argument(help="root, tenant, data, fingerprint, index (with --field) or requests.")
]
Field = Annotated[str | None, typer.Option(help="Whose index, such as `contact.email`.")]
Subject = Annotated[UUID | None, typer.Option(help="Of one subject only.")]


class _Keeper(Protocol):
    """Whom to ask: the vault's listener or its socket."""

    def rotate(self, new: rotation.NewRotation) -> rotation.Rotation: ...

    def progress_of(self, rotation_id: UUID) -> rotation.Rotation: ...


def rotate(
    kind: Kind,
    field: Field = None,
    subject: Subject = None,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Renew keys while everything is in use, and wait until it is done.

    It goes on if this command ends, and after the vault was killed. The exit status is 0 only if
    nothing failed.
    """
    with _explained(as_json=as_json):
        new = _checked(
            {"kind": _name(kind, field), "subject_id": subject}, rotation.NewRotation, kind
        )
        if kind == _ROOT:
            done = _follow(_Socket(_data_dir(data_dir)), new, as_json=as_json)
        else:
            with _client(data_dir) as client:
                done = _follow(client, new, as_json=as_json)
    if as_json:
        say_json(done)
    else:
        typer.echo(
            f"Rotated {done.kind} to version {done.to_version or 'the next'}:"
            f" {done.done:,} moved, {done.failed:,} failed."
        )
    if done.failed:
        raise typer.Exit(1)


def keys(
    subject: Subject = None,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """List versions of keys and their states."""
    with _explained(as_json=as_json):
        roots = [] if subject else _Socket(_data_dir(data_dir)).roots()
        with _client(data_dir) as client:
            listed = client.list_vault_keys(subject)
    if as_json:
        say_json({"root": roots, "keys": listed.keys, "subjects": listed.subjects})
        return
    table = Table("key", "version", "state", "created", "unused since", "may end", box=None)
    for key in [*roots, *listed.keys]:
        table.add_row(key.kind, key.version, key.state, *_instants(key))
    console = Console()
    console.print(table)
    for state, count in listed.subjects.items():
        console.print(f"Keys of subjects, {state}: {count:,}", highlight=False)


def destroy_key(
    kind: Kind,
    version: Annotated[
        str | None, typer.Option(help="Which; of `data` all that nothing needs.")
    ] = None,
    field: Field = None,
    subject: Subject = None,
    reason: Annotated[
        str | None, typer.Option(help="End it although backups may need it; audited.")
    ] = None,
    data_dir: DataDir = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """End versions of keys that nothing needs: what they sealed in backups stays closed."""
    with _explained(as_json=as_json):
        if kind == _ROOT:
            if version is None:
                raise Malformed("Name the root's version.", field="version")
            destroyed = _Socket(_data_dir(data_dir)).destroy(version, reason)
        else:
            wanted = {
                "kind": _name(kind, field),
                "version": version,
                "subject_id": subject,
                "reason": reason,
            }
            asked = _checked(wanted, rotation.KeyDestruction, kind)
            with _client(data_dir) as client:
                destroyed = client.destroy_vault_key(asked)
    if as_json:
        say_json(destroyed)
    else:
        typer.echo(f"Destroyed {destroyed.destroyed:,} versions.")


class _Socket:
    """The vault of this machine, for what is no tenant's."""

    def __init__(self, data_dir: Path) -> None:
        running = endpoint.read(data_dir)
        if running.vault_socket is None:
            raise endpoint.no_vault(data_dir)
        self._path, self._token = Path(running.vault_socket), running.vault_token

    def rotate(self, new: rotation.NewRotation) -> rotation.Rotation:
        """Begin a rotation of the root."""
        assert new.kind == _ROOT
        answer = self._ask(lambda vault: vault.rotate_root(_call("vault_rotation.start")))
        return answer.value(rotation.Rotation)

    def progress_of(self, rotation_id: UUID) -> rotation.Rotation:
        """How far it is."""
        return self._ask(lambda vault: vault.root_rotation(rotation_id))

    def roots(self) -> list[rotation.KeyVersion]:
        """The versions of the root."""
        return self._ask(lambda vault: vault.roots())

    def destroy(self, version: str, reason: str | None) -> rotation.DestroyedKeys:
        """End a version of the root."""
        call = _call("vault_key.destroy")
        answer = self._ask(lambda vault: vault.destroy_root(call, version, reason))
        return answer.value(rotation.DestroyedKeys)

    def _ask(self, work: Callable[[VaultClient], Awaitable[T]]) -> T:
        async def connected() -> T:
            vault = VaultClient(self._path, self._token)
            try:
                return await work(vault)
            finally:
                await vault.close()

        return asyncio.run(connected())


def _follow(keeper: _Keeper, new: rotation.NewRotation, *, as_json: bool) -> rotation.Rotation:
    """Begin a rotation and wait for its end, with a bar on a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=as_json or not console.is_terminal,
    )
    running = keeper.rotate(new)
    with bar:
        shown = bar.add_task(f"Rotating {new.kind}", total=running.total)
        while running.state != "done":
            time.sleep(_LOOK_EVERY_S)
            running = keeper.progress_of(running.id)
            waits = f" (waits: {running.last_error})" if running.last_error else ""
            bar.update(
                shown,
                completed=running.done + running.failed,
                description=f"Rotating {new.kind}{waits}",
            )
    return running


@contextmanager
def _explained(*, as_json: bool) -> Iterator[None]:
    configure_logs("json" if as_json else "plain")
    with failures_explained(as_json=as_json):
        try:
            yield
        except ApiError as error:
            complain(error.code, str(error), as_json=as_json)
            raise typer.Exit(1) from error


def _name(kind: str, field: str | None) -> str:
    """The kind as the vault calls it."""
    if (kind == _INDEX) != (field is not None):
        raise Malformed("An index is named by --field, and nothing else is.", field="field")
    return f"{_INDEX}:{field}" if field is not None else kind


def _checked(wanted: Mapping[str, object], kind_of: type[T], kind: str) -> T:
    if kind == _ROOT:
        return kind_of(kind)  # type: ignore[call-arg]  # the root is no tenant's kind
    try:
        return msgspec.convert(wanted, kind_of, strict=False)
    except msgspec.ValidationError as error:
        raise Malformed(f"{error}.") from None


def _client(data_dir: Path | None) -> Client:
    access = endpoint.vault_access(_data_dir(data_dir))
    return Client(access.url, access.api_key, None if access.ca is None else Path(access.ca))


def _data_dir(data_dir: Path | None) -> Path:
    return Settings.load({"data_dir": data_dir}).data_dir


def _call(action: str) -> Call:
    call_id = TimeOrderedIds().new()
    return Call(
        id=call_id,
        tenant_id=rotation.PLATFORM,
        actor="operator:cli",
        action=action,
        resource="/v1/vault/keys",
        origin="cli",
        idempotency_key=f"call:{call_id}",
    )


def _instants(key: rotation.KeyVersion) -> tuple[str, ...]:
    instants = (key.created_at, key.emptied_at, key.destroyable_at)
    return tuple("-" if at is None else f"{at:%Y-%m-%d %H:%M}" for at in instants)
