"""What else can keep the platform from starting, or from going on, each with its remedy."""

# ruff: noqa: N818 - the names say what happened, as those of the embedded servers do

from bezant.server.embedded import StartupError


class PortTaken(StartupError):
    """Another program listens on the port."""

    code = "PORT_TAKEN"


class AddressUnusable(StartupError):
    """The address is not this machine's, cannot be resolved, or the port needs more rights."""

    code = "ADDRESS_UNUSABLE"


class CertificateUnusable(StartupError):
    """The configured TLS certificate and key cannot be used."""

    code = "CERTIFICATE_UNUSABLE"


class DatabaseUnusable(StartupError):
    """The database cannot be reached, or is not fit to keep money on."""

    code = "DATABASE_UNUSABLE"


class SchemaMismatch(StartupError):
    """The database's schema and this release do not fit together."""

    code = "SCHEMA_MISMATCH"


class SealingKeyUnusable(StartupError):
    """The data folder's sealing key is damaged, or cannot be read."""

    code = "SEALING_KEY_UNUSABLE"


class KeyStoreUnusable(StartupError):
    """The vault's key store is missing, damaged, closed to us, or does not answer."""

    code = "KEY_STORE_UNUSABLE"


class PayeeDirectoryUnusable(StartupError):
    """The list of banks that verify payees cannot be read."""

    code = "PAYEE_DIRECTORY_UNUSABLE"


class BackupsUnset(StartupError):
    """What backups need is not set."""

    code = "BACKUPS_UNSET"


class NotArchiving(StartupError):
    """The platform does not archive its log, so a base backup could not be restored."""

    code = "NOT_ARCHIVING"


class BaseBackupFailed(StartupError):
    """PostgreSQL's own program for base backups did not end well."""

    code = "BASE_BACKUP_FAILED"


class RestoreUnsound(StartupError):
    """What was restored does not verify."""

    code = "RESTORE_UNSOUND"


class ErasureJournalRefused(StartupError):
    """The journal of erasures is lost or altered: a restore could bring erased data back."""

    code = "ERASURE_JOURNAL_REFUSED"


class WorkersFailing(StartupError):
    """Workers end again and again."""

    code = "WORKERS_FAILING"


class NotRunning(StartupError):
    """No platform runs on the data folder."""

    code = "NOT_RUNNING"


class NoLocalKey(StartupError):
    """The data folder holds no API key for local commands."""

    code = "NO_LOCAL_KEY"


class WorkerRefused(StartupError):
    """A worker could not start, and said why.

    Attributes:
        code: that of the worker's own error.
    """

    def __init__(self, code: str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        # The error happened in another process, where its class was known.
        self.code = code  # type: ignore[misc]  # a class constant elsewhere
