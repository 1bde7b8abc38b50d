"""Which policies a request can match at all: the others are not evaluated.

A policy's head says whom and what it is about, and most are about other roles and other scopes.
Cedar looks at the head of each for every request; what a head keeps out for a kind of caller, its
roles and the groups of an action is the same each time, and is left out beforehand.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import cedarpy

from bezant.identity.policy.domain import ENTITY_TYPES
from bezant.identity.policy.schema import CHANGES, NAMESPACE, SCOPES, groups_of
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.http import Action

SLICES_MAX: Final = 2_000
"""That are kept parsed; the oldest is parsed again."""

_GROUPS: Final = SCOPES | {CHANGES}
_ROLE: Final = f"{NAMESPACE}::Role"


class _Key(NamedTuple):
    """What heads speak of."""

    entity_type: str
    roles: frozenset[str]
    groups: tuple[str, ...]


class Slices:
    """Policies, as few of them as a request can match.

    Args:
        policies: in Cedar's JSON, by their `@id`.
    """

    def __init__(self, policies: Mapping[str, Any]) -> None:
        self._policies = policies
        self._parsed: dict[_Key, cedarpy.PolicySet] = {}

    def of(self, principal: Principal, action: Action) -> cedarpy.PolicySet:
        """Those whose heads may match; with another caller's or action's, heads would not."""
        is_user = principal.kind is PrincipalKind.USER
        key = _Key(
            f"{NAMESPACE}::{ENTITY_TYPES[principal.kind]}",
            principal.roles if is_user else frozenset(),
            groups_of(action),
        )
        parsed = self._parsed.get(key)
        if parsed is None:
            parsed = self._parse(key)
            if len(self._parsed) >= SLICES_MAX:
                del self._parsed[next(iter(self._parsed))]
            self._parsed[key] = parsed
        return parsed

    def _parse(self, key: _Key) -> cedarpy.PolicySet:
        chosen = {
            own_id: policy
            for own_id, policy in self._policies.items()
            if _may_be_by(policy["principal"], key) and _may_be_to(policy["action"], key)
        }
        document = {"staticPolicies": chosen, "templates": {}, "templateLinks": []}
        return cedarpy.PolicySet.from_json_str(json.dumps(document))


def _may_be_by(head: Mapping[str, Any], key: _Key) -> bool:
    """Whether a caller may match; True for whatever is not understood here."""
    if head["op"] == "is" and head["entity_type"] != key.entity_type:
        return False
    within = head.get("in") if head["op"] == "is" else head if head["op"] == "in" else None
    role = (within or {}).get("entity", {})
    return role.get("type") != _ROLE or role["id"] in key.roles


def _may_be_to(head: Mapping[str, Any], key: _Key) -> bool:
    """The same for the action: of groups it is in, or of itself, which is not looked at here."""
    if head["op"] != "in":
        return True
    named = head.get("entities") or [head["entity"]]
    return any(each["id"] in key.groups or each["id"] not in _GROUPS for each in named)
