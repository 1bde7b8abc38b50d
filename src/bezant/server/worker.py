"""A worker: one process that serves requests, run as `python -m bezant.server.worker`."""

import hashlib
import hmac
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from bezant.identity.certificates import AuthoritiesFile
from bezant.identity.clients import ClientCertificates
from bezant.identity.factors import BreachedFile
from bezant.identity.policy import Policy
from bezant.kernel.api_keys import ApiKeyAuthenticator, ApiKeyService
from bezant.kernel.cache import Cache, open_cache
from bezant.kernel.clock import Clock, SystemClock
from bezant.kernel.database import Database, Replica
from bezant.kernel.http import RateLimits
from bezant.kernel.ids import Ids, TimeOrderedIds
from bezant.kernel.jobs import DeadJobService
from bezant.kernel.outbox import EventReader
from bezant.kernel.retention import Retention
from bezant.kernel.sealed import Sealer
from bezant.kernel.sealed_owners import SealedSweep
from bezant.kernel.sealing import KeySealer
from bezant.kernel.settings import read_sealing_key
from bezant.kernel.telemetry import WORKERS, open_tracing
from bezant.kernel.unsealed import Unsealed
from bezant.kernel.webhooks import DeliveryService, Means, Serving, WebhookService
from bezant.ledger import Ledger, ReconciliationService
from bezant.ledger.checkpoints import CheckpointService
from bezant.payments import Patience
from bezant.server.app import Platform, create_app
from bezant.server.background import Further, background
from bezant.server.banking import Banking
from bezant.server.checkpoints import checkpoint_service
from bezant.server.connecting import opened_database
from bezant.server.direct_debits import DirectDebits
from bezant.server.forwarded import ForwardedCertificates
from bezant.server.identity import Identity, Surroundings
from bezant.server.payees import Payees, payee_directory, simulated_payees
from bezant.server.payments import Payments
from bezant.server.process import load_certificate, run, serve_https
from bezant.server.sandbox_bank import open_sandbox_bank
from bezant.server.sepa import sepa_debit_rails, sepa_rails, sepa_routes
from bezant.server.task import Task
from bezant.server.webhooks import webhook_means
from bezant.vault import VaultClient

_LANES: Final = b"bezant workers, between each other"


def main() -> None:
    """Take the task and serve until asked to stop."""
    run(Task, _serve)


async def _serve(task: Task) -> None:
    certificate = load_certificate(task)
    async with AsyncExitStack() as opened:
        platform = await _open(task, opened)
        app = ForwardedCertificates(
            create_app(platform), frozenset(task.mtls_proxies), SystemClock()
        )
        await serve_https(
            task,
            app,
            certificate,
            platform.streams,
            lambda: WORKERS.set(1),
            mtls_listener=task.mtls_listener,
        )


async def _open(task: Task, opened: AsyncExitStack) -> Platform:
    """Everything that the application stands on, closed with `opened` in reverse order."""
    tracing = open_tracing(task.otlp_endpoint)
    opened.callback(tracing.close)
    database = await opened.enter_async_context(_database(task))
    replica = _replica(task, opened)
    clock, ids = SystemClock(), TimeOrderedIds()
    cache = open_cache(task.cache_url, bytes.fromhex(task.cache_secret))
    opened.push_async_callback(cache.close)
    checkpoints = _checkpoints(task, database, clock, ids)
    opened.push_async_callback(checkpoints.close)
    sealing_key = read_sealing_key(task.sealing_key)
    ledger = Ledger(
        database, Path(task.run_folder), clock=clock, ids=ids, replica=replica, cache=cache,
        gatekeeper=checkpoints.standing, token=_lane_token(sealing_key),
    )  # fmt: skip
    await ledger.start()
    opened.push_async_callback(ledger.close)
    reconciliations = ReconciliationService(database, clock, ids, KeySealer(sealing_key))
    vault = _vault(task, opened)
    sealing = vault or Unsealed()
    banking = Banking.of(database, clock, ids, ledger, sealing, sealing_key)
    if task.simulated is not None:
        await open_sandbox_bank(database, clock, ids, ledger)
    identity = _identity(task, database, clock, ids, sealing, cache)
    opened.push_async_callback(identity.close)
    sealed = SealedSweep(sealing, clock, [*banking.owners, *identity.owners])
    policy = Policy.shipped(database, clock, ids, banking.relations)
    opened.push_async_callback(policy.close)
    retention = _retention(task, database, clock, ledger, banking, identity, policy)
    payments = _payments(task, opened, database, clock, ids, ledger, banking)
    payees = _payees(task, opened, database, clock, ids, banking, sealing)
    further = [
        *identity.handlings(), *banking.handlings(), *payments.handlings(),
        payees.of_files(database, payments.orders).handling(), reconciliations.handling(),
    ]  # fmt: skip
    beside = Further(further, payments.schedules())
    await opened.enter_async_context(
        background(database, clock, ids, retention, ledger, checkpoints.rounds, sealed, beside)
    )
    events = EventReader(database)
    means = _hooks(task, opened, database, clock, ids, ledger, events)
    authenticator = ApiKeyAuthenticator(database, clock)
    opened.push_async_callback(authenticator.close)
    return Platform(
        database=database,
        ledger=ledger,
        checkpoints=checkpoints,
        reconciliations=reconciliations,
        banking=banking,
        payments=payments,
        csm_routes=sepa_routes(task.csm, clock, ids, payments),
        payees=payees,
        api_keys=ApiKeyService(database, clock, ids),
        dead_jobs=DeadJobService(database, clock),
        events=events,
        webhooks=WebhookService(means),
        webhook_deliveries=DeliveryService(means),
        identity=identity,
        authenticator=RateLimits(
            identity.callers(authenticator),
            per_s=task.requests_per_s_max,
            burst=task.requests_burst_max,
        ),
        policy=policy,
        cache=cache,
        ids=ids,
        tracing=tracing,
        vault=vault,
    )


