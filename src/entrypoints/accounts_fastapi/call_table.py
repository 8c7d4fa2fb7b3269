"""The calls by path."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from accounts_http.api.http_calls import HttpCall

_PARAMETER: Final = re.compile(r"{(\w+)}")


@attrs.frozen
class Found:
    """A path that was looked up."""

    calls: Mapping[str, HttpCall]
    """The calls at this path, by method."""
    parameters: Mapping[str, str]
    """The parameters in it."""


class CallTable:
    """Finds calls by the paths of requests."""

    def __init__(self, calls: Iterable[HttpCall]) -> None:
        by_path: dict[str, dict[str, HttpCall]] = {}
        for call in calls:
            by_path.setdefault(call.path, {})[call.method] = call
        self._fixed = {path: Found(found, {}) for path, found in by_path.items() if "{" not in path}
        self._patterns: dict[int, list[tuple[re.Pattern[str], Mapping[str, HttpCall]]]] = {}
        for path, found in by_path.items():
            if "{" in path:
                pattern = re.compile(_PARAMETER.sub(r"(?P<\1>[^/]+)", path))
                self._patterns.setdefault(path.count("/"), []).append((pattern, found))
        begins = {"/".join(path.partition("{")[0].split("/")[:3]) for path in by_path}
        self._begins = re.compile("|".join(sorted(map(re.escape, begins))))

    def may_have(self, path: str) -> bool:
        """Return quickly whether a path, with any prefix, may be one of a call."""
        return self._begins.search(path) is not None

    def find(self, path: str) -> Found | None:
        """Return the calls at a path, or None."""
        found = self._fixed.get(path)
        if found is not None:
            return found
        for pattern, calls in self._patterns.get(path.count("/"), ()):
            match = pattern.fullmatch(path)
            if match is not None:
                return Found(calls, match.groupdict())
        return None
