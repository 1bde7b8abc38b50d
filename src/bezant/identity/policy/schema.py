"""The schema: what policies may name. With a policy that names anything else nothing starts.

Actions are grouped by the scope that they need, and those that change something are a group, too.
Policies speak of groups: so they hold for operations to come, and are the same in every process,
whichever operations it serves. What an operation is in, its own declaration says.
"""

from importlib.resources import files
from typing import Final, get_args

from bezant.kernel.api_keys import Scope
from bezant.kernel.http import Action

NAMESPACE: Final = "Bezant"

CHANGES: Final = "changes"
"""The group of whatever changes something."""

SCOPES: Final[frozenset[str]] = frozenset(get_args(Scope))

_ENTITIES: Final = files(__package__).joinpath("shipped/entities.cedarschema")
_ACTION: Final = """    action "{name}" appliesTo {{
        principal: [ApiKey, User, Client, ThirdParty, Operator, Service],
        resource: [Resource],
        context: Circumstances
    }};
"""


def groups_of(action: Action) -> tuple[str, ...]:
    """The groups that an action is in: its scope's, and that of changes if it is one."""
    return (action.scope, CHANGES) if action.changes else (action.scope,)


def shipped_schema() -> str:
    """The schema, in Cedar's own language."""
    actions = "".join(_ACTION.format(name=name) for name in (CHANGES, *sorted(SCOPES)))
    return f"namespace {NAMESPACE} {{\n{_ENTITIES.read_text('utf-8')}\n{actions}}}\n"
