"""The operations with all that they share: the components, the security schemes, the introduction."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from accounts_http.openapi.declarations import Documented, Method
from accounts_http.openapi.operations import operation_of
from accounts_http.openapi.profile_schema import ProfileSchema
from accounts_http.openapi.schemas import content_schemas
from accounts_http.problems import Problem

SECURITY_SCHEME: Final = "accountsBearer"
PASSWORD_SCHEME: Final = "accountsPassword"  # noqa: S105  a name, no secret
_BEARER: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token, from `POST /api/auth/login`.",
}
_PASSWORD: Final = {"type": "oauth2", "description": "Sign in with email address and password."}

DESCRIPTION: Final = """\
Sign up with `POST /api/auth/register` and sign in with `POST /api/auth/login`. Send the `access_token` of the \
answer with every other call, as `Authorization: Bearer <access_token>`.

- **Two APIs** work on the same accounts. `/api/users/current` has cards, notifications and sessions; `/api/v1` has \
the user, its export and deletion, and teams, which its paths call accounts. A token is valid for both.
- **Bodies** are JSON or a form (`application/x-www-form-urlencoded`), at most 16 KiB.
- **Errors** are `application/problem+json` (RFC 9457). `type` is stable, `detail` is a sentence for people, and \
`errors` has a message for each invalid field.
- **Lists** return the newest entries first, at most `limit`. The `Link` header has the URL of the next page.
- **Repeats.** A write with an `Idempotency-Key` header can be sent again with the same key: it is carried out once.
- **Rate limits.** A call over a limit returns 429, and `Retry-After` says after how many seconds to try again.
"""

PROFILE: Final = """\
- **Profile data** is the object `profile`. An update replaces the members that it names, and keeps the others; a \
nested object is replaced as a whole. In a form it is the object as JSON text. Errors name members by path, such as \
`profile.company`.
"""
"""The end of the description, where the accounts have a profile type."""


class Documentation:
    """The operations of these calls, and their components. Each is made when it is first used."""

    def __init__(
        self, calls: Sequence[Documented], profile: ProfileSchema | None, *, token_url: str | None = None
    ) -> None:
        self._calls = tuple(calls)
        self._profile = profile
        self._token_url = token_url

    @property
    def description(self) -> str:
        """The introduction to the whole API, in Markdown."""
        return DESCRIPTION if self._profile is None else DESCRIPTION + PROFILE

    @cached_property
    def components(self) -> dict[str, Any]:
        """The schemas and security schemes that operations refer to, as OpenAPI's Components Object."""
        _, schemas = self._made
        return {"schemas": schemas, "securitySchemes": self.security_schemes}

    @property
    def security_schemes(self) -> dict[str, Any]:
        """The security schemes by name, each of which lets a request with an access token in."""
        if self._token_url is None:
            return {SECURITY_SCHEME: _BEARER}
        password = {"tokenUrl": self._token_url, "scopes": {}}
        return {SECURITY_SCHEME: _BEARER, PASSWORD_SCHEME: {**_PASSWORD, "flows": {"password": password}}}

    def security(self, call: Documented) -> list[dict[str, list[str]]]:
        """Return the security requirements of one of the calls; none for a public one."""
        return [{name: []} for name in self.security_schemes] if call.route.needs_token else []

    def operation(self, call: Documented) -> dict[str, Any]:
        """Return the operation of one of the calls, as OpenAPI's Operation Object."""
        contents, _ = self._made
        operation = operation_of(call, contents[call.path, call.route.method], self._profile)
        security = self.security(call)
        return {**operation, "security": security} if security else operation

    @cached_property
    def _made(self) -> tuple[dict[tuple[str, Method], Mapping[str, Any] | None], dict[str, Any]]:
        found, schemas = content_schemas([*(call.content for call in self._calls), Problem])
        if self._profile is not None:
            schemas.update(self._profile.components)
        contents = {(call.path, call.route.method): each for call, each in zip(self._calls, found, strict=False)}
        return contents, schemas
