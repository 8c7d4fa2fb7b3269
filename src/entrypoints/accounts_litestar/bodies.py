"""Request bodies: JSON or a form, read strictly.

Two readers of one request must not see two requests, so what parsers disagree on is refused: a field given twice
(however its name is spelled), anything but UTF-8, lone surrogates, numbers that are none. The size is bounded before
anything is read, the depth before anything is parsed. Every bad field is named, not only the first.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import accumulate
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import parse_qsl

import attrs
import msgspec
from litestar import Request
from litestar.exceptions import HTTPException

from accounts_core.model.card_numbers import may_hold_card_number
from accounts_core.model.text import Secret
from accounts_litestar.answers import JSON
from accounts_litestar.bearer import TOKEN_FIELD
from accounts_litestar.edge import EdgeError, Malformed, TooLarge, WrongFields, WrongMediaType
from accounts_litestar.requests import conceal

MAX_DEPTH: Final = 32
MAXFORM_FIELDS: Final = 64
MAX_UNKNOWN_FIELDS: Final = 20
"""Most unknown fields that an error names. JSON writes a control character with six, so a name may grow sixfold."""
MAX_FIELD_NAME: Final = 48
"""Characters of an unknown field's name that an error shows. The longest name of a known field has 21."""

FORM: Final = "application/x-www-form-urlencoded"
_SECRET: Final = ("password", "token", "email", "url")
"""What fields are called that hold a secret, or where people type one in its place. So is any text that may hold a card
number: it is shown in no log and by no `repr`."""
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A JSON string, also one that does not end. It matches wherever a quote is and gives nothing back, so the scan for it
is linear: with a required closing quote, each quote of an unfinished string would scan the rest of the text again."""
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""Brackets as signed bytes: one level deeper or one level up."""
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[{]}"))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

S = TypeVar("S", bound=msgspec.Struct)


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a write that takes no fields."""


async def read(request: Request[Any, Any, Any], model: type[S]) -> S:
    """Return the request's body as `model`. A request without a body has no fields.

    Raises `TooLarge`, `WrongMediaType`, `Malformed`, and `WrongFields` with every field that is missing, unknown, of
    the wrong type, or holds a NUL. Passwords and tokens are `Secret`.
    """
    try:
        return await _read(request, model)
    except EdgeError as refusal:
        # without the frames that hold the body: an error reporter looks into them, and there may be a password in it
        raise refusal.with_traceback(None) from None


async def _read(request: Request[Any, Any, Any], model: type[S]) -> S:
    raw = await read_raw(request)
    fields, is_json = parse(request, raw)
    return fill(model, fields, strict=is_json)


def parse(request: Request[Any, Any, Any], raw: bytes) -> tuple[Mapping[str, Any], bool]:
    """Return the fields of the request's body, and whether it is JSON; without a body there are none, and it is.

    Raises `WrongMediaType` and `Malformed`, and `WrongFields` for JSON that is no object.
    """
    if not raw:
        return {}, True
    media_type = _media_type(request)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    if media_type == JSON:
        return parse_json(text), True
    form = parse_form(text)
    if TOKEN_FIELD in form and "authorization" in request.headers:
        raise Malformed("Send the access token once, in the header.")
    return form, False


async def read_raw(request: Request[Any, Any, Any]) -> bytes:
    """Return the body as it came, and read not a byte more than the limit. Raises `TooLarge` and `Malformed`."""
    try:
        return await request.body()
    except HTTPException as refusal:  # Litestar's own: turned into ours, lest a host's handlers take it
        raise _refused(request, refusal) from refusal


def _refused(request: Request[Any, Any, Any], refusal: HTTPException) -> EdgeError:
    limit = request.route_handler.resolve_request_max_body_size()
    if refusal.status_code == 413 and limit is not None:
        return TooLarge(limit)
    return Malformed("The body did not arrive whole, or its length is not a number.")


def _media_type(request: Request[Any, Any, Any]) -> str:
    """Return one of the two media types that are read. Raises `WrongMediaType`."""
    sent = request.headers.getall("content-type", [])
    codings = request.headers.getall("content-encoding", [])
    if len(sent) != 1 or any(coding.strip().lower() != "identity" for coding in codings):
        raise WrongMediaType
    media_type, *parameters = (part.strip() for part in sent[0].lower().split(";"))
    pairs = [(name.strip(), value.strip(' "')) for name, _, value in (each.partition("=") for each in parameters)]
    charsets = [value for name, value in pairs if name == "charset"]
    if media_type not in {JSON, FORM} or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise WrongMediaType
    return media_type


def parse_json(text: str) -> dict[str, Any]:
    """Parse one JSON object. Raises `Malformed`, and `WrongFields` for any other JSON."""
    if _is_deep(text):
        raise Malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")
    try:
        parsed = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.") from None
    if "\\u" in text and not all(_is_text(string) for string in _strings(parsed)):
        raise Malformed("The body holds half of a surrogate pair.")
    if not isinstance(parsed, dict):
        raise WrongFields({"": ["The body has to be one JSON object."]})
    return parsed


def parse_form(text: str) -> dict[str, str]:
    """Parse a form: `+` is a space, and what is percent-encoded is UTF-8. Raises `Malformed`."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAXFORM_FIELDS
        )
    except ValueError:
        raise Malformed("The body is not a form.") from None
    return _unique(pairs)


