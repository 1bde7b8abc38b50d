"""`bezant vault keystore`: make the key store, look at it, and seal a local one anew.

No command takes or prints a secret: they are in files and keyrings, which options name.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.table import Table

from bezant.cli.console import complain, failures_explained, say_json
from bezant.cli.options import DataDir, Json
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import LogFormat, configure_logs
from bezant.server.embedded import DataFolder
from bezant.vault.keystores import (
    FilePassphrase,
    KeyringPassphrase,
    KeyStoreChoice,
    KeyStoreStatus,
    KeyStoreUnusable,
    LocalPlace,
    check_key_store,
    create_key_store,
    key_store_status,
    read_choice,
    rotate_passphrase,
    split_passphrase,
)

_SHARES_MAX: Final = 255
_WIDTH: Final = 240

Config = Annotated[Path | None, typer.Option(help="The platform's TOML file.")]
Store = Annotated[
    str | None,
    typer.Option(
        "--key-store",
        help="local, pkcs11:..., transit:https://... or aws-kms:alias/...",
        show_default="the setting key_store",
    ),
]

keystore = typer.Typer(no_args_is_help=True, help="Make, check and reseal the key store.")


@keystore.command()
def create(
    config: Config = None,
    data_dir: DataDir = None,
    key_store: Store = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Make the key store, once; and the passphrase of a local one, unless there is one.

    A key store that is there, or was there, is never replaced.
    """
    with _explained(as_json=as_json):
        settings, choice = _chosen(config, data_dir, key_store)
        is_inside = isinstance(choice, LocalPlace) and choice.path.is_relative_to(settings.data_dir)
        if is_inside and not settings.data_dir.exists():
            # `bezant up` serves from no folder that it did not make.
            with DataFolder(settings.data_dir):
                pass
        asyncio.run(create_key_store(choice))
        status = asyncio.run(key_store_status(choice))
    if as_json:
        say_json(status)
        return
    typer.echo(f"Made the key store {status.place}.")
    if isinstance(choice, LocalPlace) and isinstance(choice.passphrase, FilePassphrase):
        typer.echo(f"Its passphrase is in {choice.passphrase.path}: back up both, apart.")


@keystore.command()
def status(
    config: Config = None,
    data_dir: DataDir = None,
    key_store: Store = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Show the key store's versions. A local one stays sealed."""
    with _explained(as_json=as_json):
        _, choice = _chosen(config, data_dir, key_store)
        found = asyncio.run(key_store_status(choice))
    _show(found, as_json=as_json)


@keystore.command()
def check(
    config: Config = None,
    data_dir: DataDir = None,
    key_store: Store = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Open the key store, wrap a key, and see that it opens.

    Custodians see here whether their shares are sound: a mistyped one is named.
    """
    with _explained(as_json=as_json):
        _, choice = _chosen(config, data_dir, key_store)
        found = asyncio.run(check_key_store(choice))
    _show(found, as_json=as_json)


@keystore.command("rotate-passphrase")
def rotate_the_passphrase(
    to_file: Annotated[
        Path | None,
        typer.Option(help="A file with the new passphrase; made, with a random one, if missing."),
    ] = None,
    to_keyring: Annotated[
        str | None, typer.Option(help="A name in the system's keyring, for a random one.")
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    key_store: Store = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Seal a local keystore under another passphrase: the old one, or old shares, open it no more.

    The root keys stay, so that nothing else has to change but the setting.
    """
    new: FilePassphrase | KeyringPassphrase
    if to_file is not None and to_keyring is None:
        new = FilePassphrase(to_file.absolute())
    elif to_keyring is not None and to_file is None:
        new = KeyringPassphrase(to_keyring)
    else:
        raise typer.BadParameter("Give one of --to-file and --to-keyring.")
    with _explained(as_json=as_json):
        _, choice = _chosen(config, data_dir, key_store)
        place = asyncio.run(rotate_passphrase(choice, new))
    _show_setting(_text(place), as_json=as_json)


@keystore.command()
def split(
    threshold: Annotated[
        int, typer.Option(min=2, max=_SHARES_MAX, help="How many custodians open it together.")
    ],
    shares: Annotated[
        int, typer.Option(min=2, max=_SHARES_MAX, help="How many custodians there are.")
    ],
    to_folder: Annotated[Path, typer.Option(help="Made for the shares, a file for each of them.")],
    config: Config = None,
    data_dir: DataDir = None,
    key_store: Store = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Divide a new passphrase among custodians: enough of them open it, fewer know nothing.

    The passphrase of before, and shares of before, open it no more.
    """
    with _explained(as_json=as_json):
        _, choice = _chosen(config, data_dir, key_store)
        folder = to_folder.absolute()
        asyncio.run(split_passphrase(choice, folder, threshold, shares))
        assert isinstance(choice, LocalPlace)
    if not as_json:
        typer.echo(f"Hand out the files of {folder}, one to each custodian, and remove them there.")
    _show_setting(f"local:{quote(str(choice.path))}?shares=FOLDER", as_json=as_json)


def _chosen(
    config: Path | None, data_dir: Path | None, key_store: str | None
) -> tuple[Settings, KeyStoreChoice]:
    settings = Settings.load({"config": config, "data_dir": data_dir, "key_store": key_store})
    return settings, read_choice(settings.key_store, settings.data_dir)


@contextmanager
def _explained(*, as_json: bool) -> Iterator[None]:
    configure_logs(LogFormat.JSON if as_json else LogFormat.AUTO)
    with failures_explained(as_json=as_json):
        try:
            yield
        except KeyStoreUnusable as error:
            complain("KEY_STORE_UNUSABLE", f"{error.problem} {error.remedy}", as_json=as_json)
            raise typer.Exit(1) from error


def _show(status: KeyStoreStatus, *, as_json: bool) -> None:
    if as_json:
        say_json(status)
        return
    table = Table("kind", "place", "version", "opened by", "state", box=None)
    custody = status.custody
    opened_by = "-" if status.kind != "local" else "a passphrase"
    if custody is not None:
        opened_by = f"{custody.threshold} of {custody.shares} shares (set {custody.set})"
    state = "opens" if status.is_open else "sealed"
    table.add_row(status.kind, status.place, status.current, opened_by, state)
    Console(width=_WIDTH).print(table)


def _show_setting(text: str, *, as_json: bool) -> None:
    if as_json:
        say_json({"key_store": text})
    else:
        typer.echo(f'Sealed anew. The setting from now on:\n\n  key_store = "{text}"')


def _text(place: LocalPlace) -> str:
    """The setting that names a keystore file."""
    if isinstance(place.passphrase, FilePassphrase):
        query = {"passphrase_file": str(place.passphrase.path)}
    else:
        assert isinstance(place.passphrase, KeyringPassphrase)
        query = {"keyring": place.passphrase.name}
    return f"local:{quote(str(place.path))}?{urlencode(query, safe='/')}"
