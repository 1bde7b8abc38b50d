"""Checkpoints: signed heads of books' logs, kept outside, where who owns the database cannot reach.

Every so often the head of a log that has grown is signed, after a proof that it extends what was
signed before; the note is kept in the database and brought to every place outside. Before a book's
lane is taken, what the places keep is held against its log.
"""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.ledger.checkpoints.api import operations
    from bezant.ledger.checkpoints.errors import Forked, PlaceUnavailable
    from bezant.ledger.checkpoints.files import (
        CheckpointFiles,
        FilesUnusable,
        read_kept_note,
        read_keys,
        read_text,
    )
    from bezant.ledger.checkpoints.folder import Folder
    from bezant.ledger.checkpoints.places import Place, Published
    from bezant.ledger.checkpoints.rounds import Rounds
    from bezant.ledger.checkpoints.schemas import Checkpoint, CheckpointKeys, Checkpoints
    from bezant.ledger.checkpoints.second_store import SecondStore, prepare_store
    from bezant.ledger.checkpoints.service import CheckpointService
    from bezant.ledger.checkpoints.standing import Standing

__all__ = [
    "Checkpoint",
    "CheckpointFiles",
    "CheckpointKeys",
    "CheckpointService",
    "Checkpoints",
    "FilesUnusable",
    "Folder",
    "Forked",
    "Place",
    "PlaceUnavailable",
    "Published",
    "Rounds",
    "SecondStore",
    "Standing",
    "operations",
    "prepare_store",
    "read_kept_note",
    "read_keys",
    "read_text",
]

__getattr__ = lazily(
    __name__,
    {
        "api": "operations",
        "errors": "Forked, PlaceUnavailable",
        "files": "CheckpointFiles, FilesUnusable, read_kept_note, read_keys, read_text",
        "folder": "Folder",
        "places": "Place, Published",
        "rounds": "Rounds",
        "schemas": "Checkpoint, CheckpointKeys, Checkpoints",
        "second_store": "SecondStore, prepare_store",
        "service": "CheckpointService",
        "standing": "Standing",
    },
)
