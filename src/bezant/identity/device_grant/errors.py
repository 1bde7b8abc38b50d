"""Why a code that somebody typed leads nowhere."""

from bezant.kernel.errors import NotFound


class UserCodeUnknown(NotFound):
    """No device waits with this code: mistyped, expired, or decided already."""

    code, title = "USER_CODE_UNKNOWN", "The code is not known"
