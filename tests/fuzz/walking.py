"""Random walks along the document's links: what an answer says goes into the next call."""

from random import Random
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput
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
            fuzzer.check(case, response, how["headers"], before=self.before, recorder=self.recorder)

    return Walk
