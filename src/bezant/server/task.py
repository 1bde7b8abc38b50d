"""What the parent hands its processes: apart from these, so that it need not load what they run."""

from uuid import UUID

from msgspec import Struct

from bezant.kernel.retention import Keep
from bezant.server.process import ProcessTask


class CsmTask(Struct, frozen=True):
    """The line to the clearing system for SEPA payments.

    Attributes:
        authority: the file of the authorities that its certificate comes from.
        participants: BIC, tenant and institution of each that takes part.
        certificate: the file of ours, where it asks for one.
    """

    url: str
    secret: str
    authority: str | None
    participants: list[tuple[str, UUID, UUID]]
    certificate: str | None = None


class Simulated(Struct, frozen=True):
    """Other banks that are only simulated.

    Attributes:
        payees_url: where they verify payees.
        authority: the file of the authority that their certificate comes from; None for those of
            the system.
    """

    payees_url: str
    authority: str | None


class Task(ProcessTask, frozen=True):
    """What a worker serves, and with what.

    Attributes:
        mtls_listener: the inherited descriptor of the listener that asks for client certificates.
        database_url: as the application's role.
        replica_url: a replica of the database, as the same role; None for none.
        connections_max: how many connections it may hold.
        cache_url: the cache.
        cache_secret: what its entries are signed with, in hexadecimal digits.
        run_folder: where workers of one machine meet.
        keep: how long what is not history is kept.
        sealing_key: what secrets in the database are sealed under, in base64.
        checkpoint_interval_s: how often books that have grown are signed.
        checkpoint_folder: where checkpoints are kept as files.
        checkpoint_store_url: the second store for them; None for none.
        allow_webhook_loopback: send webhooks to this machine too.
        vault_socket: where the vault answers this machine's processes; None where there is none.
        vault_token: what it knows them by.
        public_url: the origin of the API, as clients know it.
        breached_passwords: the file of passwords that no user may choose; None for none.
        payee_directory: the file of the banks that are asked about payees; None for none.
        public_mtls_url: of the listener for certificates.
        mtls_authorities: the file of the authorities that clients' certificates come from.
        mtls_proxies: the certificates of proxies whose word is taken, SHA-256 in hexadecimal.
        csm: the clearing system for SEPA payments; None for none.
        allow_unregistered_creditors: let an identifier collect that nobody has registered.
        simulated: the other banks of a sandbox, in which its own bank takes part; None for none.
    """

    mtls_listener: int
    database_url: str
    replica_url: str | None
    connections_max: int
    cache_url: str
    cache_secret: str
    run_folder: str
    keep: Keep
    sealing_key: str
    checkpoint_interval_s: int
    checkpoint_folder: str
    checkpoint_store_url: str | None
    allow_webhook_loopback: bool
    vault_socket: str | None
    vault_token: str
    public_url: str
    breached_passwords: str | None
    payee_directory: str | None
    public_mtls_url: str
    mtls_authorities: str | None
    mtls_proxies: list[str]
    csm: CsmTask | None
    allow_unregistered_creditors: bool
    simulated: Simulated | None

    @property
    def inherited(self) -> tuple[int, ...]:
        """Every descriptor that the process takes over."""
        return (self.listener, self.mtls_listener)


class VaultTask(ProcessTask, frozen=True):
    """What the vault serves, and with what.

    Attributes:
        database_url: the main database, as the vault's role.
        keys_url: the database of keys, as the vault's role.
        key_store: which key store, as in the settings.
        contents_key: what payments say is sealed under, in base64: a person's export has it.
        data_dir: the data folder, where the embedded key store is.
        socket: where this machine's processes ask.
        token: what they are known by.
    """

    database_url: str
    keys_url: str
    key_store: str
    contents_key: str
    data_dir: str
    socket: str
    token: str


class SandboxTask(ProcessTask, frozen=True):
    """The other side of payments, simulated; its listener is that of the bank that verifies payees.

    Attributes:
        csm_listener: the inherited descriptor of the clearing system's listener.
        csm_secret: what it and the platform know each other by.
        participant: the BIC of the bank whose messages are delivered.
        platform_url: where that bank takes them.
        authority: the file of the authority that the platform's certificate comes from; None for
            those of the system.
    """

    csm_listener: int
    csm_secret: str
    participant: str
    platform_url: str
    authority: str | None

    @property
    def inherited(self) -> tuple[int, ...]:
        """Every descriptor that the process takes over."""
        return (self.listener, self.csm_listener)
