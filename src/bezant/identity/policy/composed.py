"""Policy as a process opens it: the authorizer, and what stands behind it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from bezant.identity.policy.approvals import ApprovalService
from bezant.identity.policy.approvals import operations as approval_operations
from bezant.identity.policy.audited import DecisionLog
from bezant.identity.policy.authorizer import PolicyAuthorizer, may_do, usable_scopes
from bezant.identity.policy.engine import Engine
from bezant.identity.policy.relations import Relation, Relations
from bezant.kernel.calls import Principal
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.http import Operation
from bezant.kernel.ids import Ids
from bezant.kernel.retention import RemoveAnswers


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides in a process.

    Attributes:
        authorizer: every operation's.
        routes: of approvals, for the process that serves them.
        usable_scopes: those of a caller's that credentials which the caller makes may have.
        removals: of what is too old, by table.
    """

    authorizer: PolicyAuthorizer
    routes: Sequence[Operation]
    usable_scopes: Callable[[Principal], frozenset[str]]
    removals: Mapping[str, RemoveAnswers]
    _decisions: DecisionLog

    @classmethod
    def shipped(
        cls, database: Database, clock: Clock, ids: Ids, relations: Sequence[Relation] = ()
    ) -> Self:
        """By the policies that come with the platform.

        Args:
            database: as the role of this process.
            clock: tells how old logins are, and when approvals expire.
            ids: of entries of the audit log.
            relations: those that domains register.

        Raises:
            PolicyRefused: a policy cannot be used.
        """
        engine = Engine.shipped()
        approvals = ApprovalService(database, clock)
        decisions = DecisionLog(database, clock, ids)
        authorizer = PolicyAuthorizer(engine, Relations(relations), approvals, decisions, clock)
        routes = approval_operations(approvals, may_do(engine, clock))
        usable = usable_scopes(engine, clock)
        removals = {"approval": approvals.remove_over}
        return cls(authorizer, routes, usable, removals, decisions)

    async def close(self) -> None:
        """Write what waits to be audited."""
        await self._decisions.close()
