"""Where an answer's values go: OpenAPI's links, from one call to the next."""

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
    """Say which calls take these values, by parameter or by field of the body.

    A value is one of OpenAPI's runtime expressions, such as `$response.body#/data/id`.
    """
    return {
        name: Link(operation_id=name, parameters=parameters or None, request_body=body and dict(body))
        for name in operations
    }


def into_account(id: str) -> Links:
    """Say that this value is an account's id, which every call on an account takes."""
    return into(*_ON_AN_ACCOUNT, id=id)
