"""All calls of the service by one user, with every mistake that the user and others can make."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs
import httpx
from tests.security.canaries import Canaries, Searched

EMAIL: Final = "jane@example.org"
NAME: Final = "Jane Canary-Marker"
"""No secret: it is looked for as well, to see that the search reaches each place."""
UNKNOWN_FIELD: Final = "no-such-field-marker"
CHALLENGED: Final = "pm_card_authenticationRequired"
PROFILE: Final = "/api/users/current"
USER: Final = "/api/v1/user"
VERIFY: Final = "/api/users/current/verify-payment"

Send = Callable[..., httpx.Response]


@attrs.define
class Walk:
    """Asks, and keeps every answer for the search."""

    send: Send
    mailed_token: Callable[[str], str]
    """Waits for the mail of a kind, and returns the token in it."""
    canaries: Canaries
    searched: Searched
    token: str | None = None
    numbers: Iterator[int] = attrs.field(factory=lambda: iter(range(1_000_000)))

    def ask(self, method: str, path: str, *expected: int, said: str | None = None, **how: Any) -> httpx.Response:
        """Ask under the present token; `said` is the one secret that this answer is meant to hold."""
        headers = dict(how.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        answer = self.send(method, path, headers=headers, **how)
        assert not expected or answer.status_code in expected, (method, path, answer.status_code, answer.text)
        heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.multi_items())
        body = answer.text if said is None else self._without(answer.json(), said)
        self.searched.add("problems" if answer.status_code >= 400 else "answers", heads, body)
        return answer

    def _without(self, document: dict[str, Any], field: str) -> str:
        self.canaries.add(f"{field} {next(self.numbers)}", document.pop(field))
        return json.dumps(document)

    def sign_in(self, password: str) -> None:
        self.token = None
        answer = self.ask(
            "POST", "/api/auth/login", 200, said="access_token", json={"email": EMAIL, "password": password}
        )
        self.token = answer.json()["access_token"]

    def register(self, password: str) -> None:
        who = {"email": EMAIL, "password": password, "name": NAME}
        self.ask("POST", "/api/auth/register", 201, json=who)
        verification = self.canaries.add("verification token", self.mailed_token("verify_email"))
        self.ask("POST", "/api/auth/register", 409, json=who)
        self.ask("POST", "/api/auth/verify-email", 422, json={"token": verification})
        self.ask("POST", "/api/auth/verify-email", 422, json={"token": verification, "password": f"not {password}"})
        self.ask("POST", "/api/auth/verify-email", 204, json={"token": verification, "password": password})
        self.ask("POST", "/api/auth/verify-email", 422, json={"token": verification, "password": password})

    def fail_to_sign_in(self, password: str, wrong: str) -> None:
        """Type what is wrong, and what is right in the wrong place."""
        for email, given in ((EMAIL, wrong), ("nobody@example.org", password), (wrong, password), (password, wrong)):
            self.ask("POST", "/api/auth/login", 401, 422, json={"email": email, "password": given})
        self.ask("POST", "/api/auth/restore", 401, data={"email": EMAIL, "password": wrong})
        self.ask("POST", "/api/auth/register", 422, json={"email": password, "password": password, "name": NAME})

    def misuse_tokens(self, password: str) -> None:
        good = self.token
        assert good is not None
        mistyped = self.canaries.add("mistyped token", good[:-6] + good[-6:][::-1])
        self.token = None
        for authorization in (f"Bearer {mistyped}", f"Basic {good}", good, f"Bearer {password.encode().hex()}"):
            self.ask("GET", PROFILE, 401, headers={"Authorization": authorization})
        self.ask("GET", PROFILE, 401, params={"access_token": good, "token": good})
        self.ask("GET", "/nowhere", 404, params={"token": good, "password": password})
        self.ask("POST", "/api/auth/verify-email", 422, json={"token": good})
        self.ask("POST", "/api/auth/reset-password", 422, json={"token": good, "password": password})
        self.token = good
        self.ask("GET", PROFILE, 200, params={"token": good})

    def send_what_cannot_be_read(self, password: str) -> None:
        raw = json.dumps(password)
        bodies = [
            f'{{"password": {raw}',
            f'{{"password": {raw}, "password": {raw}}}',
            f'{{"password": [{raw}]}}',
            f'{{"password": {{"a": {raw}}}}}',
            f'{{"password": {raw}, "{UNKNOWN_FIELD}": {raw}}}',
            f"[{raw}]",
            raw,
            json.dumps({"password": f"{password}\0"}),
            json.dumps({"password": password + "x" * 1100, "password_confirmation": password + "x" * 1100}),
            json.dumps({"password": password, "password_confirmation": f"{password}!"}),
            json.dumps({"current_password": password + "x" * 1100, "email": "other@example.org"}),
            json.dumps({"password": password}) + " " * 20_000,
        ]
        for body in bodies:
            for key in ({}, {"Idempotency-Key": f"unread-{next(self.numbers)}"}):
                headers = {"Content-Type": "application/json", **key}
                self.ask("PUT", USER, 400, 413, 422, headers=headers, content=body.encode())
        self.ask("PUT", USER, 400, headers={"Content-Type": "application/json"}, content=b"\xff" + password.encode())
        self.ask("PUT", USER, 415, headers={"Content-Type": "text/plain"}, content=password.encode())

    def change_password(self, old: str, new: str, wrong: str) -> None:
        for number, given in enumerate((wrong, old, old)):
            headers = {"Idempotency-Key": f"change-{max(number, 1) if given == old else number}"}
            change = {"oldPassword": given, "newPassword": new}
            self.ask("PUT", PROFILE, 200, 422, headers=headers, json=change)
        self.ask("DELETE", USER, 422, json={"password": wrong})
        self.ask("DELETE", "/api/auth/sessions", 422, json={"current_password": wrong})
        self.ask("PUT", USER, 200, json={"name": NAME}, headers={"Idempotency-Key": "name"})
        self.ask("PUT", USER, 200, json={"name": NAME}, headers={"Idempotency-Key": "name"})

    def reset(self, new: str) -> None:
        self.token = None
        self.ask("POST", "/api/auth/forgot-password", 202, json={"email": EMAIL})
        reset = self.canaries.add("reset token", self.mailed_token("reset_password"))
        self.ask("POST", "/api/auth/reset-password", 422, json={"token": reset, "password": "short"})
        self.ask("POST", "/api/auth/verify-email", 422, json={"token": reset})
        self.ask("POST", "/api/auth/reset-password", 204, json={"token": reset, "password": new})
        self.ask("POST", "/api/auth/reset-password", 422, json={"token": reset, "password": new})

    def verify_cards(self) -> None:
        for headers in ({}, {"Idempotency-Key": "card"}):
            body = {"paymentMethod": CHALLENGED, "returnUrl": "https://app.example.org/"}
            answer = self.ask("POST", VERIFY, 200, said="clientSecret", json=body, headers=headers)
            self.canaries.add(f"part of it {next(self.numbers)}", answer.json()["clientSecret"].rpartition("_")[2])
        self.ask("POST", VERIFY, 200, json={"paymentMethod": "pm_card_visa"}, headers={"Idempotency-Key": "visa"})
        self.ask("POST", VERIFY, 402, json={"paymentMethod": "pm_card_chargeDeclinedLostCard"})

    def refuse_events(self, webhook_secret: str) -> None:
        for signature in (f"t=1,v1={webhook_secret}", webhook_secret, ""):
            self.ask("POST", "/webhooks/stripe", 400, content=b"{}", headers={"stripe-signature": signature})

    def look_around(self) -> None:
        for path in (PROFILE, USER, "/api/auth/sessions", "/schema/openapi.json", f"{USER}/deletion"):
            self.ask("GET", path, 200)
        for name in ("activity", "export", "notifications", "list-payment-methods", "retrieve"):
            self.ask("GET", f"{PROFILE}/{name}", 200)
        self.ask("DELETE", "/api/auth/sessions/ses_nothing", 404)


TOKEN: Final = re.compile(r"acm_[0-9A-Za-z]{49}")
