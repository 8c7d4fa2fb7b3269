"""Parameters as Stripe's API takes them: form-encoded, nested by brackets, refused when unknown."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from accounts_stripe_simulator.answers import invalid
from accounts_stripe_simulator.state import Json

MAX_DEPTH: Final = 8
MAX_LIMIT: Final = 100
DEFAULT_LIMIT: Final = 10

_INDEX: Final = re.compile(r"[0-9]{1,4}")


def decode_form(text: str) -> Json:
    """Turn `a[b]=1&c[0]=2` into `{"a": {"b": "1"}, "c": ["2"]}`. Raises `Refused`."""
    tree: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, *rest = name.replace("]", "").split("[")
        if len(rest) >= MAX_DEPTH:
            raise invalid(f"Invalid parameter: {name}", name)
        node, path = tree, [head, *rest]
        for step in path[:-1]:
            child = node.setdefault(step, {})
            if not isinstance(child, dict):
                raise invalid(f"Invalid parameter: {name}", name)
            node = child
        # `c[]=1&c[]=2`: each is one more
        node[path[-1] or str(len(node))] = value
    # a key of metadata may be a number
    return {name: value if name == "metadata" else _lists(value) for name, value in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    values = {name: _lists(value) for name, value in node.items()}
    if values and all(_INDEX.fullmatch(name) for name in values):
        return [values[name] for name in sorted(values, key=int)]
    return values


class Parameters:
    """The parameters of one request, taken one by one; what was not taken is unknown, and refused.

    An empty value is None: with it, Stripe's API clears a field. Every method raises `Refused`.
    """

    def __init__(self, tree: Json, inside: str = "") -> None:
        self._tree = dict(tree)
        self._inside = inside
        self._children: list[Parameters] = []

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def text(self, name: str, *, among: tuple[str, ...] = ()) -> str | None:
        """Take a text; None when it is absent or empty."""
        value = self._tree.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {value}", self._full(name))
        if among and value not in among:
            allowed = ", ".join(among)
            raise invalid(f"Invalid {self._full(name)}: must be one of {allowed}", self._full(name))
        return value

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise invalid(f"Missing required param: {self._full(name)}.", self._full(name), "parameter_missing")
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not (value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()) or len(value) > 12:
            raise invalid(f"Invalid integer: {value}", self._full(name), "parameter_invalid_integer")
        return int(value)

    def boolean(self, name: str) -> bool:
        return self.text(name, among=("true", "false")) == "true"

    def texts(self, name: str) -> list[str] | None:
        """Take a list of texts; None when it is absent."""
        value = self._tree.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise invalid("Invalid array", self._full(name))
        return value

    def is_nested(self, name: str) -> bool:
        """Say whether the parameter came as `name[...]`."""
        return isinstance(self._tree.get(name), dict)

    def nested(self, name: str) -> "Parameters":
        """Take the parameters inside `name[...]`; there may be none."""
        value = self._tree.pop(name, {})
        if not isinstance(value, dict):
            raise invalid("Invalid object", self._full(name))
        child = Parameters(value, self._full(name))
        self._children.append(child)
        return child

    def each_nested(self, name: str) -> list["Parameters"]:
        """Take the parameters inside `name[0][...]`, `name[1][...]` and so on; there may be none."""
        values = self._tree.pop(name, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise invalid("Invalid array", self._full(name))
        children = [Parameters(value, f"{self._full(name)}[{place}]") for place, value in enumerate(values)]
        self._children += children
        return children

    def metadata(self, current: Mapping[str, str] | None = None) -> dict[str, str]:
        """Take `metadata[...]` and lay it over `current`; an empty value removes its key."""
        value = self._tree.pop("metadata", {})
        if value == "":
            return {}
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise invalid("Invalid metadata", "metadata")
        merged = {**(current or {}), **value}
        if len(merged) > 50 or any(len(key) > 40 or len(item) > 500 for key, item in merged.items()):
            raise invalid("Metadata takes 50 keys, each of 40 characters, with values of 500 characters", "metadata")
        return {key: item for key, item in merged.items() if item}

    def done(self) -> None:
        """Refuse what nobody took."""
        for name in self._tree:
            raise invalid(f"Received unknown parameter: {self._full(name)}", self._full(name), "parameter_unknown")
        for child in self._children:
            child.done()

    def _full(self, name: str) -> str:
        return f"{self._inside}[{name}]" if self._inside else name
