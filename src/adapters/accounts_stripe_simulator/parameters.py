"""Parameters of Stripe's API: form-encoded, nested with brackets, refused when unknown."""

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
    """Decode `a[b]=1&c[0]=2` to `{"a": {"b": "1"}, "c": ["2"]}`.

    Raises:
        Refused: A name is nested more deeply than `MAX_DEPTH`, or is used for a value and an object.

    """
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
        # `c[]=1&c[]=2` appends to the list
        node[path[-1] or str(len(node))] = value
    # keys of metadata may be numbers, so metadata is never a list
    return {name: value if name == "metadata" else _to_lists(value) for name, value in tree.items()}


def _to_lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    values = {name: _to_lists(value) for name, value in node.items()}
    if values and all(_INDEX.fullmatch(name) for name in values):
        return [values[name] for name in sorted(values, key=int)]
    return values


class Parameters:
    """The parameters of one request.

    A handler takes each parameter by name and type and then calls `refuse_unknown`. An empty value is None, with which
    Stripe's API clears a field. Every method that takes a parameter raises `Refused` for a value of another type.
    """

    def __init__(self, tree: Json, inside: str = "") -> None:
        self._tree = dict(tree)
        self._inside = inside
        self._children: list[Parameters] = []

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def take_text(self, name: str, *, among: tuple[str, ...] = ()) -> str | None:
        """Take a text, one of `among` if it is not empty. Return None if it is absent or empty."""
        value = self._tree.pop(name, None)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {value}", self._full_name(name))
        if among and value not in among:
            allowed = ", ".join(among)
            raise invalid(f"Invalid {self._full_name(name)}: must be one of {allowed}", self._full_name(name))
        return value

    def take_required(self, name: str) -> str:
        """Take a text. Raises `Refused` if it is absent or empty."""
        value = self.take_text(name)
        if value is None:
            raise invalid(
                f"Missing required param: {self._full_name(name)}.", self._full_name(name), "parameter_missing"
            )
        return value

    def take_integer(self, name: str) -> int | None:
        """Take an integer. Return None if it is absent or empty."""
        value = self.take_text(name)
        if value is None:
            return None
        if not (value.removeprefix("-").isascii() and value.removeprefix("-").isdigit()) or len(value) > 12:
            raise invalid(f"Invalid integer: {value}", self._full_name(name), "parameter_invalid_integer")
        return int(value)

    def take_boolean(self, name: str) -> bool:
        """Take `true` or `false`. Return False if it is absent or empty."""
        return self.take_text(name, among=("true", "false")) == "true"

    def take_texts(self, name: str) -> list[str] | None:
        """Take a list of texts. Return None if it is absent."""
        value = self._tree.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise invalid("Invalid array", self._full_name(name))
        return value

    def is_nested(self, name: str) -> bool:
        """Return whether the parameter was sent as `name[...]`."""
        return isinstance(self._tree.get(name), dict)

    def take_nested(self, name: str) -> "Parameters":
        """Take the parameters inside `name[...]`, which may be absent."""
        value = self._tree.pop(name, {})
        if not isinstance(value, dict):
            raise invalid("Invalid object", self._full_name(name))
        child = Parameters(value, self._full_name(name))
        self._children.append(child)
        return child

    def take_each_nested(self, name: str) -> list["Parameters"]:
        """Take the parameters inside `name[0][...]`, `name[1][...]` and so on, which may be absent."""
        values = self._tree.pop(name, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise invalid("Invalid array", self._full_name(name))
        children = [Parameters(value, f"{self._full_name(name)}[{place}]") for place, value in enumerate(values)]
        self._children += children
        return children

    def take_metadata(self, current: Mapping[str, str] | None = None) -> dict[str, str]:
        """Take `metadata[...]` and return it merged into `current`. An empty value removes its key."""
        value = self._tree.pop("metadata", {})
        if value == "":
            return {}
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            raise invalid("Invalid metadata", "metadata")
        merged = {**(current or {}), **value}
        if len(merged) > 50 or any(len(key) > 40 or len(item) > 500 for key, item in merged.items()):
            raise invalid("Metadata takes 50 keys, each of 40 characters, with values of 500 characters", "metadata")
        return {key: item for key, item in merged.items() if item}

    def refuse_unknown(self) -> None:
        """Raise `Refused` for a parameter that was not taken."""
        for name in self._tree:
            raise invalid(
                f"Received unknown parameter: {self._full_name(name)}", self._full_name(name), "parameter_unknown"
            )
        for child in self._children:
            child.refuse_unknown()

    def _full_name(self, name: str) -> str:
        return f"{self._inside}[{name}]" if self._inside else name
