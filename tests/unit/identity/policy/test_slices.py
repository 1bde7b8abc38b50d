"""Slices: what is left out of the policies could not have applied."""

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from uuid import UUID

import cedarpy
import pytest

from bezant.identity.logins import Acr
from bezant.identity.policy import SCOPES, Engine, PolicyBook, Question, shipped_policies
from bezant.identity.policy.slices import SLICES_MAX, Slices
from bezant.identity.users.domain import Role
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.http import Action

TENANT = UUID(int=1)


def policies() -> dict[str, Any]:
    """Those that are shipped, by their `@id`."""
    by_id = {}
    for text in shipped_policies().values():
        for policy in json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values():
            by_id[policy["annotations"]["id"]] = policy
    return by_id


class Whole(Slices):
    """All of the policies, for every request."""

    def __init__(self) -> None:
        super().__init__(policies())
        document = {"staticPolicies": policies(), "templates": {}, "templateLinks": []}
        self.parsed = cedarpy.PolicySet.from_json_str(json.dumps(document))

    def of(self, _principal: Principal, _action: Action) -> cedarpy.PolicySet:
        return self.parsed


def callers() -> Iterator[Principal]:
    """One of each kind, and of each one or two roles."""
    of_roles = [frozenset(roles) for count in (0, 1, 2) for roles in combinations(Role, count)]
    for kind in PrincipalKind:
        for roles in of_roles if kind is PrincipalKind.USER else of_roles[:2]:
            yield Principal(
                TENANT, f"{kind}:1", SCOPES, kind=kind, roles=frozenset(roles), acr=Acr.SCA
            )


@pytest.mark.parametrize("changes", [False, True])
def test_the_rest_of_the_policies_decides_nothing(changes: bool) -> None:  # noqa: FBT001
    sliced = Engine.shipped()
    whole = Engine(PolicyBook(Whole(), {}, frozenset(), {}))
    verdicts = set()
    for principal in callers():
        for scope in sorted(SCOPES):
            action = Action("any", scope, changes=changes)
            question = Question(principal, action, TENANT, login_age_s=1)
            verdict = sliced.judge(question)
            assert verdict == whole.judge(question), question
            verdicts.add(verdict)
    assert {verdict.allowed for verdict in verdicts} == {True, False}


def test_a_request_is_asked_about_few_policies() -> None:
    chosen = Slices(policies()).of(
        Principal(TENANT, "api_key:1", SCOPES), Action("any", "ledger:read")
    )
    assert 0 < len(chosen) < len(policies()) / 2


@pytest.mark.parametrize(
    "head",
    [
        'principal == Bezant::User::"u", action, resource',
        'principal in Bezant::User::"u", action, resource',
        'principal is Bezant::User, action == Bezant::Action::"any", resource',
        'principal, action in Bezant::Action::"any", resource',
        'principal, action in [Bezant::Action::"any", Bezant::Action::"ledger:close"], resource',
        'principal is Bezant::User in Bezant::Role::"auditor", action, resource',
        "principal, action, resource is Bezant::Resource",
    ],
)
def test_whatever_a_head_says_a_match_is_never_left_out(head: str) -> None:
    text = f'@id("one") permit ({head});'
    [policy] = json.loads(cedarpy.policies_to_json_str(text))["staticPolicies"].values()
    book = PolicyBook(Slices({"one": policy}), {}, frozenset(), {})
    principal = Principal(
        TENANT, "u", SCOPES, kind=PrincipalKind.USER, roles=frozenset({Role.AUDITOR})
    )
    question = Question(principal, Action("any", "ledger:read"), TENANT, login_age_s=1)
    assert Engine(book).judge(question).policies == ("one",)


def test_no_more_slices_are_kept_than_there_is_room_for() -> None:
    slices = Slices(policies())
    for number in range(SLICES_MAX + 1):
        slices.of(Principal(TENANT, "api_key:1", SCOPES), Action("any", f"scope:{number}"))
    assert len(slices._parsed) == SLICES_MAX
