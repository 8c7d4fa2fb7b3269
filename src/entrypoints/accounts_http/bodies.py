"""Request bodies: JSON or a form, read strictly.

Two readers of one request must see the same request, so everything that parsers disagree on is refused: a repeated
field (however its name is escaped), other encodings than UTF-8, lone surrogates, `NaN` and `Infinity`. The depth is
limited before parsing; the size is limited by the caller before reading. Every bad field is named, not only the
first.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import accumulate
from typing import Any, Final, NoReturn, TypeVar
from urllib.parse import parse_qsl

import attrs
import msgspec

from accounts_core.errors import Invalid
from accounts_core.model.card_numbers import may_hold_card_number
from accounts_core.model.profile_data import check_json
from accounts_core.model.text import Secret
from accounts_http.access_log import conceal
from accounts_http.bearer import TOKEN_FIELD
from accounts_http.errors import HttpError, Malformed, WrongFields, WrongMediaType
from accounts_http.headers import FORM, JSON, Headers

MAX_DEPTH: Final = 32
MAX_FORM_FIELDS: Final = 64
MAX_UNKNOWN_FIELDS: Final = 20
"""Most unknown fields that an error names. JSON writes a control character with six, so a name may grow sixfold."""
PROFILE: Final = "profile"
"""The field with the host application's profile data: a JSON object, in a form as its text."""
MAX_FIELD_NAME: Final = 48
"""Characters of an unknown field's name that an error shows. The longest name of a known field has 21."""

_SECRET: Final = ("password", "secret", "token", "email", "url")
"""Parts of the names of fields that hold a secret, or where people type one by mistake. Their values are in no log and
no `repr`, like any text that may hold a card number."""
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
"""A JSON string, also one that does not end. It matches wherever a quote is and gives nothing back, so the scan for it
is linear: with a required closing quote, each quote of an unfinished string would scan the rest of the text again."""
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""Brackets as signed bytes: one level deeper or one level up."""
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[{]}"))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


class NoFields(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a write that takes no fields."""


def read_body(raw: bytes, headers: Headers, model: type[S]) -> S:
    """Parse and validate the body of a request. An empty body has no fields.

    Args:
        raw: The body as it came, limited in size by the caller.
        headers: The request's headers.
        model: The struct to fill; its passwords, tokens and the like become `Secret`.

    Raises:
        WrongMediaType: The body is neither JSON nor a form.
        Malformed: It does not follow its own format.
        WrongFields: Fields are missing, unknown, of the wrong type, or hold a NUL; the error names each. Unknown fields
            are ignored where the struct does not forbid them. Of profile data it names each member that breaks a rule
            that all profile data has (`check_json`).

    """
    try:
        return _read(raw, headers, model)
    except HttpError as error:
        # without the body in any frame: an error reporter looks into them, and there may be a password in it
        del raw
        raise error.with_traceback(None) from None


def _read(raw: bytes, headers: Headers, model: type[S]) -> S:
    fields, is_json = parse_body(raw, headers)
    return fill(model, fields, strict=is_json)


def parse_body(raw: bytes, headers: Headers) -> tuple[Mapping[str, Any], bool]:
    """Return the fields of a body and whether it is JSON; an empty body has none and counts as JSON.

    Raises:
        WrongMediaType: The body is neither JSON nor a form.
        Malformed: It does not follow its own format.
        WrongFields: It is JSON, but not an object.

    """
    if not raw:
        return {}, True
    media_type = _media_type(headers)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    if media_type == JSON:
        return parse_json(text), True
    form = parse_form(text)
    if TOKEN_FIELD in form and headers.values(b"authorization"):
        raise Malformed("Send the access token once, in the header.")
    return form, False


def _media_type(headers: Headers) -> str:
    """Return one of the two media types that are read. Raises `WrongMediaType`."""
    sent = headers.values(b"content-type")
    codings = headers.values(b"content-encoding")
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
    parsed = _parsed(text, "The body")
    if not isinstance(parsed, dict):
        raise WrongFields({"": ["The body must be a JSON object."]})
    return parsed


