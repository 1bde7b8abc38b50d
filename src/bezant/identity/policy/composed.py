"""Policy as a process opens it: the authorizer, and what stands behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bezant.identity.policy.approvals import ApprovalService
from bezant.identity.policy.approvals import operations as approval_operations
from bezant.identity.policy.audited import DecisionLog
from bezant.identity.policy.authorizer import PolicyAuthorizer, may_do
from bezant.identity.policy.engine import Engine
from bezant.identity.policy.relations import Relation, Relations
from bezant.kernel.clock import Clock
from bezant.kernel.database import Database
from bezant.kernel.http import Operation
from bezant.kernel.ids import Ids


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides in a process.

    Attributes:
        authorizer: every operation's.
        routes: of approvals, for the process that serves them.
    """

    authorizer: PolicyAuthorizer
    routes: Sequence[Operation]
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
        return cls(authorizer, routes, decisions)

    async def close(self) -> None:
        """Write what waits to be audited."""
        await self._decisions.close()