def _lane_token(sealing_key: bytes) -> str:
    """What the workers know each other by: it follows from what the platform gave all of them."""
    return hmac.digest(sealing_key, _LANES, hashlib.sha256).hex()


def _database(task: Task) -> AbstractAsyncContextManager[Database]:
    return opened_database(
        task.database_url,
        connections_max=task.connections_max,
        slow_statement_ms=task.slow_statement_ms,
    )


def _retention(
    task: Task,
    database: Database,
    clock: Clock,
    ledger: Ledger,
    banking: Banking,
    identity: Identity,
    policy: Policy,
) -> Retention:
    too_old = {
        "refused_transaction": ledger.remove_old_refusals,
        "fx_quote": ledger.fx.remove_old_quotes,
        **banking.removals,
        **identity.removals,
        **policy.removals,
    }
    return Retention(database, clock, task.keep, too_old)


def _checkpoints(task: Task, database: Database, clock: Clock, ids: Ids) -> CheckpointService:
    return checkpoint_service(
        database,
        clock,
        ids,
        task.sealing_key,
        Path(task.checkpoint_folder),
        task.checkpoint_store_url,
        every_s=task.checkpoint_interval_s,
    )


def _hooks(
    task: Task,
    opened: AsyncExitStack,
    database: Database,
    clock: Clock,
    ids: Ids,
    ledger: Ledger,
    events: EventReader,
) -> Means:
    means = webhook_means(
        database, clock, ids, ledger, events, task.sealing_key,
        allow_loopback=task.allow_webhook_loopback,
    )  # fmt: skip
    opened.push_async_callback(means.sender.close)
    opened.push_async_callback(Serving.start(means).close)
    return means


def _payments(
    task: Task,
    opened: AsyncExitStack,
    database: Database,
    clock: Clock,
    ids: Ids,
    ledger: Ledger,
    banking: Banking,
) -> Payments:
    sealing_key = read_sealing_key(task.sealing_key)
    rails = sepa_rails(task.csm, clock, ids, opened)
    payments = Payments.of(database, clock, ids, ledger, banking.accounts, sealing_key, rails)
    debit_rails = sepa_debit_rails(task.csm, clock, opened)
    direct_debits = DirectDebits.of(
        database,
        clock,
        ids,
        ledger,
        banking.accounts,
        sealing_key,
        debit_rails,
        allow_unregistered_creditors=task.allow_unregistered_creditors,
    )
    payments = replace(payments, direct_debits=direct_debits)
    opened.push_async_callback(payments.execution.close)
    return payments


def _payees(
    task: Task,
    opened: AsyncExitStack,
    database: Database,
    clock: Clock,
    ids: Ids,
    banking: Banking,
    sealer: Sealer,
) -> Payees:
    directory = (
        payee_directory(task.payee_directory)
        if task.simulated is None
        else simulated_payees(task.simulated)
    )
    key = read_sealing_key(task.sealing_key)
    payees = Payees.of(database, clock, ids, banking, sealer, key, directory, Patience())
    opened.push_async_callback(payees.asker.close)
    return payees


def _identity(
    task: Task, database: Database, clock: Clock, ids: Ids, sealer: Sealer, cache: Cache
) -> Identity:
    return Identity.of(
        Surroundings(
            database,
            clock,
            ids,
            sealer,
            read_sealing_key(task.sealing_key),
            origin=task.public_url,
            cache=cache,
            breached=(
                None
                if task.breached_passwords is None
                else BreachedFile(Path(task.breached_passwords))
            ),
            mtls_origin=task.public_mtls_url,
            allow_loopback=task.allow_webhook_loopback,
            judge=ClientCertificates(_authorities(task), clock),
        )
    )


def _authorities(task: Task) -> AuthoritiesFile:
    path = task.mtls_authorities
    return AuthoritiesFile(None if path is None else Path(path))


def _vault(task: Task, opened: AsyncExitStack) -> VaultClient | None:
    if task.vault_socket is None:
        return None
    vault = VaultClient(Path(task.vault_socket), task.vault_token)
    opened.push_async_callback(vault.close)
    return vault


def _replica(task: Task, opened: AsyncExitStack) -> Replica | None:
    if task.replica_url is None:
        return None
    replica = Replica(
        task.replica_url,
        connections_max=task.connections_max,
        slow_statement_ms=task.slow_statement_ms,
    )
    opened.push_async_callback(replica.close)
    return replica


if __name__ == "__main__":
    main()
