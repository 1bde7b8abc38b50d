"""Why a request about jobs is declined."""

from bezant.kernel.errors import NotFound


class DeadJobNotFound(NotFound):
    """No such dead letter, or another tenant's: it may have been replayed or discarded."""

    code, title = "DEAD_JOB_NOT_FOUND", "No such dead letter"
