"""The calls in the host's OpenAPI document.

FastAPI makes an operation for each route from the route itself. What it says about a call is in `openapi_extra`, with
every schema written out, so that it is complete in any document, also where a host makes its own. `Documentation`
then replaces the schemas by references to components, adds these, and names the security schemes on the host's own
routes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from accounts_http.api.http_api import HttpApi
from accounts_http.api.http_calls import HttpCall
from accounts_http.openapi.document import PASSWORD_SCHEME as PASSWORD
from accounts_http.openapi.document import SECURITY_SCHEME as BEARER
from accounts_http.openapi.references import COMPONENTS, components_of, with_references
from accounts_http.problems import MEDIA_TYPE

MARK: Final = "x-accounts"
"""The member of an operation with the name of the accounts that it belongs to, and the operation's id there."""

_TOKEN: Final = "requestToken"  # noqa: S105  the id of an operation
_UNAUTHORIZED: Final = "401"
_PROBLEM: Final = "Problem"


class NeedsToken(SecurityBase):
    """Documents that a route needs an access token. It is checked elsewhere."""

    def __init__(self, scheme_name: str) -> None:
        self.model = HTTPBearer(description="An access token, from `POST /api/auth/login`.")
        self.scheme_name = scheme_name

    async def __call__(self) -> None:
        """Do nothing."""


