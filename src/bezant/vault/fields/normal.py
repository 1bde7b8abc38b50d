"""The forms in which blind indexes compare values."""

from bezant.kernel.sealed import Normal


def normalised(form: Normal, value: str) -> str:
    """The value in the form of an index."""
    del form
    return value.strip().casefold()
