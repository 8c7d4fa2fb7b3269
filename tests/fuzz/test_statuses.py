"""Every status that the document has is reached, and none is that it has not."""

from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis.schemas import BaseSchema
from tests.fuzz.status_requests import Stage, a_stage, answers_of
from tests.integration.http.openapi import Operation, document, operations


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as stage:
        yield stage


@pytest.fixture(scope="module")
def schema() -> BaseSchema:
    return schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_just_the_documented_statuses_are_reached(stage: Stage, schema: BaseSchema, operation: Operation) -> None:
    reached = set()

    for answer in answers_of(stage, operation):
        reached.add(answer.status_code)
        schema[operation.path][operation.method].validate_response(answer)

    assert reached == operation.statuses
