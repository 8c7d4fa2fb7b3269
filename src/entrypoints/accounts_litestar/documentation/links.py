"""OpenAPI links: the calls that take values of an answer."""

from collections.abc import Mapping
from typing import Final

from litestar.openapi.spec import Link, Reference

Links = Mapping[str, Link | Reference]

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
    return {
        name: Link(operation_id=name, parameters=parameters or None, request_body=body and dict(body))
        for name in operations
    }


def into_account(id: str) -> Links:
    """Return links for a value that is an account's id, to every operation on an account."""
    return into(*_ON_AN_ACCOUNT, id=id)
