"""Requests to the API, from the SDK or over HTTP."""

from collections.abc import Mapping
from typing import Final, Self
from urllib.parse import unquote, urlencode

import attrs

from accounts_stripe_simulator.answers import Refused, invalid
from accounts_stripe_simulator.parameters import Parameters, decode_form
from accounts_stripe_simulator.world import API_VERSION

MAX_KEY: Final = 255
TEST_KEYS: Final = ("sk_test_", "rk_test_")


@attrs.frozen(kw_only=True)
class Request:
    """A request to the API. The names in `headers` are lower-case; `form` has the encoded query and body."""

    method: str
    path: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    form: str

    @classmethod
    def parse(cls, method: str, path: str, headers: Mapping[str, str], form: "str | bytes | Mapping[str, str]") -> Self:
        """Make a request.

        Args:
            method: The HTTP method.
            path: The path, with or without a query.
            headers: The headers, with names in any case.
            form: The body, encoded or as a mapping.

        """
        path, _, query = path.partition("?")
        if isinstance(form, bytes):
            form = form.decode(errors="replace")
        body = form if isinstance(form, str) else urlencode(form)
        return cls(
            method=method.upper(),
            path=unquote(path),
            headers={name.lower(): value for name, value in headers.items()},
            form="&".join(part for part in (query, body) if part),
        )

    @property
    def name(self) -> str:
        """The method and path, such as `POST /v1/customers`."""
        return f"{self.method} {self.path}"

    @property
    def version(self) -> str:
        """The API version that the request asks for."""
        return self.headers.get("stripe-version", API_VERSION)

    @property
    def key(self) -> str | None:
        """The idempotency key of a POST, or None. Raises `Refused` if it is longer than `MAX_KEY`."""
        key = self.headers.get("idempotency-key") if self.method == "POST" else None
        if key is not None and len(key) > MAX_KEY:
            raise invalid(f"An idempotency key has at most {MAX_KEY} characters.")
        return key or None

    def parameters(self) -> Parameters:
        """Decode the parameters. Raises `Refused` if they are malformed."""
        return Parameters(decode_form(self.form))

    def check_authorized(self) -> None:
        """Check the API key.

        Raises:
            Refused: There is no key, or it is a live key, which must not be sent to a simulator.

        """
        scheme, _, secret = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Refused(401, "You did not provide an API key. Provide it as a Bearer token.")
        if not secret.strip().startswith(TEST_KEYS):
            raise Refused(401, "The simulator takes only test keys, such as sk_test_simulator. Live keys stay at home.")
