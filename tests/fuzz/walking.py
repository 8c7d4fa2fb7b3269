"""Random walks along the document's links: what an answer says goes into the next call."""

from random import Random
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput
from schemathesis.specs.openapi.checks import ensure_resource_availability
from tests.fuzz.api import Case, acquaint, headers_of

if TYPE_CHECKING:
    from tests.fuzz.fuzzing import Fuzzer


FOUNDING = "POST /api/v1/accounts"


def walks_of(fuzzer: "Fuzzer") -> type[APIStateMachine]:
    """Return what takes walks through a fuzzer's environment, each from the same beginning."""

    class Walk(fuzzer.schema.as_state_machine()):  # type: ignore[misc]  # a class made from the document
        def setup(self) -> None:
            fuzzer.env.bring_back()
            self.luck = Random(0)
            self.founded: set[str] = set()

        def step(self, input: StepInput) -> Any:
            if not input.applied_parameters:
                acquaint(input.case, fuzzer.env, self.luck)
            return super().step(input)

        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            # one person walks: what Jane has made is not for John to see
            return {"headers": headers_of(case, fuzzer.env, self.luck, john=0)}

        def call(self, case: Case, **how: Any) -> schemathesis.Response:
            self.before = fuzzer.env.service.dump()
            response = fuzzer.send(case, how["headers"])
            if response.status_code == 201 and case.operation.label == FOUNDING:
                self.founded.add(str(response.json()["data"]["id"]))
            return response

        def validate_response(self, response: Any, case: Case, **how: Any) -> None:
            # beside what a link gives Schemathesis tries what it makes up, and takes both for what was just created
            excluded = [ensure_resource_availability] if self._is_made_up(case) else []
            fuzzer.check(case, response, how["headers"], before=self.before, excluded=excluded, recorder=self.recorder)

        def _is_made_up(self, case: Case) -> bool:
            """Whether the path names an account that no answer of this walk has given out as founded."""
            return "/accounts/{id}" in case.path and str(case.path_parameters.get("id")) not in self.founded

    return Walk
