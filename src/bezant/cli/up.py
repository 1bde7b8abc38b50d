"""`bezant up`: run the platform."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer

from bezant.cli.console import Steps, failures_explained, say_json
from bezant.cli.options import (
    AllowPlaintext,
    DatabaseUrl,
    DataDir,
    Json,
    KeyDatabaseUrl,
    KeyOwnerUrl,
    OwnerUrl,
    ReplicaUrl,
    Sandbox,
    VaultDatabaseUrl,
)
from bezant.kernel.settings import Settings
from bezant.kernel.telemetry import configure_logs
from bezant.server.lifecycle import Serving
from bezant.server.lifecycle import up as run_platform

_NO_VAULT: Final = "none: it needs vault_database_url and key_database_url"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up")(up)


def up(  # noqa: PLR0913, PLR0917 - one parameter per option is how the framework declares them
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; 0 takes a free one.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that serve requests.")] = None,
    database_url: DatabaseUrl = None,
    owner_url: OwnerUrl = None,
    replica_url: ReplicaUrl = None,
    allow_plaintext_loopback: AllowPlaintext = None,
    cache_url: Annotated[
        str | None, typer.Option(help="An outside cache: redis://, rediss:// or memcached://.")
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option(help="Your chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, PEM.")] = None,
    otlp_endpoint: Annotated[str | None, typer.Option(help="Where traces go (OTLP/HTTP).")] = None,
    mtls_host: Annotated[
        str | None, typer.Option(help="Where clients with certificates are served.")
    ] = None,
    mtls_port: Annotated[int | None, typer.Option(help="Its port; 0 takes a free one.")] = None,
    vault_host: Annotated[str | None, typer.Option(help="Where the vault listens.")] = None,
    vault_port: Annotated[int | None, typer.Option(help="Its port; 0 takes a free one.")] = None,
    vault_database_url: VaultDatabaseUrl = None,
    key_database_url: KeyDatabaseUrl = None,
    key_owner_url: KeyOwnerUrl = None,
    key_store: Annotated[str | None, typer.Option(help="Where the root of all keys is.")] = None,
    sandbox: Sandbox = None,
    as_json: Json = False,  # noqa: FBT002 - a flag
) -> None:
    """Serve: embedded PostgreSQL and Valkey unless URLs are given, migrations, HTTPS.

    Options can also be set in the environment as BEZANT_..., or in a file. Stop with Ctrl-C.
    """
    with failures_explained(as_json=as_json):
        settings = Settings.load(
            {
                "config": config,
                "data_dir": data_dir,
                "host": host,
                "port": port,
                "workers": workers,
                "database_url": database_url,
                "owner_url": owner_url,
                "replica_url": replica_url,
                "allow_plaintext_loopback": allow_plaintext_loopback,
                "cache_url": cache_url,
                "tls_certificate": tls_certificate,
                "tls_key": tls_key,
                "otlp_endpoint": otlp_endpoint,
                "mtls_host": mtls_host,
                "mtls_port": mtls_port,
                "vault_host": vault_host,
                "vault_port": vault_port,
                "vault_database_url": vault_database_url,
                "key_database_url": key_database_url,
                "key_owner_url": key_owner_url,
                "key_store": key_store,
                "sandbox": sandbox,
                "log_format": "json" if as_json else None,
            }
        )
        is_json = settings.log_format == "json"
        configure_logs(settings.log_format)
        with Steps(as_json=is_json) as steps:

            def tell(serving: Serving) -> None:
                steps.pause()
                _tell(serving, as_json=is_json)

            asyncio.run(run_platform(settings, steps.begin, tell))


def _tell(serving: Serving, *, as_json: bool) -> None:
    if as_json:
        say_json(
            {
                "event": "serving",
                "url": serving.url,
                "mtls_url": serving.mtls_url,
                "issuer": serving.issuer,
                "ca": _text(serving.ca),
                "api_key": serving.sandbox_key,
                "operator_link": serving.operator_link,
                "vault_url": serving.vault_url,
                "vault_passphrase": _text(serving.passphrase),
                "csm_url": serving.csm_url,
                "csm_secret": serving.csm_secret,
            }
        )
        return
    trust = "" if serving.ca is None else f"--cacert {serving.ca} "
    key = serving.sandbox_key or "$BEZANT_API_KEY"
    typer.echo(f"\nBezant serves {serving.url}")
    typer.echo(f"  With certificates    {serving.mtls_url}")
    typer.echo(f"  Issuer of tokens     {serving.issuer}")
    typer.echo(f"  Vault                {serving.vault_url or _NO_VAULT}")
    if serving.csm_url is not None:
        typer.echo(f"  Other banks          simulated by {serving.csm_url}; no money leaves")
        typer.echo(f"  Its secret           {serving.csm_secret}   (of this start)")
    if serving.passphrase is not None:
        typer.echo(f"  Vault's passphrase   {serving.passphrase}   (in production: elsewhere)")
    if serving.ca is not None:
        typer.echo(f"  Authority to trust   {serving.ca}")
    if serving.sandbox_key is not None:
        typer.echo(f"  Sandbox API key      {serving.sandbox_key}   (shown this once)")
    else:
        typer.echo("  Sandbox API key      shown at the first start; new: bezant keys create NAME")
    if serving.operator_link is not None:
        typer.echo(f"  First operator       {serving.operator_link}   (once, within 7 days)")
    else:
        typer.echo("  Another operator     bezant operator-link")
    typer.echo("  To see it at work    bezant demo")
    typer.echo(f'\n  curl {trust}-H "Authorization: Bearer {key}" {serving.url}/v1/books\n')


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
