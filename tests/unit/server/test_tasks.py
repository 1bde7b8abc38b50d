"""What the processes are told: the vault's secrets are the vault's alone."""

import os
from contextlib import closing
from dataclasses import fields

import msgspec

from bezant.kernel.settings import Settings
from bezant.server.certificates import Certificates
from bezant.server.embedded import DataFolder
from bezant.server.listening import listen
from bezant.server.stores import Stores, VaultStores
from bezant.server.tasks import Tasks
from fixtures_servers import open_folder

STORES = Stores(
    database_url="postgresql://bezant_app:of-the-application@/bezant?host=/run",
    owner_url="postgresql://bezant_owner:of-the-owner@/bezant?host=/run",
    cache_url="unix:///run/valkey.sock",
    vault=VaultStores(
        database_url="postgresql://bezant_vault:of-the-vault@/bezant?host=/run",
        keys_url="postgresql://bezant_vault:of-the-keys@/bezant_keys?host=/run",
        keys_owner_url="postgresql://bezant_keys_owner:of-their-owner@/bezant_keys?host=/run",
    ),
    embedded=None,
)


def test_a_worker_holds_nothing_that_opens_what_is_sealed_and_nobody_holds_an_owners_url() -> None:
    with (
        open_folder() as parent,
        DataFolder(parent / "data") as data,
        closing(listen("127.0.0.1", 0)) as listener,
        closing(listen("127.0.0.1", 0)) as mtls_listener,
    ):
        settings = Settings(data_dir=data.path)
        tasks = Tasks(settings, data, STORES, Certificates(settings, data), data.path, None)
        worker, vault = tasks.worker(listener, mtls_listener), tasks.vault(listener)
    of_worker, of_vault = (msgspec.json.encode(task).decode() for task in (worker, vault))
    for secret in ("of-the-vault", "of-the-keys"):
        assert secret in of_vault
        assert secret not in of_worker
    assert "of-the-application" in of_worker
    assert "of-the-application" not in of_vault
    assert worker.sealing_key not in of_vault
    for secret in ("of-the-owner", "of-their-owner"):
        assert secret not in of_worker + of_vault
    assert (worker.vault_socket, worker.vault_token) == (vault.socket, vault.token)
    assert len(vault.token) > 40
    assert worker.parent_pid == vault.parent_pid == os.getpid()


def test_tasks_stores_and_their_secrets_are_not_shown() -> None:
    shown = repr(STORES) + repr(STORES.vault)
    assert not [each.name for each in fields(STORES) if each.name in shown]
