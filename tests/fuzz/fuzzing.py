"""Random calls, each answer checked. What is sent once is one case."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import attrs
import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CheckFunction, ignored_auth, positive_data_acceptance
from schemathesis.generation.stateful.state_machine import APIStateMachine
from schemathesis.schemas import BaseSchema
from tests.fuzz.api import Case, Operation, acquaint, headers_of, in_a_form, load
from tests.fuzz.checks import check_unchanged, is_problem, is_protected
from tests.fuzz.environment import Environment
from tests.fuzz.in_process import BASE_URL, session_for
from tests.fuzz.walking import walks_of
from tests.integration.http.service import Dump

STEPS = 12
"""The most calls of one walk."""

ACQUAINTED = 2
"""How often a made-up call is sent with what is known put into it. To make one up takes longer than all the rest."""


@attrs.frozen
class Fuzzer:
    """Sends cases to an environment, checks the answers, and counts what came: by call and status."""

    env: Environment
    schema: BaseSchema
    session: requests.Session
    seen: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    _walks: type[APIStateMachine] = attrs.field(init=False)

    @_walks.default
    def _walks_here(self) -> type[APIStateMachine]:
        return walks_of(self)

    @property
    def cases(self) -> int:
        """How many there were."""
        return self.seen.total()

    def calls(self, operation: Operation, *, examples: int, seed: int) -> None:
        """Make up so many calls of one operation, as the document says and against it.

        Each is sent as it came, and then with what is known there in it, so that there are several cases.
        """
        cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

        @hypothesis.seed(seed)
        @_settings(examples)
        @hypothesis.given(case=cases, chance=st.integers(0, 2**32 - 1))
        def call(case: Case, chance: int) -> None:
            luck = Random(chance)
            self.try_afresh(case, luck)
            for _ in range(ACQUAINTED):
                acquaint(case, self.env, luck)
                self.try_afresh(case, luck)

        call()

    def walks(self, *, examples: int, seed: int) -> None:
        """Take so many walks along the links."""
        hypothesis.seed(seed)(self._walks)
        self._walks.run(settings=_settings(examples, stateful_step_count=STEPS))

    def try_afresh(self, case: Case, luck: Random) -> None:
        """Restore the environment, send a case and check the answer. Raises what the checks do."""
        self.env.bring_back()
        headers = headers_of(case, self.env, luck)
        self.check(case, self.send(case, headers), headers, before=self.env.rows)

    def send(self, case: Case, headers: dict[str, str]) -> schemathesis.Response:
        """Send a case, and count the answer."""
        in_a_form(case)
        response = case.call(base_url=BASE_URL, session=self.session, headers=dict(headers))
        self.seen[case.operation.label, response.status_code] += 1
        return response

    def check(
        self,
        case: Case,
        response: schemathesis.Response,
        headers: dict[str, str],
        *,
        before: Dump,
        excluded: Sequence[CheckFunction] = (),
        **how: Any,
    ) -> None:
        """Check an answer, and that a refusal left everything as it was before."""
        excluded = list(excluded)
        if "Authorization" in headers:
            excluded.append(ignored_auth)  # it would send all that again; cases without a token do already
        if "Stripe-Signature" in case.headers:
            excluded.append(positive_data_acceptance)  # a schema cannot say which signature fits
        ours: list[CheckFunction] = [is_problem, is_protected]
        case.validate_response(response, headers=headers, additional_checks=ours, excluded_checks=excluded, **how)
        if not 400 <= response.status_code < 500:
            return
        try:
            check_unchanged(case, response, before, self.env.service.dump())
        except AssertionError as error:
            error.add_note(case.as_curl_command(headers=headers, base_url=BASE_URL))
            raise


def fuzzer_on(env: Environment) -> Fuzzer:
    """Return a fuzzer that knows of the API what the service itself says."""
    transport: Any = env.service.api.http._transport
    session = session_for(env.service.run, transport.app)
    return Fuzzer(env, load(session.get(f"{BASE_URL}/schema/openapi.json").json()), session)


def _settings(examples: int, **more: Any) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        **more,
    )
