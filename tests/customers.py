"""Profile data of a host's own type, with a codec that needs nothing but attrs."""

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import attrs

from accounts_core import ProfileType
from accounts_core.model.profile_data import Problem, invalid_profile


@attrs.frozen
class Address:
    city: str
    zip: str | None = None


@attrs.frozen
class Customer:
    """A bookshop, say."""

    company: str = ""
    vat_id: str | None = None
    seats: int = 1
    address: Address | None = None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_seats(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_address(value: object) -> bool:
    return value is None or isinstance(value, Mapping)


_ADDRESS: Final = {"city": _is_text, "zip": _is_text_or_none}
_CUSTOMER: Final = {"company": _is_text, "vat_id": _is_text_or_none, "seats": _is_seats, "address": _is_address}


class CustomerCodec:
    """Reads and writes `Customer`; with `required` its company has to be there."""

    def __init__(self, *, required: bool = False) -> None:
        self.required = required
        self.loads = 0

    def load(self, data: Mapping[str, Any], *, allow_unknown: bool) -> Customer:
        self.loads += 1
        problems: list[Problem] = []
        if self.required and "company" not in data:
            problems.append((("company",), "This field is required."))
        members = _checked(data, _CUSTOMER, (), problems, allow_unknown=allow_unknown)
        if isinstance(address := members.get("address"), Mapping):
            if "city" not in address:
                problems.append((("address", "city"), "This field is required."))
            inner = _checked(address, _ADDRESS, ("address",), problems, allow_unknown=allow_unknown)
            if not problems:
                members["address"] = Address(**inner)
        if problems:
            raise invalid_profile(problems)
        return Customer(**members)

    def dump(self, value: Customer) -> dict[str, Any]:
        return attrs.asdict(value)

    def is_value(self, value: object) -> TypeGuard[Customer]:
        return isinstance(value, Customer)

    def schema(self) -> dict[str, Any]:
        address = {
            "type": "object",
            "properties": {"city": {"type": "string"}, "zip": {"type": ["string", "null"]}},
            "required": ["city"],
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {
                "company": {"type": "string", "examples": ["B\u00fccher & S\u00f6hne"]},
                "vat_id": {"type": ["string", "null"]},
                "seats": {"type": "integer", "minimum": 1, "maximum": 2**63 - 1, "default": 1},
                "address": {"anyOf": [address, {"type": "null"}]},
            },
            "required": ["company"] if self.required else [],
            "additionalProperties": False,
        }


def _checked(
    data: Mapping[str, Any], rules: Mapping[str, Any], above: tuple[str, ...], problems: list[Problem], **options: bool
) -> dict[str, Any]:
    for name, value in data.items():
        if name not in rules:
            if not options["allow_unknown"]:
                problems.append(((*above, name), "This field is unknown."))
        elif not rules[name](value):
            problems.append(((*above, name), "This is not valid."))
    return {name: value for name, value in data.items() if name in rules}


CUSTOMER: Final = ProfileType(codec=CustomerCodec())
