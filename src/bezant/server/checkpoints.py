"""Checkpoints of a platform: what signs them, and the places outside that it is set up with."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.ids import Ids
from bezant.kernel.sealing import KeySealer
from bezant.kernel.settings import Settings, read_sealing_key
from bezant.ledger.checkpoints import CheckpointService, Folder, Place, SecondStore

FOLDER: Final = "checkpoints"
"""In the data folder, where no other is named."""


def folder_of(settings: Settings, data_dir: Path) -> Path:
    """Where notes are kept as files."""
    return settings.checkpoint_folder or data_dir / FOLDER


def store_url_of(settings: Settings) -> str | None:
    """The second store; None for none."""
    url = settings.checkpoint_store_url
    return None if url is None else url.get_secret_value()


def checkpoint_service(
    database: Database,
    clock: Clock,
    ids: Ids,
    sealing_key: str,
    folder: Path,
    store_url: str | None,
    *,
    every_s: int,
) -> CheckpointService:
    """What signs, publishes and judges.

    Args:
        database: connected as the application's role.
        clock: tells when.
        ids: names keys and events.
        sealing_key: what signing keys are sealed under, in base64.
        folder: where notes are kept as files.
        store_url: a second store; None for none.
        every_s: how often books that have grown are signed.
    """
    places: list[Place] = [Folder(folder)]
    if store_url is not None:
        places.append(SecondStore(store_url))
    return CheckpointService(
        database,
        clock,
        ids,
        KeySealer(read_sealing_key(sealing_key)),
        places,
        every=timedelta(seconds=every_s),
    )
