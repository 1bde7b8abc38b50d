"""Every route of the API and of the vault, by role: the table beside is reviewed, line by line."""

from pathlib import Path
from uuid import UUID

from bezant.identity.logins import Acr
from bezant.identity.policy import Engine, Question
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.http import Action
from fixtures_api import Api
from fixtures_vault import Counter

TABLE = Path(__file__).with_name("permissions.txt")
ROLES = ("owner", "operations", "compliance", "support", "developer", "auditor")
OWN, FOREIGN = UUID(int=1), UUID(int=2)


def permitted(engine: Engine, action: Action, tenant_id: UUID) -> str:
    """The roles that may, with `+1` where somebody else has to approve."""
    found = []
    for role in ROLES:
        principal = Principal(
            OWN, f"user:{role}", frozenset({action.scope}), kind=PrincipalKind.USER,
            user_id=UUID(int=3), roles=frozenset({role}), acr=Acr.SCA,
        )  # fmt: skip
        verdict = engine.answer(Question(principal, action, tenant_id, login_age_s=0))
        if verdict.allowed:
            found.append(role)
        elif verdict.demand is not None and verdict.demand.approvals:
            found.append(f"{role}+1")
    return " ".join(found) or "nobody"


async def test_every_route_permits_the_roles_that_were_reviewed(api: Api, counter: Counter) -> None:
    engine, lines = Engine.shipped(), []
    vault = (await counter.tenant.client.get("/openapi.json")).json()
    paths = {**(await api.document())["paths"], **vault["paths"]}
    for path, methods in paths.items():
        for method, operation in methods.items():
            needs = operation.get("security", [])
            for scope in [name for each in needs for [name] in each.values()]:
                action = Action(operation["operationId"], scope, changes=method != "get")
                lines.append(f"{method.upper()} {path}: {permitted(engine, action, OWN)}")
                assert permitted(engine, action, FOREIGN) == "nobody"
    reviewed = TABLE.read_text().splitlines()
    unreviewed = sorted(set(lines) - set(reviewed))
    assert unreviewed == [], "\n".join(unreviewed)
    assert sorted(lines) == reviewed, "a line that no route has any more"
