"""Random calls and random walks along the document's links, each answer checked. One step of either is one case."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import attrs
import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import ignored_auth, positive_data_acceptance
from schemathesis.generation.stateful.state_machine import APIStateMachine, StepInput
from schemathesis.schemas import APIOperation, BaseSchema
from tests.fuzz.api import acquaint, headers_of, load
from tests.fuzz.checks import check_unchanged, is_problem, is_protected
from tests.fuzz.in_process import BASE_URL, session_for
from tests.fuzz.world import World

OURS = [is_problem, is_protected]
STEPS = 12


@attrs.frozen
class Fuzzer:
    """Sends cases to a world, checks the answers, and counts what came: by call and status."""

    world: World
    schema: BaseSchema
    session: requests.Session
    seen: Counter[tuple[str, int]] = attrs.field(factory=Counter)

    @property
    def cases(self) -> int:
        return self.seen.total()

    def try_case(self, case: schemathesis.Case, headers: dict[str, str], **how: Any) -> schemathesis.Response:
        """Send a case and check the answer. Raises what the checks do."""
        before = self.world.service.dump()
        response = case.call(base_url=BASE_URL, session=self.session, headers=dict(headers))
        self.check(case, response, headers, **how)
        operation_id = str(case.operation.definition.raw["operationId"])
        check_unchanged(operation_id, response.status_code, before, self.world.service.dump())
        return response

    def check(
        self, case: schemathesis.Case, response: schemathesis.Response, headers: dict[str, str], **how: Any
    ) -> None:
        """Note the answer, and check it."""
        self.seen[case.operation.label, response.status_code] += 1
        # it would send again what was sent with a token; here others without one ask for the same
        excluded = [ignored_auth] if headers else []
        if "Stripe-Signature" in case.headers:
            excluded.append(positive_data_acceptance)  # a schema cannot say which signature fits
        case.validate_response(response, headers=headers, additional_checks=OURS, excluded_checks=excluded, **how)


def fuzzer_on(world: World) -> Fuzzer:
    """Return a fuzzer that knows of the API what the service itself says."""
    transport: Any = world.service.api.http._transport
    session = session_for(world.service.run, transport.app)
    return Fuzzer(world, load(session.get(f"{BASE_URL}/schema/openapi.json").json()), session)


def fuzz_calls(fuzzer: Fuzzer, operation: APIOperation, *, examples: int, seed: int) -> None:
    """Make so many random calls of one operation, as the document says and against it."""
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @hypothesis.seed(seed)
    @_settings(examples)
    @hypothesis.given(case=cases, luck=st.integers(0, 2**32 - 1))
    def call(case: schemathesis.Case, luck: int) -> None:
        fuzzer.world.bring_back()
        chances = Random(luck)
        headers = headers_of(case, fuzzer.world, chances)
        acquaint(case, fuzzer.world, chances)
        fuzzer.try_case(case, headers)

    call()


def fuzz_walks(fuzzer: Fuzzer, *, examples: int, seed: int) -> None:
    """Take so many random walks: what an answer says goes into the next call."""

    class Walk(fuzzer.schema.as_state_machine()):  # type: ignore[misc]  # a class made from the document
        def setup(self) -> None:
            fuzzer.world.bring_back()
            self.chances = Random(0)
            self.steps = 0

        def step(self, input: StepInput) -> Any:
            if not input.applied_parameters:
                acquaint(input.case, fuzzer.world, self.chances)
            return super().step(input)

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"headers": headers_of(case, fuzzer.world, self.chances, john=0)}

        def call(self, case: schemathesis.Case, **how: Any) -> schemathesis.Response:
            self.before = fuzzer.world.service.dump()
            return case.call(base_url=BASE_URL, session=fuzzer.session, **how)

        def validate_response(self, response: Any, case: schemathesis.Case, **how: Any) -> None:
            fuzzer.check(case, response, how["headers"], recorder=self.recorder)
            operation_id = str(case.operation.definition.raw["operationId"])
            check_unchanged(operation_id, response.status_code, self.before, fuzzer.world.service.dump())

    hypothesis.seed(seed)(Walk)
    Walk.run(settings=_settings(examples, stateful_step_count=STEPS))


def _settings(examples: int, **more: Any) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        **more,
    )
