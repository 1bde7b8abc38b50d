"""What may have become of a key."""


class KeyDestroyed(Exception):  # noqa: N818 - what became of the key
    """The version is unknown, or destroyed: what it wrapped stays closed."""


class KeyRetired(Exception):  # noqa: N818 - what became of the key
    """A rotation retired the version meanwhile: do the work again, under the next one."""