class Documentation:
    """The operations and components of the calls of one API.

    Args:
        api: The API.
        name: The name of the accounts. It begins the names of security schemes, and of operations where it is another
            than `accounts`.

    """

    def __init__(self, api: HttpApi, name: str) -> None:
        self._api = api
        self._name = name
        self._by_id = {call.documented.route.docs.id: call for call in api.calls if call.documented}
        self._completed: dict[str, Any] | None = None
        self._whole: dict[str, Any] = {}

    @property
    def bearer(self) -> str:
        """The name of the security scheme of access tokens."""
        return self._scheme(BEARER)

    def id_of(self, operation_id: str) -> str:
        """Return the id of an operation in the host's document."""
        if self._name == "accounts":
            return operation_id
        return self._name + operation_id[0].upper() + operation_id[1:]

    def route_name_of(self, operation_id: str) -> str:
        """Return the name by which a URL is found, such as `accounts:login`: a host may have a `login` of its own."""
        return f"{self._name}:{operation_id}"

    def described(self, call: HttpCall) -> dict[str, Any]:
        """Return the operation of a call for `openapi_extra`, without references to components."""
        operation: dict[str, Any] = self._written_out(self._operation(call))
        assert call.documented is not None
        operation.pop("security", None)  # FastAPI adds it, with the scheme, for the dependency of the route
        operation[MARK] = {"name": self._name, "id": call.documented.route.docs.id}
        return operation

    def complete(self, document: dict[str, Any]) -> dict[str, Any]:
        """Add the components to a document, and let the operations refer to them. The document is changed.

        A component whose name the host has given to another schema gets the name of the accounts before its own.

        Args:
            document: The OpenAPI document of an application that serves some of the calls.

        Returns:
            The document. A second time nothing is changed.

        """
        if document is self._completed:
            return document
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        names = self._names_beside(schemas)
        used: set[str] = set()
        token_path = None
        for path, operation in _operations(document):
            mark = operation.get(MARK)
            if mark is not None and mark["name"] == self._name:
                del operation[MARK]
                used |= self._restore(operation, self._by_id[mark["id"]], names)
                token_path = path if mark["id"] == _TOKEN else token_path
        used |= self._secure(document, components, token_path, names)
        for name in sorted(used):
            schemas.setdefault(names[name], _renamed(self._api.components["schemas"][name], names))
        self._completed = document
        return document

    def _written_out(self, part: Any, within: tuple[str, ...] = ()) -> Any:
        """Return a copy with each schema in place of the reference to it; in itself a schema is any value."""
        if isinstance(part, list):
            return [self._written_out(each, within) for each in part]
        if not isinstance(part, dict):
            return part
        reference = part.get("$ref")
        if not isinstance(reference, str) or not reference.startswith(COMPONENTS):
            return {key: self._written_out(each, within) for key, each in part.items() if key != "discriminator"}
        name = reference.removeprefix(COMPONENTS)
        if name in within:
            return {}
        if within:
            return self._written_out(self._api.components["schemas"][name], (*within, name))
        if name not in self._whole:
            self._whole[name] = self._written_out(self._api.components["schemas"][name], (name,))
        return self._whole[name]

    def _operation(self, call: HttpCall) -> dict[str, Any]:
        """Return the operation of a call, with the names that these accounts have in the host's document."""
        operation = dict(self._api.operation(call))
        operation["operationId"] = self.id_of(operation["operationId"])
        if "security" in operation:
            operation["security"] = [
                {self._scheme(scheme): scopes for scheme, scopes in each.items()} for each in operation["security"]
            ]
        if self._name != "accounts":
            operation["responses"] = {
                status: {**response, "links": self._links(response["links"])} if "links" in response else response
                for status, response in operation["responses"].items()
            }
        return operation

    def _links(self, links: Mapping[str, Any]) -> dict[str, Any]:
        return {name: {**link, "operationId": self.id_of(link["operationId"])} for name, link in links.items()}

    def _scheme(self, scheme: str) -> str:
        return self._name + scheme.removeprefix("accounts")

    def _names_beside(self, taken: Mapping[str, Any]) -> dict[str, str]:
        """Return a name for each component that is not the host's for something else."""
        ours = self._api.components["schemas"]
        names = {name: name for name in ours}
        begin = self._name[0].upper() + self._name[1:]
        for name, schema in ours.items():
            while names[name] in taken and taken[names[name]] != schema:
                names[name] = begin + names[name]
        return names

    def _restore(self, operation: dict[str, Any], call: HttpCall, names: Mapping[str, str]) -> set[str]:
        """Put references, and what FastAPI has left out, such as null in an example, into an operation of ours.

        Returns the names of the components that it refers to.
        """
        original = _renamed(self._operation(call), names)
        operation["responses"].update(original["responses"])
        if "requestBody" in original:
            operation["requestBody"] = original["requestBody"]
        ours = {(each["name"], each["in"]): each for each in original.get("parameters", ())}
        if "parameters" in operation:
            operation["parameters"] = [ours.get((each["name"], each["in"]), each) for each in operation["parameters"]]
        return set(components_of(self._api.operation(call), self._api.components["schemas"]))

    def _secure(
        self,
        document: dict[str, Any],
        components: dict[str, Any],
        token_path: str | None,
        names: Mapping[str, str],
    ) -> set[str]:
        """Describe the security schemes, and name them on every operation with a dependency of these accounts.

        Returns the names of the components that this refers to.
        """
        schemes = components.setdefault("securitySchemes", {})
        available = dict(self._api.components["securitySchemes"])
        if token_path is None:
            available.pop(PASSWORD, None)
        elif PASSWORD in available:
            # below every prefix that the document itself is served at
            flow = {**available[PASSWORD]["flows"]["password"], "tokenUrl": token_path.removeprefix("/")}
            available[PASSWORD] = {**available[PASSWORD], "flows": {"password": flow}}
        schemes.update({self._scheme(scheme): described for scheme, described in available.items()})
        alternatives: list[dict[str, Any]] = [{self._scheme(scheme): []} for scheme in available if scheme != BEARER]
        used: set[str] = set()
        for _, operation in _operations(document):
            security = operation.get("security", ())
            if {self.bearer: []} not in security:
                continue
            operation["security"] = [*security, *(each for each in alternatives if each not in security)]
            if _UNAUTHORIZED not in operation["responses"]:
                operation["responses"][_UNAUTHORIZED] = {
                    "description": "The access token is missing or invalid.",
                    "content": {MEDIA_TYPE: {"schema": {"$ref": COMPONENTS + names[_PROBLEM]}}},
                }
                used.add(_PROBLEM)
        return used


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                yield path, operation


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    """Return a copy whose references lead to the components under these names."""

    def renamed(reference: str) -> str:
        name = reference.removeprefix(COMPONENTS)
        return COMPONENTS + names.get(name, name)

    return with_references(part, renamed)