def fill(model: type[S], given: Mapping[str, Any], *, strict: bool) -> S:
    """Make a `model` of the fields given; unless `strict`, a number comes as text. Raises `WrongFields`."""
    fields = _fields_of(model)
    values: dict[str, Any] = {}
    errors = _unknown_errors([name for name in given if name not in fields])
    for name, field in fields.items():
        if name not in given:
            if field.required:
                errors[name] = ["This field is required."]
            continue
        try:
            values[field.attribute] = msgspec.convert(given[name], field.type, strict=strict)
        except msgspec.ValidationError as error:
            errors[name] = [f"{error}."]
        else:
            if "\0" in str(given[name]):
                errors[name] = ["NUL is no character for text."]
            elif not strict and _spelled(values[field.attribute]) != given[name]:
                errors[name] = ["Write this number with its digits alone."]
            elif field.is_secret or _may_be_card(values[field.attribute]):
                values[field.attribute] = Secret(values[field.attribute])
                conceal(values[field.attribute])
    if errors:
        raise WrongFields(errors)
    return model(**values)


def field_names(model: type[msgspec.Struct]) -> AbstractSet[str]:
    """Return what the fields of a body are called, as clients spell them."""
    return _fields_of(model).keys()


def _unknown_errors(names: Sequence[str]) -> dict[str, list[str]]:
    """Name the first unknown fields, each shortened, and count the others: an answer is no copy of what was sent."""
    errors: dict[str, list[str]] = {}
    for name in names[:MAX_UNKNOWN_FIELDS]:
        errors[_shown(name)] = ["This field is not known here."]
    if len(names) > MAX_UNKNOWN_FIELDS:
        errors.setdefault("", []).append(f"{len(names) - MAX_UNKNOWN_FIELDS} more fields are not known here.")
    return errors


@attrs.frozen
class _Field:
    attribute: str
    type: Any
    required: bool
    is_secret: bool


@cache
def _fields_of(model: type[msgspec.Struct]) -> Mapping[str, _Field]:
    return {
        field.encode_name: _Field(field.name, field.type, field.required, any(word in field.name for word in _SECRET))
        for field in msgspec.structs.fields(model)
    }


def _shown(name: str) -> str:
    """Return an unknown field's name, shortened.

    Nothing of one in whose place somebody typed a card number: an answer may be kept.
    """
    if may_hold_card_number(name):
        return ""
    return name if len(name) <= MAX_FIELD_NAME else f"{name[:MAX_FIELD_NAME]}\u2026"


def _may_be_card(value: object) -> bool:
    return isinstance(value, str) and may_hold_card_number(value)


def _spelled(value: Any) -> str:
    """Return the one way to write a value in a form: `1.0` and `1e0` are not the number 1 to every reader."""
    return value if isinstance(value, str) else json.dumps(value)


class _Twice(Malformed):
    def __init__(self) -> None:
        super().__init__("A field is given twice.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _Twice
    return fields


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number.")


def _is_deep(text: str) -> bool:
    """Return whether JSON is nested deeper than `MAX_DEPTH`, in one pass that no text makes longer."""
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    steps = _STRING.sub("", text).encode(errors="surrogatepass").translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > MAX_DEPTH


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from _strings(member)


def _is_text(string: str) -> bool:
    return _SURROGATE.search(string) is None
