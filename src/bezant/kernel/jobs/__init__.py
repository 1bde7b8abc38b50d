"""Background work: jobs as rows of the business commit, carried out by whichever worker is alive.

Make one with `JobKind.row`; carry it out with a `Handler` that the composition root gives to the
`JobRunner`. What a handler wants written commits together with the end of its attempt, under a
fencing token, so it happens once; jobs of one key run in order, one at a time.
"""

from bezant.kernel.jobs.api import operations
from bezant.kernel.jobs.dead import DeadJob, DeadJobs, DeadJobService, remove_old
from bezant.kernel.jobs.kinds import (
    PLATFORM,
    Again,
    Done,
    GiveUp,
    Handler,
    Handling,
    Job,
    JobKind,
    Outcome,
    RetryPolicy,
    Work,
)
from bezant.kernel.jobs.runner import JobRunner, Schedule

__all__ = [
    "PLATFORM",
    "Again",
    "DeadJob",
    "DeadJobService",
    "DeadJobs",
    "Done",
    "GiveUp",
    "Handler",
    "Handling",
    "Job",
    "JobKind",
    "JobRunner",
    "Outcome",
    "RetryPolicy",
    "Schedule",
    "Work",
    "operations",
    "remove_old",
]
