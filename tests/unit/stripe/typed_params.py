"""What the SDK's TypedDicts say against a request's parameters: unknown keys, missing ones, wrong values.

A type checker is too kind here: the SDK declares its enums as `Literal[...] | str`, so every typo passes.
"""

import inspect
from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

import stripe
import stripe.params
from typing_extensions import get_type_hints, is_typeddict

from accounts_stripe.calls import Call

CLIENT = stripe.StripeClient("sk_test_x", http_client=stripe.HTTPClient())


def complaints(call: Call) -> list[str]:
    """Return everything that is wrong with a request; empty when the SDK knows all of it."""
    service = attrgetter(call.service)(CLIENT.v1)
    signature = inspect.signature(getattr(service, call.method))
    assert hasattr(service, f"{call.method}_async")
    ids = [each for each in signature.parameters.values() if each.kind is each.POSITIONAL_ONLY]
    if len(ids) != len(call.path):
        return [f"{call}: takes {len(ids)} ids, got {len(call.path)}"]
    return list(_against(_declared(signature.parameters["params"].annotation), call.params, str(call)))


def _declared(annotation: Any) -> Any:
    """Return the TypedDict that an annotation names: `"X"` or `Optional["X"]`."""
    inner = next((each for each in get_args(annotation) if isinstance(each, ForwardRef)), None)
    return getattr(stripe.params, annotation if inner is None else inner.__forward_arg__)


def _against(kind: Any, value: Any, where: str) -> Iterator[str]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {NotRequired, Required}:
        yield from _against(arguments[0], value, where)
    elif is_typeddict(kind):
        yield from _against_fields(kind, value, where)
    elif origin is Union or type(kind).__name__ == "UnionType":
        yield from _against_any(arguments, value, where)
    elif origin is Literal:
        if value not in arguments:
            yield f"{where}: {value!r} is none of {arguments}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no list"
        else:
            for each in value:
                yield from _against(arguments[0], each, f"{where}[]")
    elif origin is dict:
        if not isinstance(value, Mapping):
            yield f"{where}: {value!r} is no mapping"
        else:
            for name, each in value.items():
                yield from _against(arguments[1], each, f"{where}[{name}]")
    elif type(value) is not kind:
        yield f"{where}: {value!r} is no {kind.__name__}"


def _against_fields(kind: Any, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{where}: {value!r} is no mapping"
        return
    hints = get_type_hints(kind, localns={"StripeContext": str, "Mapping": Mapping})
    # the SDK's older way to pass options, the key among them, among the parameters
    fields = {name: hint for name, hint in hints.items() if name not in stripe.RequestOptions.__annotations__}
    yield from (f"{where}: there is no {name!r}" for name in value if name not in fields)
    yield from (f"{where}: {name!r} is missing" for name in kind.__required_keys__ if name not in value)
    for name in value.keys() & fields.keys():
        yield from _against(fields[name], value[name], f"{where}.{name}")


def _against_any(kinds: tuple[Any, ...], value: Any, where: str) -> Iterator[str]:
    literals = [each for each in kinds if get_origin(each) is Literal]
    if not isinstance(value, str):
        kinds = tuple(each for each in kinds if each not in literals)
    elif any(get_args(each) != ("",) for each in literals):
        # an enum: the `str` beside it is for values that later versions bring
        kinds = tuple(each for each in kinds if each is not str)
    found = [list(_against(each, value, where)) for each in kinds]
    if all(found):
        yield from min(found, key=len)
