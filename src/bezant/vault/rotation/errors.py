"""Refusals of rotations and of ending keys."""

from bezant.kernel.errors import Conflict, NotFound, Refusal


class RotationNotFound(NotFound):
    """There is no such rotation of this tenant."""

    code, title = "ROTATION_NOT_FOUND", "There is no such rotation"


class RotationRunning(Conflict):
    """A rotation of the same kind of key has not ended."""

    code, title = "ROTATION_RUNNING", "A rotation is running"


class UnknownKeyKind(Refusal):
    """There is no such kind of key, or it is not a tenant's to rotate."""

    status, code, title = 422, "UNKNOWN_KEY_KIND", "There is no such kind of key"


class KeyVersionNotFound(NotFound):
    """There is no such version."""

    code, title = "KEY_VERSION_NOT_FOUND", "There is no such version of the key"


class KeyInUse(Conflict):
    """Something still opens under that version only. Rotate, and look at what failed."""

    code, title = "KEY_IN_USE", "The key is in use"


class KeyKeptForBackups(Conflict):
    """A backup that is still kept may need the version. A reason forces it, and is audited."""

    code, title = "KEY_KEPT_FOR_BACKUPS", "Backups may need the key"
