"""What the parent hands its processes: apart from these, so that it need not load what they run."""

from bezant.kernel.retention import Keep
from bezant.server.process import ProcessTask


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
        public_mtls_url: of the listener for certificates.
        mtls_authorities: the file of the authorities that clients' certificates come from.
        mtls_proxies: the certificates of proxies whose word is taken, SHA-256 in hexadecimal.
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
    public_mtls_url: str
    mtls_authorities: str | None
    mtls_proxies: list[str]

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
        data_dir: the data folder, where the embedded key store is.
        socket: where this machine's processes ask.
        token: what they are known by.
    """

    database_url: str
    keys_url: str
    key_store: str
    data_dir: str
    socket: str
    token: str
