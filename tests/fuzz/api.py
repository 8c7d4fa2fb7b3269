"""The API as its own document describes it, and cases that know somebody there."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, Final, TypeAlias

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema
from tests.fuzz.environment import Environment
from tests.fuzz.in_process import BASE_URL
from tests.integration.http.client import FORM, JSON
from tests.integration.http.openapi import operations
from tests.integration.http.service import START
from tests.integration.http.stripe_events import signature

from accounts_http.bodies import PROFILE

Case: TypeAlias = schemathesis.Case[Any]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]

NOBODYS_TOKENS: Final = ("acc_" + "0" * 49, "nonsense")
DEVICES: Final = ("curl/8.5.0", "", "\xff\xfe", "x" * 5_000)
ODD: Final = ("", "a\0b", "half a pair: \ud800", "x" * 5_000, "\u202e\U0001f4a5")
OFTEN: Final = 0.75

ACCEPTED: Final = ("2xx", "401", "402", "403", "404", "409", "413", "422")
"""What a request may get that is as the document says: a field has rules that a schema cannot say (422), and a body has
a size (413). That it cannot be read at all (400, 415) is no such rule."""
REFUSED: Final = ("400", "401", "402", "403", "404", "405", "409", "413", "415", "422")


def load(document: Mapping[str, Any]) -> BaseSchema:
    """Return the schema to make cases from. Who is asking is not made up: see `headers_of`."""
    schema = schemathesis.openapi.from_dict(dict(document))
    schema.config.output.sanitization.update(enabled=False)  # a failure has to be told so that it can be repeated
    schema.config.generation.update(with_security_parameters=False)
    schema.config.checks.positive_data_acceptance.expected_statuses = list(ACCEPTED)
    schema.config.checks.negative_data_rejection.expected_statuses = list(REFUSED)
    return schema


def headers_of(case: Case, env: Environment, luck: Random, *, john: float = 0.2) -> dict[str, str]:
    """Say who asks, and with what: Jane mostly, John as often as said, somebody with a token of nobody's, or nobody."""
    device = {"User-Agent": luck.choice(DEVICES)}
    chance = luck.random()
    if chance < 0.05 or not case.operation.definition.raw.get("security"):
        return device
    if chance < 0.1:
        return {**device, "Authorization": f"Bearer {luck.choice(NOBODYS_TOKENS)}"}
    token = (env.john if chance < 0.1 + john else env.jane).token
    return {**device, "Authorization": f"Bearer {token}"}


def acquaint(case: Case, env: Environment, luck: Random) -> None:
    """Put what is there into some places that were filled at random, unless they are meant to be wrong.

    Where it matters only whether a thing is known, random text says the same a million times.
    """
    meta = case.meta
    assert meta is not None
    if not meta.is_negative_at(ParameterLocation.PATH):
        _fill(case.path_parameters, {name: _ids(case.path, name, env) for name in case.path_parameters}, luck)
    if not meta.is_negative_at(ParameterLocation.QUERY):
        _fill(case.query, env.words, luck)
    if not meta.is_negative_at(ParameterLocation.HEADER):
        _fill(case.headers, env.words, luck)
    if isinstance(case.body, dict) and not meta.is_negative_at(ParameterLocation.BODY):
        for name in _fields()[case.operation.label]:
            if luck.random() < OFTEN / 3:
                case.body.setdefault(name, "")
        _fill(case.body, env.words, luck)
    if "Stripe-Signature" in case.headers and luck.random() < OFTEN:
        _sign(case, luck)


def in_a_form(case: Case) -> None:
    """Write profile data as the text of JSON where the body is a form, as its `encoding` says."""
    body: Any = case.body
    if case.media_type != FORM or not isinstance(body, dict | list):
        return
    pairs = list(body.items()) if isinstance(body, dict) else body
    if all(isinstance(each, tuple) for each in pairs):
        texts = [(name, _json(value) if name == PROFILE else value) for name, value in pairs]
        written: Any = dict(texts) if isinstance(body, dict) else texts
        case.body = written


def _json(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _fill(place: Any, known: Mapping[str, Sequence[Any]], luck: Random) -> None:
    for name in list(place):
        if name in known and luck.random() < OFTEN:
            place[name] = luck.choice(known[name])


def _ids(path: str, name: str, env: Environment) -> Sequence[Any]:
    (ids,) = [ids for place, ids in env.ids.items() if place.endswith(f"{{{name}}}") and place in path]
    return ids


@cache
def _fields() -> Mapping[str, Sequence[str]]:
    fields = {str(operation): list(operation.fields) for operation in operations()}
    return {label: [*names, PROFILE] if "locale" in names else names for label, names in fields.items()}


def _sign(case: Case, luck: Random) -> None:
    """Be Stripe: whatever the body is, it is signed; and it is an event mostly, if not always a sane one."""
    if luck.random() < OFTEN:
        customer: Any = _sane_mostly("cus_1", luck)
        about: Any = luck.choice([{"object": "customer", "id": customer}, {"customer": customer}, {}, case.body])
        case.body = {
            "id": _sane_mostly("evt_1", luck),
            "type": _sane_mostly("customer.updated", luck),
            "created": luck.choice([1_699_259_409, 0, 0.5, 1e300]),
            "data": {"object": about},
        }
        case.media_type = JSON
    body: Any = requests.Request(**case.as_transport_kwargs(BASE_URL)).prepare().body or b""
    case.headers["Stripe-Signature"] = signature(body.encode() if isinstance(body, str) else body, START)


def _sane_mostly(text: str, luck: Random) -> str:
    return text if luck.random() < OFTEN else luck.choice(ODD)


def all_operations(schema: BaseSchema) -> list[Operation]:
    """Return every call, in the document's order."""
    return [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
