"""The one place where payments are put together from their parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from bezant.banking import AccountService, InstitutionService
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.fingerprints import Fingerprints
from bezant.kernel.http import Operation
from bezant.kernel.ids import Ids
from bezant.kernel.jobs import Handling, Schedule
from bezant.ledger import Ledger
from bezant.payments import (
    Arrivals,
    BulkDecisions,
    BulkIntake,
    BulkReports,
    BulkRuns,
    CaptureService,
    Checks,
    ClaimService,
    CoreReceiver,
    DuePayments,
    Execution,
    FeeService,
    IncidentService,
    IncidentWatch,
    IncomingService,
    Means,
    OnArrival,
    PaymentService,
    PreExecution,
    QuoteService,
    Rail,
    RecallService,
    Receiver,
    RefundService,
    ResolutionService,
    ReturnService,
    SafeguardingRuns,
    SafeguardingService,
    Secrecy,
    SettlementService,
    StandingOrders,
    StandingRuns,
    VerificationContents,
    bulk_operations,
    capture_operations,
    fee_operations,
    payment_operations,
    quote_operations,
    refund_operations,
    resolution_operations,
    return_operations,
    safeguarding_operations,
    settlement_operations,
    standing_operations,
)
from bezant.server.contents_key import contents_sealer
from bezant.server.direct_debits import DirectDebits


@dataclass(frozen=True, slots=True)
class Judges:
    """What judges payments, and what judges what other banks bring."""

    payments: Sequence[PreExecution] = ()
    arrivals: Sequence[OnArrival] = ()


_NO_MORE: Final = Judges()


@dataclass(frozen=True, slots=True)
class Payments:
    """What a worker serves and carries out of payments.

    Attributes:
        receiver: what rails that receive are given.
        direct_debits: between customers here, until it is replaced by one that has rails.
    """

    orders: PaymentService
    execution: Execution
    resolutions: ResolutionService
    due: DuePayments
    standing: StandingOrders
    standing_runs: StandingRuns
    bulk_intake: BulkIntake
    bulk_reports: BulkReports
    bulk_decisions: BulkDecisions
    bulk_runs: BulkRuns
    recalls: RecallService
    claims: ClaimService
    receiver: Receiver
    incoming: IncomingService
    captures: CaptureService
    refunds: RefundService
    fees: FeeService
    settlements: SettlementService
    quotes: QuoteService
    direct_debits: DirectDebits
    safeguarding: SafeguardingService
    safeguarding_runs: SafeguardingRuns
    incidents: IncidentService
    incident_watch: IncidentWatch

    @classmethod
    def of(
        cls,
        database: Database,
        clock: Clock,
        ids: Ids,
        ledger: Ledger,
        accounts: AccountService,
        sealing_key: bytes,
        rails: Mapping[str, Rail],
        judges: Judges = _NO_MORE,
    ) -> Self:
        """Put it together.

        Args:
            database: connected as the application's role.
            clock: for whatever no lane decides.
            ids: of orders and attempts.
            ledger: in whose commits orders are taken and carried out.
            accounts: of customers.
            sealing_key: of the platform, under which what payments say is sealed.
            rails: by name; none besides book transfers where it is empty.
            judges: what is asked besides limits, in every process the same.
        """
        Checks.use(judges.payments)
        Arrivals.use(judges.arrivals)
        fingerprints = Fingerprints(sealing_key)
        secrecy = Secrecy(contents_sealer(sealing_key), fingerprints)
        means = Means(rails, ids.new())
        orders = PaymentService(database, clock, ids, ledger, accounts, secrecy, means)
        execution = Execution(orders, ledger, ids, means)
        due = DuePayments(orders, ledger, clock, ids, execution.begin)
        standing = StandingOrders(database, ids, ledger, orders, fingerprints)
        standing_runs = StandingRuns(standing, orders, ledger, ids)
        institutions = InstitutionService(database, clock, ids, ledger)
        incoming = IncomingService(database, ids, ledger, accounts, institutions, orders, secrecy)
        shown = VerificationContents(database, secrecy.sealer)
        returns = ReturnService(database, clock, ids, ledger, institutions, orders)
        safeguarding = SafeguardingService(database, ledger, institutions)
        recalls = RecallService(database, ids, ledger, orders, returns, rails)
        return cls(
            orders,
            execution,
            ResolutionService(orders, ledger),
            due,
            standing,
            standing_runs,
            BulkIntake(database, clock, ids, accounts, orders, fingerprints),
            BulkReports(database, clock, ids, orders, shown, accounts),
            BulkDecisions(database, clock, ids),
            BulkRuns(database, clock, ids, accounts, orders, execution.begin),
            recalls,
            ClaimService(ids, ledger, orders),
            CoreReceiver(incoming, returns, recalls),
            incoming,
            CaptureService(database, clock, ids, ledger, orders, accounts, fingerprints),
            RefundService(database, ids, ledger, orders),
            FeeService(database, clock, ids),
            SettlementService(database, ids, ledger, accounts, fingerprints),
            QuoteService(database, ids, ledger, orders, accounts, fingerprints),
            DirectDebits.of(database, clock, ids, ledger, accounts, sealing_key, {}),
            safeguarding,
            SafeguardingRuns(safeguarding, ledger, ids),
            IncidentService(database, ledger, safeguarding),
            IncidentWatch(database),
        )

    @property
    def operations(self) -> Sequence[Operation]:
        """Of the API."""
        return [
            *payment_operations(self.orders, self.execution.begin),
            *resolution_operations(self.resolutions),
            *standing_operations(self.standing),
            *bulk_operations(self.bulk_intake, self.bulk_reports, self.bulk_decisions),
            *return_operations(self.recalls, self.claims),
            *capture_operations(self.captures),
            *refund_operations(self.refunds),
            *fee_operations(self.fees),
            *settlement_operations(self.settlements),
            *quote_operations(self.quotes),
            *self.direct_debits.operations,
            *safeguarding_operations(self.safeguarding, self.incidents),
        ]

    def handlings(self) -> list[Handling[Any]]:
        """The jobs that carry payments out, find out what became of them, and tell of claims."""
        return [
            self.execution.handling(),
            self.due.handling(),
            self.standing_runs.handling(),
            self.bulk_decisions.handling(),
            self.bulk_runs.handling(),
            self.recalls.handling(),
            self.claims.handling(),
            self.captures.handling(),
            *self.direct_debits.handlings(),
            self.safeguarding_runs.handling(),
            self.incident_watch.handling(),
        ]

    def schedules(self) -> list[Schedule]:
        """The jobs that nobody asks for."""
        return [self.incident_watch.schedule()]
