"""What the processes of a platform are told: from settings, stores and files to their tasks."""

import os
import secrets
import socket
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bezant.kernel.retention import Keep
from bezant.kernel.settings import Settings, read_sealing_key
from bezant.server.cache_secret import cache_secret
from bezant.server.certificates import Certificates
from bezant.server.checkpoints import folder_of, store_url_of
from bezant.server.contents_key import contents_key
from bezant.server.embedded import DataFolder
from bezant.server.listening import url_of
from bezant.server.sandboxing import SANDBOX_BIC, Sandbox
from bezant.server.sealing_key import sealing_key
from bezant.server.stores import Stores
from bezant.server.task import CsmTask, SandboxTask, Task, VaultTask

SOCKET: Final = "vault.sock"
"""Of the vault, in the run folder."""

DRAIN_S: Final = 10
"""How long requests in flight may take once the platform was asked to stop."""

_CONNECTIONS_PER_WORKER_MAX: Final = 10
# The embedded PostgreSQL takes 100 connections; the vault has 8 of them, some are for migrations,
# commands and operators.
_CONNECTIONS_MAX: Final = 80
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class Tasks:
    """Tasks of one start of the platform.

    Attributes:
        run_folder: where the processes meet.
        sandbox: the simulated other side of payments; None for none.
        vault_token: what the vault knows the others by; of this start alone.
    """

    settings: Settings
    data: DataFolder
    stores: Stores
    certificates: Certificates
    run_folder: Path
    sandbox: Sandbox | None
    vault_token: str = field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES))

    def worker(self, listener: socket.socket, mtls_listener: socket.socket) -> Task:
        """A worker's: nothing in it opens what the vault has sealed, but by asking the vault."""
        settings, stores = self.settings, self.stores
        replica_url = settings.replica_url
        return Task(
            **self._common(listener),
            mtls_listener=mtls_listener.fileno(),
            database_url=stores.database_url,
            replica_url=None if replica_url is None else replica_url.get_secret_value(),
            connections_max=_connections_per_worker(settings.workers),
            cache_url=stores.cache_url,
            cache_secret=cache_secret(settings, self.data),
            run_folder=str(self.run_folder),
            keep=Keep(
                idempotency_h=settings.keep_idempotency_h,
                jobs_h=settings.keep_jobs_h,
                dead_jobs_h=settings.keep_dead_jobs_h,
                events_h=settings.keep_events_h,
            ),
            sealing_key=sealing_key(settings, self.data),
            checkpoint_interval_s=settings.checkpoint_interval_s,
            checkpoint_folder=str(folder_of(settings, self.data.path)),
            checkpoint_store_url=store_url_of(settings),
            allow_webhook_loopback=settings.allow_webhook_loopback,
            vault_socket=self.vault_socket,
            vault_token=self.vault_token,
            breached_passwords=(
                None if settings.breached_passwords is None else str(settings.breached_passwords)
            ),
            payee_directory=_text(settings.payee_directory),
            public_url=settings.public_url or url_of(settings.host, listener),
            public_mtls_url=settings.public_mtls_url
            or url_of(settings.mtls_host or settings.host, mtls_listener),
            mtls_authorities=_text(settings.mtls_authorities),
            mtls_proxies=sorted(settings.mtls_proxies),
            csm=_csm(settings) if self.sandbox is None else self.sandbox.csm,
            allow_unregistered_creditors=settings.allow_unregistered_creditors,
            simulated=(
                None
                if self.sandbox is None
                else self.sandbox.simulated(_text(self.certificates.ca))
            ),
        )

    def other_side(self, listener: socket.socket) -> SandboxTask:
        """That of the simulated other side of payments, where there is one.

        Args:
            listener: the platform's.
        """
        assert self.sandbox is not None, "there is none"
        return SandboxTask(
            **self._common(self.sandbox.listener),
            csm_listener=self.sandbox.csm_listener.fileno(),
            csm_secret=self.sandbox.secret,
            participant=SANDBOX_BIC,
            platform_url=f"{url_of(self.settings.host, listener)}/sepa",
            authority=_text(self.certificates.ca),
        )

    def vault(self, listener: socket.socket) -> VaultTask:
        """The vault's, where there is one."""
        vault = self.stores.vault
        assert vault is not None, "there is no vault"
        return VaultTask(
            **self._common(listener),
            database_url=vault.database_url,
            keys_url=vault.keys_url,
            key_store=self.settings.key_store,
            contents_key=b64encode(
                contents_key(read_sealing_key(sealing_key(self.settings, self.data)))
            ).decode(),
            data_dir=str(self.data.path),
            socket=str(self.run_folder / SOCKET),
            token=self.vault_token,
        )

    @property
    def vault_socket(self) -> str | None:
        """Where the vault answers processes of this machine; None where there is none."""
        return None if self.stores.vault is None else str(self.run_folder / SOCKET)

    def _common(self, listener: socket.socket) -> dict[str, Any]:
        settings = self.settings
        return {
            "parent_pid": os.getpid(),
            "listener": listener.fileno(),
            "certificate": str(self.certificates.certificate),
            "key": str(self.certificates.key),
            "drain_s": DRAIN_S,
            "log_format": settings.log_format,
            "otlp_endpoint": settings.otlp_endpoint,
            "slow_statement_ms": settings.slow_statement_ms,
            "requests_per_s_max": settings.requests_per_s_max,
            "requests_burst_max": settings.requests_burst_max,
        }


def _csm(settings: Settings) -> CsmTask | None:
    if settings.csm_url is None:
        return None
    assert settings.csm_secret is not None, "the settings go together"
    return CsmTask(
        settings.csm_url,
        settings.csm_secret.get_secret_value(),
        _text(settings.csm_authority),
        [(each.bic, each.tenant_id, each.institution_id) for each in settings.csm_participants],
        _text(settings.csm_certificate),
    )


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _connections_per_worker(workers: int) -> int:
    return max(2, min(_CONNECTIONS_PER_WORKER_MAX, _CONNECTIONS_MAX // workers))
