"""Settings: from the command line, the environment, files of secrets, one TOML file, in this order.

Each is checked where it is read, so that every problem is named at once, by the names that an
operator uses. No message quotes a value: URLs hold passwords.
"""

import os
import re
import ssl
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError as SourceError

from bezant.kernel.database import SLOW_STATEMENT_MS
from bezant.kernel.sealing import KEY_BYTES

ENVIRONMENT_PREFIX: Final = "BEZANT_"

_SHA_256: Final = re.compile(r"[0-9a-f]{64}")
_CACHE_SCHEMES: Final = frozenset({"redis", "rediss", "unix", "memcached"})
_POSTGRES_SCHEMES: Final = frozenset({"postgresql", "postgres"})
_ORIGIN: Final = re.compile(r"https://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?")


class SettingsError(Exception):
    """Settings that cannot be used.

    Attributes:
        problems: all of them, each a sentence that begins with the setting's name.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def default_data_dir() -> Path:
    """Where data are kept unless told otherwise.

    Root's own home is closed to the user that the database runs as, so root has a place of the
    system; others follow the XDG Base Directory Specification 0.8.

    Raises:
        SettingsError: the user has no home.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/bezant")
    home = os.environ.get("XDG_DATA_HOME", "")
    # "All paths set in these environment variables must be absolute" (ibid.), or are ignored.
    if home.startswith("/"):
        return Path(home) / "bezant"
    try:
        return Path.home() / ".local/share/bezant"
    except RuntimeError:
        problem = (
            f"data_dir ({ENVIRONMENT_PREFIX}DATA_DIR): this user has no home, so name a folder."
        )
        raise SettingsError([problem]) from None