def _parsed(text: str, what: str) -> Any:
    """Parse JSON; `what` it is begins the text of an error. Raises `Malformed`."""
    if _is_deep(text):
        raise Malformed(f"{what} is nested more than {MAX_DEPTH} levels deep.")
    try:
        parsed = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Malformed(f"{what} is not JSON.") from None
    if "\\u" in text and not all(_is_text(string) for string in _strings(parsed)):
        raise Malformed(f"{what} holds half of a surrogate pair.")
    return parsed


def parse_form(text: str) -> dict[str, str]:
    """Parse a form: `+` is a space, and what is percent-encoded is UTF-8. Raises `Malformed`."""
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_FORM_FIELDS
        )
    except ValueError:
        raise Malformed("The body is not a form.") from None
    return _unique(pairs)


def fill(model: type[S], sent: Mapping[str, Any], *, strict: bool) -> S:
    """Fill a `model` with the fields that were sent; unless `strict`, numbers are text. Raises `WrongFields`."""
    fields = _fields_of(model)
    values: dict[str, Any] = {}
    is_strict = model.__struct_config__.forbid_unknown_fields
    errors = _unknown_errors([name for name in sent if name not in fields]) if is_strict else {}
    for name, field in fields.items():
        if name not in sent:
            if field.required:
                errors[name] = ["This field is required."]
            continue
        if name == PROFILE:
            values[field.attribute] = _profile(sent[name], errors, is_json=strict)
            continue
        try:
            values[field.attribute] = msgspec.convert(sent[name], field.type, strict=strict)
        except msgspec.ValidationError as error:
            errors[name] = [f"{error}."]
        else:
            if "\0" in str(sent[name]):
                errors[name] = ["Text cannot contain NUL."]
            elif not strict and _spelled(values[field.attribute]) != sent[name]:
                errors[name] = ["Write this number with digits only."]
            elif field.is_secret or _may_be_card(values[field.attribute]):
                values[field.attribute] = Secret(values[field.attribute])
                conceal(values[field.attribute])
    if errors:
        raise WrongFields(errors)
    return model(**values)


def _profile(sent: Any, errors: dict[str, list[str]], *, is_json: bool) -> Any:
    """Return profile data, after adding what is wrong with it to `errors`.

    The rules of the core are checked here already, so that a card number goes no further than the reading of a body,
    whose frames no error keeps.
    """
    try:
        members = sent if is_json else _parsed(sent, "This")
    except Malformed as error:
        errors[PROFILE] = [str(error)]
        return None
    if not isinstance(members, dict):
        errors[PROFILE] = ["This must be a JSON object."]
        return None
    try:
        check_json(members, max_bytes=sys.maxsize)  # the body was read, so its size is limited
    except Invalid as error:
        errors.update(error.errors)
    return members


def field_names(model: type[msgspec.Struct]) -> AbstractSet[str]:
    """Return the names of the fields of a body, as clients spell them."""
    return _fields_of(model).keys()


def _unknown_errors(names: Sequence[str]) -> dict[str, list[str]]:
    """Name the first unknown fields, each shortened, and count the others, so that the answer stays small."""
    errors: dict[str, list[str]] = {}
    for name in names[:MAX_UNKNOWN_FIELDS]:
        errors[_shown(name)] = ["This field is unknown."]
    if len(names) > MAX_UNKNOWN_FIELDS:
        errors.setdefault("", []).append(f"{len(names) - MAX_UNKNOWN_FIELDS} more fields are unknown.")
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
    """Return an unknown field's name, shortened; nothing if it may be a card number, as answers may be stored."""
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
        super().__init__("A field is repeated.")


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


def value_or_none(value: T | msgspec.UnsetType) -> T | None:
    """Return the value of an optional field, or None where it was not sent."""
    return None if value is msgspec.UNSET else value
