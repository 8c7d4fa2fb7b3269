"""OpenAPI links: the calls that take values of an answer."""

from collections.abc import Mapping
from typing import Any, Final

Links = Mapping[str, Mapping[str, Any]]

_ON_AN_ACCOUNT: Final = (
    "getAccount",
    "listMembers",
    "listInteractions",
    "writeInteraction",
    "invite",
    "listAccountInvitations",
    "renameAccount",
    "handOverAccount",
    "deleteAccount",
)


def into(*operations: str, body: Mapping[str, str] | None = None, **parameters: str) -> Links:
    """Return links to the operations that take these values, as parameters or as fields of the body.

    A value is one of OpenAPI's runtime expressions, such as `$response.body#/data/id`.
    """
    link: dict[str, Any] = {"parameters": parameters} if parameters else {}
    if body:
        link["requestBody"] = dict(body)
    return {name: {"operationId": name, **link} for name in operations}


def into_account(id: str) -> Links:
    """Return links for a value that is an account's id, to every operation on an account."""
    return into(*_ON_AN_ACCOUNT, id=id)
