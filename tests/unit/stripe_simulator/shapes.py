"""Do answers have the shapes that Stripe publishes? `schemas.json` is cut from Stripe's OpenAPI of 2023-08-16.

Properties that are newer than that are passed by.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parent / "schemas.json").read_text())
TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}


def differences(value: Any, schema: str, at: str = "") -> Iterator[str]:
    """Yield what differs from the schema of this name, as sentences."""
    described = SCHEMAS[schema]
    for name in described["required"]:
        if name not in value:
            yield f"{at}.{name} is missing"
    for name, expected in described["properties"].items():
        if name in value:
            yield from _property(value[name], expected, f"{at}.{name}")


def _property(value: Any, expected: dict[str, Any], at: str) -> Iterator[str]:
    if value is None:
        if not expected.get("nullable"):
            yield f"{at} is null"
    elif "anyOf" in expected:
        answers = [list(_property(value, each, at)) for each in expected["anyOf"]]
        if all(answers):
            yield min(answers, key=len)[0]
    elif "$ref" in expected:
        if not isinstance(value, dict):
            yield f"{at} is {value!r}, not an object"
        else:
            yield from differences(value, expected["$ref"], at)
    elif "type" in expected:
        # a bool is an int to Python, not to JSON
        if not isinstance(value, TYPES[expected["type"]]) or isinstance(value, bool) != (expected["type"] == "boolean"):
            yield f"{at} is {value!r}, not of type {expected['type']}"
        elif value not in expected.get("enum", [value]):
            yield f"{at} is {value!r}, which is none of {expected['enum']}"
        for item in value if isinstance(value, list) else ():
            yield from _property(item, expected.get("items", {}), f"{at}[]")
