"""The policies of a process: read once, checked against the schema, kept parsed.

Parsing is what costs: policies that are parsed for each decision take ten times as long.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Self

import cedarpy

from bezant.identity.policy.slices import Slices

_SHIPPED: Final = files(__package__).joinpath("shipped")


class PolicyRefused(Exception):  # noqa: N818 - a refusal to start
    """A policy cannot be used. The message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a forbidding policy would be satisfied by, as its annotations say.

    Attributes:
        acr: the class of login that is asked for.
        max_age_s: how old the login may be.
        approvals: how many others have to agree.
    """

    acr: str | None = None
    max_age_s: int | None = None
    approvals: int = 0


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Policies that were checked.

    Attributes:
        slices: those that a request can match, parsed.
        demands: of those that have some, by `@id`.
        sensitive: the scopes that these are about.
        texts: each policy as it is written, by `@id`, for people to read.
    """

    slices: Slices
    demands: Mapping[str, Demand]
    sensitive: frozenset[str]
    texts: Mapping[str, str]

    @classmethod
    def read(cls, sources: Mapping[str, str], schema: str) -> Self:
        """Read policies.

        Args:
            sources: their texts, by the name of the file.
            schema: what they may name.

        Raises:
            PolicyRefused: one cannot be read, has no `@id` of its own, or names what there is not.
        """
        by_id: dict[str, Any] = {}
        for name, text in sources.items():
            for policy in _policies_of(name, text).values():
                own_id = policy.get("annotations", {}).get("id")
                if not own_id:
                    raise PolicyRefused(f"{name}: a policy has no @id.")
                if own_id in by_id:
                    raise PolicyRefused(f"{name}: there is another policy with @id {own_id}.")
                by_id[own_id] = policy
        document = json.dumps({"staticPolicies": by_id, "templates": {}, "templateLinks": []})
        checked = cedarpy.validate_policies(cedarpy.policies_from_json_str(document), schema)
        if not checked.validation_passed:
            raise PolicyRefused(_explained(checked))
        demands = _demands_of(by_id)
        return cls(
            slices=Slices(by_id),
            demands=demands,
            sensitive=frozenset(name for own_id in demands for name in _named_in(by_id[own_id])),
            texts={own_id: _text_of(policy) for own_id, policy in by_id.items()},
        )


def shipped_policies() -> dict[str, str]:
    """The policies that come with the platform, by the name of their file."""
    return {
        file.name: file.read_text("utf-8")
        for file in sorted(_SHIPPED.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".cedar")
    }


def _policies_of(name: str, text: str) -> dict[str, Any]:
    try:
        document = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyRefused(f"{name}: {error}") from error
    if document["templates"]:
        raise PolicyRefused(f"{name}: templates are not used.")
    policies: dict[str, Any] = document["staticPolicies"]
    return policies


def _demands_of(policies: Mapping[str, Any]) -> dict[str, Demand]:
    demands = {}
    for own_id, policy in policies.items():
        said = policy["annotations"]
        age = said.get("max_age_s")
        demand = Demand(said.get("acr"), age and int(age), int(said.get("approvals", 0)))
        if demand != Demand():
            demands[own_id] = demand
    return demands


def _named_in(policy: Mapping[str, Any]) -> list[str]:
    """The actions, or groups of them, that a policy is about by its head."""
    head = policy["action"]
    entities = head.get("entities", [head["entity"]] if "entity" in head else [])
    return [entity["id"] for entity in entities]


def _explained(checked: cedarpy.ValidationResult) -> str:
    names = checked.id_annotations_by_policy_id
    return "; ".join(
        f"{names.get(error.policy_id, error.policy_id)}: {error.error}" for error in checked.errors
    )


def _text_of(policy: Mapping[str, Any]) -> str:
    document = {"staticPolicies": {"policy": policy}, "templates": {}, "templateLinks": []}
    return cedarpy.policies_from_json_str(json.dumps(document)).strip()
