"""Random walks along the document's links: what an answer says goes into the next call."""

from random import Random
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput
from schemathesis.specs.openapi.checks import ensure_resource_availability
from tests.fuzz.api import Case, acquaint, headers_of

if TYPE_CHECKING:
    from tests.fuzz.fuzzing import Fuzzer


def walks_of(fuzzer: "Fuzzer") -> type[APIStateMachine]:
    """Return what takes walks through a fuzzer's world, each from the same beginning."""

    class Walk(fuzzer.schema.as_state_machine()):  # type: ignore[misc]  # a class made from the document
        def setup(self) -> None:
            fuzzer.world.bring_back()
            self.luck = Random(0)

        def step(self, input: StepInput) -> Any:
            if not input.applied_parameters:
                acquaint(input.case, fuzzer.world, self.luck)
            return super().step(input)

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            # one person walks: what Jane has made is not for John to see
            return {"headers": headers_of(case, fuzzer.world, self.luck, john=0)}

        def call(self, case: Case, **how: Any) -> schemathesis.Response:
            self.before = fuzzer.world.service.dump()
            return fuzzer.send(case, how["headers"])

        def validate_response(self, response: Any, case: Case, **how: Any) -> None:
            # beside what a link gives Schemathesis tries what it makes up, and takes both for what was just created
            excluded = [] if self._is_there(case) else [ensure_resource_availability]
            fuzzer.check(case, response, how["headers"], before=self.before, excluded=excluded, recorder=self.recorder)

        def _is_there(self, case: Case) -> bool:
            """Whether the account that the path names was there before the call."""
            asked = case.path_parameters.get("id") if "/accounts/{id}" in case.path else None
            return asked is None or any(str(row.id) == str(asked) for row in self.before["teams"])

    return Walk
