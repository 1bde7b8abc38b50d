"""The routes of dead letters."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from msgspec import Struct

from bezant.kernel.calls import Answer
from bezant.kernel.http import Nothing, Operation, Reading, ReadOperation, WriteOperation, Writing
from bezant.kernel.jobs.dead import DeadJob, DeadJobs, DeadJobService
from bezant.kernel.jobs.errors import DeadJobNotFound
from bezant.kernel.pagination import UUID_POSITION, InvalidCursor, Page, turn_page

_DEAD: Final = "/v1/jobs/dead"


class JobPath(Struct, frozen=True):
    """A dead letter."""

    job: UUID


class Routes:
    """The handlers."""

    def __init__(self, dead: DeadJobService) -> None:
        self._dead = dead

    async def page(self, asked: Reading[Nothing, Page]) -> DeadJobs:
        """`GET /v1/jobs/dead`."""
        tenant_id = asked.principal.tenant_id
        return await turn_page(
            _DEAD,
            asked.query,
            UUID_POSITION,
            lambda after, limit: self._dead.page(tenant_id, after=after, limit=limit),
        )

    async def replay(self, asked: Writing[JobPath, Nothing]) -> Answer:
        """`POST /v1/jobs/dead/{job}/replay`."""
        return await self._dead.replay(asked.call, asked.path.job)

    async def discard(self, asked: Writing[JobPath, Nothing]) -> Answer:
        """`POST /v1/jobs/dead/{job}/discard`."""
        return await self._dead.discard(asked.call, asked.path.job)


def operations(dead: DeadJobService) -> Sequence[Operation]:
    """The operations on dead letters."""
    routes = Routes(dead)
    return [
        ReadOperation(
            id="list_dead_jobs",
            path=_DEAD,
            tag="jobs",
            summary="Jobs whose attempts are used up, oldest first",
            scope="jobs:read",
            query_type=Page,
            answer_type=DeadJobs,
            refusals=(InvalidCursor,),
            handler=routes.page,
        ),
        WriteOperation(
            id="replay_dead_job",
            path=f"{_DEAD}/{{job}}/replay",
            tag="jobs",
            summary="Run a dead letter again",
            description="It begins with its first attempt; one with a key queues behind others.",
            scope="jobs:write",
            action="job.replay",
            path_type=JobPath,
            body_type=Nothing,
            example={},
            answer_type=DeadJob,
            refusals=(DeadJobNotFound,),
            handler=routes.replay,
        ),
        WriteOperation(
            id="discard_dead_job",
            path=f"{_DEAD}/{{job}}/discard",
            tag="jobs",
            summary="Leave a dead letter for ever",
            scope="jobs:write",
            action="job.discard",
            path_type=JobPath,
            body_type=Nothing,
            example={},
            answer_type=DeadJob,
            refusals=(DeadJobNotFound,),
            handler=routes.discard,
        ),
    ]
