"""How other commands on this machine find the running platform.

`up` leaves two files in its data folder, for its own user only: `endpoint.json` while it runs, and
`cli.key`, an API key for local commands, from its first start on.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from bezant.kernel.telemetry import Sensitive
from bezant.server.embedded import DataFolder
from bezant.server.errors import NoLocalKey, NotRunning

_FILE: Final = "endpoint.json"
_KEY_FILE: Final = "cli.key"


class Endpoint(Sensitive, msgspec.Struct, frozen=True):
    """A running platform. The database's URLs hold passwords.

    Attributes:
        url: where the API is served, such as `https://localhost:8443`.
        mtls_url: where it is served to clients with certificates.
        ca: the authority's certificate to trust; None when the system's authorities vouch for it.
        pid: the parent process.
        database_url: for the application's role.
        owner_url: for the role that owns the schema; None where it is not known.
        cache_url: the cache.
        vault_url: where the vault is served; None where there is none.
        vault_socket: where it answers processes of this machine.
        vault_token: what it knows them by.
        csm_url: where the sandbox's clearing system is told what to do; None where there is none.
        csm_secret: what it knows us by.
    """

    url: str
    mtls_url: str
    ca: str | None
    pid: int
    database_url: str
    owner_url: str | None
    cache_url: str
    vault_url: str | None = None
    vault_socket: str | None = None
    vault_token: str = ""
    csm_url: str | None = None
    csm_secret: str | None = None


class Access(Sensitive, msgspec.Struct, frozen=True):
    """What a local command needs to call the API.

    Attributes:
        url: where the API is served.
        ca: the authority's certificate to trust; None for the system's.
        api_key: the credential.
        csm_url: where the sandbox's clearing system is told what to do; None where there is none,
            or the platform is another machine's.
        csm_secret: what it knows us by.
        database_url: for the application's role; None where the platform is another machine's.
    """

    url: str
    ca: str | None
    api_key: str
    csm_url: str | None = None
    csm_secret: str | None = None
    database_url: str | None = None


def read(data_dir: Path) -> Endpoint:
    """The platform that runs on a data folder.

    Raises:
        NotRunning: none does.
    """
    try:
        endpoint = msgspec.json.decode((data_dir / _FILE).read_bytes(), type=Endpoint)
    except (OSError, msgspec.DecodeError) as error:
        raise _not_running(data_dir) from error
    # A killed platform leaves its file behind.
    if not Path(f"/proc/{endpoint.pid}").exists():
        raise _not_running(data_dir)
    return endpoint


def access(data_dir: Path, environment: Mapping[str, str] = os.environ) -> Access:
    """How to call the API: `BEZANT_URL`, `BEZANT_CA` and `BEZANT_API_KEY`, else the data folder.

    Raises:
        NotRunning: `BEZANT_URL` is not set and no platform runs on the folder.
        NoLocalKey: `BEZANT_API_KEY` is not set and the folder has none.
    """
    url, ca = environment.get("BEZANT_URL"), environment.get("BEZANT_CA")
    api_key = environment.get("BEZANT_API_KEY")
    if url is not None and not _serves(data_dir, url):
        return Access(url.rstrip("/"), ca, api_key or local_key(data_dir))
    found = read(data_dir)
    return Access(
        found.url,
        ca or found.ca,
        api_key or local_key(data_dir),
        found.csm_url,
        found.csm_secret,
        found.database_url,
    )


def _serves(data_dir: Path, url: str) -> bool:
    """Whether it is the platform on the folder that is served there."""
    try:
        return read(data_dir).url == url.rstrip("/")
    except NotRunning:
        return False


def vault_access(data_dir: Path, environment: Mapping[str, str] = os.environ) -> Access:
    """How to call the vault: `BEZANT_VAULT_URL` in place of `BEZANT_URL`, else as for the API.

    Raises:
        NotRunning: `BEZANT_VAULT_URL` is not set, and no platform with a vault runs on the folder.
        NoLocalKey: `BEZANT_API_KEY` is not set and the folder has none.
    """
    url, ca = environment.get("BEZANT_VAULT_URL"), environment.get("BEZANT_CA")
    if url is None:
        endpoint = read(data_dir)
        url, ca = endpoint.vault_url, ca or endpoint.ca
    if url is None:
        raise no_vault(data_dir)
    return Access(url.rstrip("/"), ca, environment.get("BEZANT_API_KEY") or local_key(data_dir))


def no_vault(data_dir: Path) -> NotRunning:
    """The platform on the folder has no vault."""
    return NotRunning(
        f"The platform on the data folder {data_dir} has no vault.",
        "Give it the vault's databases, or name another folder with --data-dir.",
    )


def local_key(data_dir: Path) -> str:
    """The API key for local commands.

    Raises:
        NoLocalKey: the folder has none.
    """
    try:
        return (data_dir / _KEY_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise NoLocalKey(
            f"The data folder {data_dir} holds no API key.",
            "Start the platform on it with `bezant up`, or set BEZANT_API_KEY.",
        ) from None


def write(data: DataFolder, endpoint: Endpoint) -> None:
    """Tell where the platform is. Readable for our user only."""
    data.write(data.path / _FILE, msgspec.json.encode(endpoint).decode(), is_secret=True)


def remove(data: DataFolder) -> None:
    """Tell that it is gone."""
    (data.path / _FILE).unlink(missing_ok=True)


def has_local_key(data: DataFolder) -> bool:
    """Whether the folder has an API key for local commands."""
    return (data.path / _KEY_FILE).exists()


def write_local_key(data: DataFolder, api_key: str) -> None:
    """Keep the API key for local commands. Readable for our user only."""
    data.write(data.path / _KEY_FILE, api_key + "\n", is_secret=True)


def _not_running(data_dir: Path) -> NotRunning:
    return NotRunning(
        f"No platform runs on the data folder {data_dir}.",
        "Start it with `bezant up`, or name another folder with --data-dir.",
    )
