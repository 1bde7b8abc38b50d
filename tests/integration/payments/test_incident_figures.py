"""What `/metrics` says of safeguarding: how many incidents are somebody's matter now."""

from bezant.kernel.database import Database
from bezant.kernel.telemetry import SAFEGUARDING_INCIDENTS, metrics
from bezant.payments import IncidentWatch
from customers import CustomerBank
from fixtures_api import Tenant
from safeguards import arranged_long_ago, standing_incident


async def test_incidents_that_are_not_closed_are_counted(
    own: Tenant, bank: CustomerBank, database: Database
) -> None:
    watch = IncidentWatch(database)

    async def counted(kind: str) -> dict[str, float]:
        await watch.count()
        return {
            state: SAFEGUARDING_INCIDENTS.labels(kind, state)._value.get()
            for state in ("open", "acknowledged")
        }

    before = await counted("shortfall")
    arrangement = await arranged_long_ago(bank)
    incident = await standing_incident(own, arrangement)
    assert await counted("shortfall") == before | {"open": before["open"] + 1}
    path = f"/v1/safeguarding-incidents/{incident}/acknowledge"
    await own.create(path, {"reason": "late_settlement"})
    assert await counted("shortfall") == before | {"acknowledged": before["acknowledged"] + 1}
    samples = {line.split("{")[0] for line in metrics.render().decode().splitlines()}
    assert "bezant_safeguarding_incidents" in samples
