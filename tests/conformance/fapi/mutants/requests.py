"""What mutants do to requests, as endpoints read them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bezant.identity.http import ProtocolRequest
from bezant.identity.http.forms import Form
from bezant.identity.issuers import Endpoint, Issuer
from conformance.fapi.mutants.mutant import Patch

Change = Callable[[ProtocolRequest], ProtocolRequest]


def reading(patch: Patch, endpoint: Endpoint, change: Change) -> None:
    """Read requests to an endpoint as others."""
    read = ProtocolRequest.read

    async def changed(issuer: Issuer, *given: object) -> ProtocolRequest:
        request = await read(issuer, *given)  # type: ignore[arg-type]  # as they came
        return change(request) if request.url.endswith(f"/{endpoint}") else request

    patch.setattr(ProtocolRequest, "read", staticmethod(changed))


def form_without(request: ProtocolRequest, name: str) -> ProtocolRequest:
    """The same without a parameter of its form."""
    form = {each: request.form.every(each) for each in request.form if each != name}
    return replace(request, form=Form(form))


def query_with(request: ProtocolRequest, further: Mapping[str, str]) -> ProtocolRequest:
    """The same with further parameters in its query."""
    query = {each: request.query.every(each) for each in request.query}
    more = {name: (value,) for name, value in further.items()}
    return replace(request, query=Form(query | more))
