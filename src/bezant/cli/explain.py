"""`bezant explain`: why somebody may do something, or may not.

It asks the shipped policies as a running platform does, and needs none: what depends on the
database (a person's roles, relations, approvals) is said on the command line.
"""

from typing import Annotated
from uuid import UUID

import typer

from bezant.identity.logins import Acr
from bezant.identity.policy import SCOPES, Engine, Question, Verdict
from bezant.kernel.calls import Principal, PrincipalKind
from bezant.kernel.http import Action

_TENANT = UUID(int=1)
_FOREIGN = UUID(int=2)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(  # noqa: PLR0913 - a question has as many sides
    scope: Annotated[str, typer.Argument(help="What the operation needs, as `ledger:close`.")],
    *,
    kind: Annotated[PrincipalKind, typer.Option(help="What the caller is.")] = PrincipalKind.USER,
    role: Annotated[list[str] | None, typer.Option(help="Of the user; may come again.")] = None,
    granted: Annotated[
        list[str] | None, typer.Option(help="By the credential; without it the scope alone.")
    ] = None,
    relation: Annotated[
        list[str] | None, typer.Option(help="Of the user to the resource, as `owns_account`.")
    ] = None,
    operation: Annotated[
        str, typer.Option(help="Its `operationId`: a few policies are about some of a scope's.")
    ] = "any",
    acr: Annotated[Acr, typer.Option(help="How strong the login was.")] = Acr.SCA,
    login_age_s: Annotated[int, typer.Option(help="How old it is.")] = 0,
    read: Annotated[bool, typer.Option("--read", help="The operation changes nothing.")] = False,
    approved: Annotated[bool, typer.Option("--approved", help="Another approved it.")] = False,
    foreign: Annotated[bool, typer.Option("--foreign", help="It is another tenant's.")] = False,
) -> None:
    """Say whether a caller may do what needs a scope, and which policies decide so.

    Ends with 0 when it is allowed, with 1 when it is denied.
    """
    if scope not in SCOPES:
        raise typer.BadParameter(
            f"There is no scope {scope}; there are {', '.join(sorted(SCOPES))}."
        )
    principal = Principal(
        _TENANT,
        f"{kind}:somebody",
        frozenset(granted or [scope]),
        kind=kind,
        roles=frozenset(role or []),
        acr=acr,
    )
    question = Question(
        principal,
        Action(operation, scope, changes=not read),
        _FOREIGN if foreign else _TENANT,
        frozenset(relation or []),
        approved,
        login_age_s,
    )
    engine = Engine.shipped()
    verdict = engine.answer(question)
    typer.echo("\n\n".join(_lines(engine, verdict)))
    if not verdict.allowed:
        raise typer.Exit(1)


def _lines(engine: Engine, verdict: Verdict) -> list[str]:
    said = ["Allowed." if verdict.allowed else "Denied."]
    if not verdict.policies:
        said.append("No policy permits it.")
    said += [f"By {name}:\n{engine.book.texts[name]}" for name in verdict.policies]
    demand = verdict.demand
    if demand is not None and demand.acr is not None:
        said.append(f"It takes a login of {demand.acr}, at most {demand.max_age_s} s old.")
    if demand is not None and demand.approvals:
        said.append("It takes the approval of another person.")
    return said
