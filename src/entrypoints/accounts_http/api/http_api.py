"""All calls of the API, for one web framework to route to: the one class that an integration is built on.

    api = HttpApi(accounts, HttpOptions())
    for call in api.calls:
        ...  # a route for call.method on call.path
    answer = await api.run(call, request)

The integration reads the request (`accounts_http.api.requests.HttpRequest`) and sends the answer: an `Answer` as a
whole, a `Streamed` chunk by chunk; of a HEAD without the body. What is in `background` runs after it.
"""

from typing import Any, Final

from accounts_core import Accounts
from accounts_http.api.account import AccountApi
from accounts_http.api.answers import Answer, Streamed
from accounts_http.api.auth import AuthApi
from accounts_http.api.endpoints import Endpoints, Service
from accounts_http.api.health import HealthApi
from accounts_http.api.http_calls import HttpCall
from accounts_http.api.invitations import InvitationsApi, SentInvitationsApi
from accounts_http.api.notifications import NotificationsApi
from accounts_http.api.pages import PagesApi
from accounts_http.api.password_form import PasswordFormApi, token_url
from accounts_http.api.problems import problem_answer
from accounts_http.api.recovery import RecoveryApi
from accounts_http.api.requests import HttpRequest
from accounts_http.api.teams import TeamsApi
from accounts_http.api.user import UserApi
from accounts_http.api.webhooks import WebhookApi
from accounts_http.card_verifications import CardVerifications
from accounts_http.openapi.document import Documentation
from accounts_http.openapi.profile_schema import ProfileSchema
from accounts_http.options import HttpOptions
from accounts_http.problems import Problem, ProblemType

ENDPOINTS: Final[tuple[type[Endpoints], ...]] = (
    AccountApi,
    NotificationsApi,
    UserApi,
    TeamsApi,
    SentInvitationsApi,
    InvitationsApi,
    AuthApi,
    RecoveryApi,
    HealthApi,
    PagesApi,
)

AREAS: Final = ("sign_in", "account", "user", "teams", "webhooks", "health", "pages")
"""The groups of calls. A host application may serve some of them, each group as a whole."""

_TAGS: Final = {
    AuthApi.tags[0]: "Sign in to get an access token, and send it as `Authorization: Bearer <token>`.",
    AccountApi.tags[0]: "The signed-in user with their sessions, notifications and cards: the account API.",
    UserApi.tags[0]: "The signed-in user, their activity, export and deletion: the user API.",
    WebhookApi.tags[0]: "Calls by the payment provider.",
    TeamsApi.tags[0]: "Teams with their members, invitations and interactions. The paths call a team an account.",
    HealthApi.tags[0]: "Health checks for monitoring.",
}


class HttpApi:
    """The calls of the API over one `Accounts`.

    Args:
        accounts: The facade that every call uses.
        options: The options of the API; the defaults otherwise.

    """

    def __init__(self, accounts: Accounts[Any], options: HttpOptions | None = None) -> None:
        self.accounts = accounts
        self.options = options or HttpOptions()
        self.verifications = CardVerifications(accounts, limit_seconds=self.options.verification_seconds)
        """The running verifications of cards: `await api.verifications.drain(limit_seconds=...)` before a stop."""
        kind = accounts.profile_type
        profile = None if kind is None else ProfileSchema.of(kind.schema())
        service = Service(
            accounts=accounts,
            verifications=self.verifications,
            options=self.options,
            profile=profile,
            shows_profile=kind is not None and kind.stored,
        )
        # where these are not asked for, their paths are the host's
        endpoints = (*ENDPOINTS, PasswordFormApi) if self.options.password_form else ENDPOINTS
        endpoints = (*endpoints, WebhookApi) if self.options.webhook else endpoints
        self.calls: tuple[HttpCall, ...] = tuple(call for each in endpoints for call in each(service).calls())
        """Every call, HEAD and OPTIONS among them. A path is there once for each method."""
        self._documentation = Documentation(
            [call.documented for call in self.calls if call.documented is not None],
            profile,
            token_url=token_url(self.options.path) if self.options.password_form else None,
        )

    async def run(self, call: HttpCall, request: HttpRequest) -> Answer[Any] | Streamed:
        """Run a call. An error is an answer too: a problem document."""
        try:
            return await call.perform(request)
        except Exception as error:  # noqa: BLE001  the answer is 500, and the log has the traceback
            return self.problem(error, f"{request.method} {call.path}")

    def problem(
        self, error: Exception, request: str, *, kind: ProblemType | None = None, framework: str = ""
    ) -> Answer[Problem]:
        """Return the answer for an error, and log it. For a host's own routes, too.

        Args:
            error: Any exception.
            request: The method and route for the log, such as `GET /reports`.
            kind: The problem type of a framework's own exception; otherwise it is looked up.
            framework: The package whose frames are removed from the traceback, because they hold the request.

        """
        return problem_answer(
            error,
            request=request,
            retry_after_seconds=self.options.retry_after_seconds,
            kind=kind,
            framework=framework,
        )

    def operation(self, call: HttpCall) -> dict[str, Any]:
        """Return the OpenAPI operation of a call, with references to `components`.

        Raises:
            ValueError: The call is not in the document.

        """
        if call.documented is None:
            raise ValueError(f"{call.method} {call.path} is not in the OpenAPI document.")
        return self._documentation.operation(call.documented)

    def operation_security(self, call: HttpCall) -> list[dict[str, list[str]]] | None:
        """Return the security requirements of a call, each of which is enough; None for a public one."""
        return (self._documentation.security(call.documented) or None) if call.documented is not None else None

    @property
    def security_schemes(self) -> dict[str, Any]:
        """The security schemes by name, in OpenAPI's form."""
        return self._documentation.security_schemes

    @property
    def components(self) -> dict[str, Any]:
        """The schemas and security schemes that operations refer to, as OpenAPI's Components Object."""
        return self._documentation.components

    @property
    def description(self) -> str:
        """The introduction to the API for its OpenAPI document, in Markdown."""
        return self._documentation.description

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of the operations, each with a description, as OpenAPI's Tag Objects."""
        return [{"name": name, "description": description} for name, description in _TAGS.items()]
