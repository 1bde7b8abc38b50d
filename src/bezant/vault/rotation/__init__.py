"""Rotation: keys are renewed while they are in use, and ended when nothing needs them any more."""

from typing import TYPE_CHECKING

from bezant.kernel.lazy import lazily

if TYPE_CHECKING:
    from bezant.vault.rotation.digests import NoDigests, Portion, Redigest
    from bezant.vault.rotation.progress import PLATFORM
    from bezant.vault.rotation.schemas import (
        DestroyedKeys,
        KeyDestruction,
        KeyVersion,
        KeyVersions,
        NewRotation,
        Rotation,
        Rotations,
    )
    from bezant.vault.rotation.service import Means, RotationService

__all__ = [
    "PLATFORM",
    "DestroyedKeys",
    "KeyDestruction",
    "KeyVersion",
    "KeyVersions",
    "Means",
    "NewRotation",
    "NoDigests",
    "Portion",
    "Redigest",
    "Rotation",
    "RotationService",
    "Rotations",
]

__getattr__ = lazily(
    __name__,
    {
        "digests": "NoDigests, Portion, Redigest",
        "progress": "PLATFORM",
        "schemas": "DestroyedKeys, KeyDestruction, KeyVersion, KeyVersions, NewRotation,"
        " Rotation, Rotations",
        "service": "Means, RotationService",
    },
)
