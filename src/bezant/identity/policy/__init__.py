"""Policy: who may do what. Cedar policies, checked at the start; whatever fails is a denial."""

from bezant.identity.policy.authorizer import PolicyAuthorizer, usable_scopes
from bezant.identity.policy.book import PolicyBook, PolicyRefused, shipped_policies
from bezant.identity.policy.composed import Policy
from bezant.identity.policy.engine import Engine, Question, Verdict
from bezant.identity.policy.relations import Relation, Relations
from bezant.identity.policy.schema import SCOPES, shipped_schema

__all__ = [
    "SCOPES",
    "Engine",
    "Policy",
    "PolicyAuthorizer",
    "PolicyBook",
    "PolicyRefused",
    "Question",
    "Relation",
    "Relations",
    "Verdict",
    "shipped_policies",
    "shipped_schema",
    "usable_scopes",
]
