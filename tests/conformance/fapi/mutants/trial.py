"""Running modules on a mutant, with the code by which they are run on our server."""

import inspect
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
from joserfc.jwk import KeySet

from conformance.fapi.bezant import Bezant
from conformance.fapi.modules import Module
from conformance.fapi.mutants.mutant import MUTANTS, Mutant
from conformance.fapi.party import opened
from conformance.fapi.peers import Variant


@dataclass
class Trial:
    """A platform that mutants are tried on."""

    peer: Bezant

    async def passes(self, module: Module, variant: Variant) -> str:
        """Run a module on what the platform is now; why it failed, or nothing.

        Raises:
            AssertionError: the server had a fault, which is nothing that a module is there to find.
        """
        faults = self.peer.switch.faults()
        reason = await self._reason(module, variant)
        assert self.peer.switch.faults() == faults, f"the server broke down: {reason}"
        return reason

    async def _reason(self, module: Module, variant: Variant) -> str:
        try:
            async with AsyncExitStack() as opening:
                given = await self._given(variant, opening)
                wanted = inspect.signature(module).parameters
                await module(**{name: given[name] for name in wanted})
        except Exception as error:  # noqa: BLE001 - whatever a module raises, it is red
            text = " ".join(str(error).split())
            return f"{type(error).__name__}: {text}"[:200]
        return ""

    async def notices(self, mutant: Mutant, module: Module) -> str:
        """Run a module on a mutant; why it failed, or nothing where the mutant survives."""
        with self.peer.switch.on(MUTANTS.index(mutant)):
            return await self.passes(module, mutant.variant)

    async def _given(self, variant: Variant, opening: AsyncExitStack) -> dict[str, object]:
        """What tests of modules ask for by these names, fetched anew."""
        async with httpx.AsyncClient(verify=self.peer.trust()) as http:
            metadata = (await http.get(self.peer.discovery)).raise_for_status().json()
            keys = (await http.get(metadata["jwks_uri"])).raise_for_status().json()
        jwks = KeySet.import_key_set(keys)
        party, other = [
            await opening.enter_async_context(opened(self.peer, client, metadata, jwks))
            for client in self.peer.clients(variant)
        ]
        return {
            "party": party,
            "other": other,
            "peer": self.peer,
            "metadata": metadata,
            "variant": variant,
        }
