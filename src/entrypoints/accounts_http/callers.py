"""The signed-in user of a request: of the API's calls, and of a host application's own routes.

An integration resolves the access token of a request once, keeps the caller for everything else in the same request,
and calls `touch` after the answer if `touch_due` says so. What it keeps in the scope it keeps by `credentials_of` it: a
host that answers a batch copies its scope for each request in it, and each has a token of its own.
"""

from typing import Any

from accounts_core import Accounts
from accounts_core.errors import InfrastructureError, ReauthenticationRequired
from accounts_core.model.profile_data import D
from accounts_core.model.text import Secret
from accounts_core.results import Caller
from accounts_http.access_log import note_user
from accounts_http.bearer import bearer_token
from accounts_http.headers import Headers, QueryString
from accounts_http.problems import logger


def credentials_of(headers: Headers) -> tuple[Secret, ...]:
    """Return the part of a request's headers that decides who its caller is."""
    return tuple(Secret(value) for value in headers.values(b"authorization"))


async def authenticate(accounts: Accounts[D], headers: Headers, query_string: QueryString) -> Caller[D]:
    """Return the caller, with one read of the store and no write.

    Args:
        accounts: The facade.
        headers: The request's headers.
        query_string: The raw query, which must hold no token.

    Raises:
        MissingToken: There is no token.
        InvalidToken: The token is malformed or unknown, its session is over, or its user is deactivated.
        Malformed: There are several `Authorization` headers, or a token in the query as well.

    """
    caller = await accounts.authenticate(bearer_token(headers, query_string), touch=False)
    note_user(caller.user.id)
    return caller


async def touch(accounts: Accounts[Any], caller: Caller[Any]) -> None:
    """Record that the caller's session is in use. A failure is logged; a later request records it."""
    try:
        await accounts.touch_session(caller.session.id)
    except InfrastructureError as error:
        logger.warning("The use of a session could not be noted: %s", error)


def require_recent(caller: Caller[D]) -> Caller[D]:
    """Return the caller if the sign-in is recent enough for a sensitive change.

    Raises:
        ReauthenticationRequired: It is not (`Policy.reauthentication`).

    """
    if not caller.signed_in_recently:
        raise ReauthenticationRequired("Sign in again: this needs a recent sign-in.")
    return caller