class CsmParticipant(BaseModel):
    """An institution that takes part in SEPA.

    Attributes:
        bic: of 8 or 11 characters, which the clearing system knows it by.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bic: Annotated[str, Field(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")]
    tenant_id: UUID
    institution_id: UUID


class Settings(BaseSettings):
    """How one platform runs. `BEZANT_DATABASE_URL` sets `database_url`, and so on.

    Attributes:
        config: a TOML file with any of the others.
        secrets_dir: a folder with a file per setting, named as in the environment.
        data_dir: the data folder: certificates, and the embedded servers' data.
        host: the address to listen on.
        port: the port to listen on; 0 takes a free one.
        workers: processes that serve requests.
        allow_plaintext_loopback: accept a database on this machine without TLS.
        database_url: an outside PostgreSQL, as the role that the platform works as; None starts the
            embedded one.
        owner_url: the same database as the role that migrates it; None leaves its schema as it is.
        replica_url: a streaming replica of the database; None asks the primary for everything.
        cache_url: an outside cache; None starts the embedded one.
        cache_secret: what entries of the cache are signed with, the same on all machines that share
            one; None makes a secret that stays in the data folder.
        log_format: how events are written; `auto` is plain, coloured on a terminal.
        requests_per_s_max: what an API key may do in each worker, on the average.
        requests_burst_max: what it may do at once, after a rest.
        keep_idempotency_h: hours that answers are kept for repeats of their requests.
        keep_jobs_h: hours that jobs are kept after they were done.
        keep_dead_jobs_h: hours that dead letters are kept.
        keep_events_h: hours that events outside books can be read.
        slow_statement_ms: database statements that take as long are logged.
        tls_certificate: the chain, PEM; None makes a development certificate.
        tls_key: its key, PEM.
        otlp_endpoint: where traces go, OTLP over HTTP; None sends none.
        sealing_key: 32 bytes in base64, under which secrets are sealed in the database; None makes
            one in the data folder. Hosts that share a database share it. Not from the environment.
        key_store: where the vault's root keys are; `local` is a file in the data folder. It names
            the files of passphrases, PINs and tokens, and holds no secret.
        checkpoint_interval_s: how often books that have grown are signed.
        checkpoint_folder: where checkpoints are kept as files, best on another machine; None keeps
            them in the data folder.
        checkpoint_store_url: a second PostgreSQL that checkpoints are kept in, as a role that may
            only read and add; None for none.
        backup_folder: where base backups and the log of the embedded database go, sealed, best on
            another disk; None makes none.
        key_backup_folder: the same of the vault's keys, apart from the other backups.
        keep_backups_days: how far back every instant can be restored.
        keep_key_backups_days: after which no backup of the vault's keys is left: an erasure is
            final then.
        allow_webhook_loopback: send webhooks to this machine too, also without TLS, on any port.
            For development: whoever may make endpoints reaches what listens here.
        mtls_host: the address to listen on for clients with certificates; None is that of the API.
        mtls_port: its port; 0 takes a free one.
        public_url: the origin that clients know the API by, such as `https://bank.example`, where
            it is not that of host and port. Issuers are named by it: who changes it ends what they
            signed.
        public_mtls_url: the same of the listener for clients with certificates.
        mtls_authorities: PEM certificates of the authorities that clients' certificates come from,
            with their revocation lists where they have any; read again when the file changes.
            None trusts none, so that only registered self-signed certificates authenticate.
        mtls_proxies: proxies that may pass on clients' certificates (RFC 9440), each known by its
            own certificate's SHA-256 in hexadecimal digits.
        vault_host: the address that the vault listens on; None listens where the API does.
        breached_passwords: a file of SHA-1 digests in hexadecimal, sorted, one a line, of passwords
            that no user may choose, as `Have I Been Pwned` gives it out.
        payee_directory: a JSON file of the banks that verify payees, as the scheme's directory
            lists them: `bic`, `url`, and where they need it `banks`, `authorities`, `certificate`
            and `token`. None asks nobody.
        vault_port: its port, of an origin apart from the API's; 0 takes a free one.
        vault_database_url: an outside database as the vault's role; None, beside an outside
            database_url, runs no vault.
        key_database_url: a second database, for the vault's keys, as the vault's role; None starts
            an embedded one.
        key_owner_url: the same as the role that migrates it; None leaves its schema as it is.
        csm_url: the clearing system for SEPA payments, https://…, or http:// on this machine; None
            offers no such payments.
        csm_secret: what it and this platform know each other by.
        csm_participants: the institutions that take part, each with its BIC.
        csm_authority: PEM certificates of the authorities that its certificate comes from; None
            trusts those that the machine does.
        csm_certificate: PEM, our certificate with its chain and its key, where the clearing system
            asks for one.
        allow_unregistered_creditors: let a creditor identifier collect direct debits that nobody
            has registered in its institution.
        sandbox: for development: start a clearing system and another bank that are only simulated,
            with a bank of the sandbox tenant's that takes part. No money leaves.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    config: Path | None = None
    secrets_dir: Path | None = None
    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    public_url: str | None = None
    breached_passwords: FilePath | None = None
    payee_directory: FilePath | None = None
    public_mtls_url: str | None = None
    mtls_authorities: Path | None = None
    mtls_proxies: frozenset[str] = frozenset()
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    # Before the URLs, whose check reads it.
    allow_plaintext_loopback: bool = False
    database_url: SecretStr | None = None
    owner_url: SecretStr | None = None
    replica_url: SecretStr | None = None
    cache_url: SecretStr | None = None
    cache_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    log_format: Literal["auto", "json", "plain"] = "auto"
    requests_per_s_max: Annotated[int, Field(ge=1)] = 5_000
    requests_burst_max: Annotated[int, Field(ge=1)] = 10_000
    keep_idempotency_h: Annotated[int, Field(ge=24)] = 72
    keep_jobs_h: Annotated[int, Field(ge=24)] = 7 * 24
    keep_dead_jobs_h: Annotated[int, Field(ge=24)] = 90 * 24
    keep_events_h: Annotated[int, Field(ge=24)] = 30 * 24
    slow_statement_ms: Annotated[int, Field(ge=1)] = SLOW_STATEMENT_MS
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    otlp_endpoint: str | None = None
    sealing_key: SecretStr | None = None
    checkpoint_interval_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    checkpoint_folder: Path | None = None
    checkpoint_store_url: SecretStr | None = None
    backup_folder: Path | None = None
    key_backup_folder: Path | None = None
    keep_backups_days: Annotated[int, Field(ge=1, le=36_500)] = 35
    keep_key_backups_days: Annotated[int, Field(ge=1, le=35)] = 35
    allow_webhook_loopback: bool = False
    mtls_host: str | None = None
    mtls_port: Annotated[int, Field(ge=0, le=65535)] = 8445
    vault_host: str | None = None
    vault_port: Annotated[int, Field(ge=0, le=65535)] = 8444
    vault_database_url: SecretStr | None = None
    key_database_url: SecretStr | None = None
    key_owner_url: SecretStr | None = None
    key_store: str = "local"
    csm_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    csm_participants: tuple[CsmParticipant, ...] = ()
    csm_authority: Path | None = None
    csm_certificate: Path | None = None
    # After the others, which it goes together with.
    csm_url: str | None = None
    allow_unregistered_creditors: bool = False
    sandbox: bool = False

    @classmethod
    def load(cls, overrides: Mapping[str, object] | None = None) -> Self:
        """Read all sources.

        Args:
            overrides: what the command line gave; None values were not given.

        Raises:
            SettingsError: naming every problem.
        """
        given: dict[str, Any] = {k: v for k, v in (overrides or {}).items() if v is not None}
        try:
            return cls(**given)
        except ValidationError as error:
            # Not chained: the original carries the input.
            raise SettingsError([_sentence(each) for each in error.errors()]) from None
        except SourceError as error:
            raise SettingsError([str(error)]) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the framework's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line, then the environment, then secrets, then the file."""
        assert isinstance(init_settings, InitSettingsSource)
        environment = env_settings()
        if "sealing_key" in environment:
            # Every process of the user sees it there, children inherit it, crash reports quote it.
            raise SourceError(
                f"sealing_key ({ENVIRONMENT_PREFIX}SEALING_KEY): is not taken from the environment."
                f" Put it into a file {ENVIRONMENT_PREFIX.lower()}sealing_key of secrets_dir."
            )
        named = {**environment, **init_settings()}
        sources = [init_settings, env_settings]
        if secrets_dir := named.get("secrets_dir"):
            sources.append(_secrets(settings_cls, Path(str(secrets_dir))))
        if config := named.get("config"):
            sources.append(InitSettingsSource(settings_cls, _read_toml(Path(str(config)))))
        return tuple(sources)

    @field_validator("database_url", "owner_url", "replica_url")
    @classmethod
    def _check_database(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return None
        # A database_url that failed its own check is not in `data`, and is named already.
        if info.field_name != "database_url" and info.data.get("database_url", url) is None:
            raise ValueError("is of use only together with database_url")
        _check_transport(url, allow_loopback=info.data.get("allow_plaintext_loopback", False))
        return url

    @field_validator("vault_database_url", "key_database_url", "key_owner_url")
    @classmethod
    def _check_vault(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        outside, vault, keys = (
            # One that failed its own check is not in `data`, and is named already.
            info.data.get(name, url)
            for name in ("database_url", "vault_database_url", "key_database_url")
        )
        if url is None:
            if info.field_name == "key_database_url" and vault is not None:
                raise ValueError("is needed with vault_database_url: keys are kept apart from data")
            return None
        if info.field_name == "vault_database_url" and outside is None:
            raise ValueError("is of use only together with database_url")
        if info.field_name == "key_database_url" and outside is not None and vault is None:
            raise ValueError("is of use only together with vault_database_url")
        if info.field_name == "key_owner_url" and keys is None:
            raise ValueError("is of use only together with key_database_url")
        _check_transport(url, allow_loopback=info.data.get("allow_plaintext_loopback", False))
        return url

    @field_validator("checkpoint_store_url")
    @classmethod
    def _check_store(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is not None:
            _check_transport(url, allow_loopback=info.data.get("allow_plaintext_loopback", False))
        return url

    @field_validator("cache_url")
    @classmethod
    def _check_cache(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and _split(url).scheme not in _CACHE_SCHEMES:
            raise ValueError("begins with redis://, rediss://, unix:// or memcached://")
        return url

    @field_validator("backup_folder")
    @classmethod
    def _check_embedded(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        if folder is not None and info.data.get("database_url") is not None:
            raise ValueError("is for the embedded database; database_url names another")
        return folder

    @field_validator("key_backup_folder")
    @classmethod
    def _check_apart(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        other = info.data.get("backup_folder")
        if folder is not None and other is not None:
            one, two = folder.expanduser().resolve(), other.expanduser().resolve()
            if one.is_relative_to(two) or two.is_relative_to(one):
                raise ValueError("is apart from backup_folder, and neither is within the other")
        return folder

    @field_validator("tls_certificate")
    @classmethod
    def _check_certificate(cls, path: Path | None) -> Path | None:
        return _readable(path)

    @field_validator("tls_key")
    @classmethod
    def _check_key(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        # A certificate that failed its own check is not in `data`, and is named already.
        if (path is None) != (info.data.get("tls_certificate", path) is None):
            raise ValueError("goes together with tls_certificate")
        return _readable(path)

    @field_validator("otlp_endpoint")
    @classmethod
    def _check_endpoint(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("begins with http:// or https://")
        return url

    @field_validator("public_url", "public_mtls_url")
    @classmethod
    def _check_origin(cls, url: str | None) -> str | None:
        # One spelling, since issuers are compared as text.
        if url is not None and not _ORIGIN.fullmatch(url):
            raise ValueError("is https://host or https://host:port in lower case, with no more")
        return url

    @field_validator("mtls_authorities")
    @classmethod
    def _check_authorities(cls, path: Path | None) -> Path | None:
        return _readable(path)

    @field_validator("mtls_proxies")
    @classmethod
    def _check_proxies(cls, pins: frozenset[str]) -> frozenset[str]:
        # As openssl writes it: in capital letters, with colons.
        plain = frozenset(pin.replace(":", "").lower() for pin in pins)
        if not all(map(_SHA_256.fullmatch, plain)):
            raise ValueError("holds 64 hexadecimal digits for each proxy")
        return plain

    @field_validator("csm_authority")
    @classmethod
    def _check_csm_authority(cls, path: Path | None) -> Path | None:
        return _readable(path)

    @field_validator("csm_certificate")
    @classmethod
    def _check_csm_certificate(cls, path: Path | None) -> Path | None:
        if _readable(path) is not None:
            assert path is not None
            try:
                # With a password, if an empty one, nobody is asked for it at a terminal.
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password="")
            except ssl.SSLError:
                raise ValueError("holds no certificate with the key of it") from None
        return path

    @field_validator("csm_url")
    @classmethod
    def _check_csm(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            return None
        parts = _split(SecretStr(url))
        is_local = parts.scheme == "http" and _is_loopback(parts.hostname or "")
        if parts.scheme != "https" and not is_local:
            raise ValueError("begins with https://")
        # One that failed its own check is not in `data`, and is named already.
        if not info.data.get("csm_secret", url) or not info.data.get("csm_participants", url):
            raise ValueError("goes together with csm_secret and csm_participants")
        return url.rstrip("/")

    @field_validator("sandbox")
    @classmethod
    def _check_sandbox(cls, is_asked: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - a setting
        given = [name for name in ("csm_url", "payee_directory") if info.data.get(name) is not None]
        if is_asked and given:
            # Whose payments were settled by whom would not be known any more.
            raise ValueError(f"simulates other banks, and {given[0]} names real ones")
        return is_asked

    @field_validator("sealing_key")
    @classmethod
    def _check_sealing_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None:
            read_sealing_key(key.get_secret_value())
        return key


def read_sealing_key(text: str) -> bytes:
    """The key that a setting or a file holds.

    Raises:
        ValueError: it is none. The message does not quote it.
    """
    try:
        key = b64decode(text.strip(), validate=True)
    except ValueError:
        raise ValueError("is no base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"holds {len(key)} bytes, not {KEY_BYTES}")
    return key


def _secrets(settings_cls: type[BaseSettings], folder: Path) -> SecretsSettingsSource:
    if not folder.is_dir():
        raise SourceError(f"secrets_dir ({ENVIRONMENT_PREFIX}SECRETS_DIR): {folder} is no folder.")
    return SecretsSettingsSource(settings_cls, secrets_dir=folder)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror
    except ValueError as error:
        # Its position only: the message may quote the line, which may hold a password.
        reason = f"is no TOML ({str(error).rpartition('(')[2].rstrip(')')})"
    raise SourceError(f"config ({ENVIRONMENT_PREFIX}CONFIG): {path}: {reason}.")


def _split(url: SecretStr) -> SplitResult:
    try:
        return urlsplit(url.get_secret_value())
    except ValueError:
        # The original quotes a part of the URL.
        raise ValueError("is no URL") from None


def _check_transport(url: SecretStr, *, allow_loopback: bool) -> None:
    """A database is reached over TLS that verifies the server, or without leaving the machine."""
    parts = _split(url)
    if parts.scheme not in _POSTGRES_SCHEMES:
        raise ValueError("begins with postgresql://")
    query = parse_qs(parts.query)
    hosts = _hosts(parts, query)
    if not hosts:
        # A driver would look for one on its own, and find different ones on different machines.
        raise ValueError("names no host")
    if all(host.startswith("/") for host in hosts):
        return
    # The last one counts, as drivers read it.
    if query.get("sslmode", [""])[-1] == "verify-full":
        for authority in query.get("sslrootcert", []):
            _readable(Path(authority))
        return
    if all(host.startswith("/") or _is_loopback(host) for host in hosts):
        if allow_loopback:
            return
        raise ValueError(
            "needs sslmode=verify-full, or allow_plaintext_loopback for a database on this machine"
        )
    raise ValueError("needs sslmode=verify-full")


def _hosts(parts: SplitResult, query: Mapping[str, list[str]]) -> list[str]:
    """The hosts of a connection URI, several of them separated by commas (libpq, 32.1.1.2)."""
    authority = parts.netloc.rpartition("@")[2]
    listed = [unquote(_without_port(host)) for host in authority.split(",") if host]
    return listed + [host for value in query.get("host", []) for host in value.split(",") if host]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _readable(path: Path | None) -> Path | None:
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        raise ValueError(f"names {path}, which is no readable file")
    return path


def _sentence(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting."
    reason = error["msg"].removeprefix("Value error, ")
    return f"{name} ({ENVIRONMENT_PREFIX}{name.upper()}): {reason}."
