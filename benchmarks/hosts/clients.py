"""The seven routes of each library, behind one set of methods: they differ in paths, bodies and statuses."""

import re
from typing import Protocol

import httpx

PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "a long and quiet river"


class Client(Protocol):
    """One person at a host. Each method returns the status of the answer."""

    def sign_up(self, email: str, password: str = PASSWORD) -> int: ...
    def sign_in(self, email: str, password: str = PASSWORD) -> int:
        """Sign in; the calls that follow are those of the signed-in person."""
        ...

    def read(self) -> tuple[int, str | None]:
        """Read the user, and return the status and the address."""
        ...

    def change(self) -> tuple[int, bool]:
        """Change the user, and return the status and whether the next read shows it."""
        ...

    def sign_out(self) -> int:
        """Sign out. The calls that follow still send what the sign-in gave."""
        ...

    def request_reset(self, email: str) -> int: ...
    def token_in(self, mail: str) -> str:
        """Return the token of a password reset in the text of a mail."""
        ...

    def reset(self, token: str, password: str) -> int: ...


class AccountsClient:
    """Ours, on any framework."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, email: str, password: str = PASSWORD) -> int:
        body = {"email": email, "password": password, "name": "Jane Doe"}
        return self._http.post("/api/auth/register", json=body).status_code

    def sign_in(self, email: str, password: str = PASSWORD) -> int:
        answer = self._http.post("/api/auth/login", json={"email": email, "password": password})
        if answer.is_success:
            self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer.status_code

    def read(self) -> tuple[int, str | None]:
        answer = self._http.get("/api/users/current")
        return answer.status_code, answer.json().get("email")

    def change(self) -> tuple[int, bool]:
        status = self._http.put("/api/users/current", json={"name": "Jane Roe"}).status_code
        return status, self._http.get("/api/users/current").json()["name"] == "Jane Roe"

    def sign_out(self) -> int:
        return self._http.post("/api/auth/logout").status_code

    def request_reset(self, email: str) -> int:
        return self._http.post("/api/auth/forgot-password", json={"email": email}).status_code

    def token_in(self, mail: str) -> str:
        return _first(r"reset-password#token=([\w.-]+)", mail)

    def reset(self, token: str, password: str) -> int:
        return self._http.post("/api/auth/reset-password", json={"token": token, "password": password}).status_code


class FastAPIUsersClient:
    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def sign_up(self, email: str, password: str = PASSWORD) -> int:
        return self._http.post("/auth/register", json={"email": email, "password": password}).status_code

    def sign_in(self, email: str, password: str = PASSWORD) -> int:
        answer = self._http.post("/auth/login", data={"username": email, "password": password})
        if answer.is_success:
            self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer.status_code

    def read(self) -> tuple[int, str | None]:
        answer = self._http.get("/users/me")
        return answer.status_code, answer.json().get("email")

    def change(self) -> tuple[int, bool]:
        """Change the address and back: a user has nothing else to change but the password."""
        before = self._http.get("/users/me").json()["email"]
        status = self._http.patch("/users/me", json={"email": "roe@example.org"}).status_code
        is_changed = self._http.get("/users/me").json()["email"] == "roe@example.org"
        self._http.patch("/users/me", json={"email": before})
        return status, is_changed

    def sign_out(self) -> int:
        return self._http.post("/auth/logout").status_code

    def request_reset(self, email: str) -> int:
        return self._http.post("/auth/forgot-password", json={"email": email}).status_code

    def token_in(self, mail: str) -> str:
        return _first(r"reset-password#token=([\w.-]+)", mail)

    def reset(self, token: str, password: str) -> int:
        return self._http.post("/auth/reset-password", json={"token": token, "password": password}).status_code


class AllauthClient:
    """A browser's: a cookie for the session, and a token against forged requests."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._http.get("/_allauth/browser/v1/config")

    def sign_up(self, email: str, password: str = PASSWORD) -> int:
        status = self._send("POST", "auth/signup", {"email": email, "password": password})
        self._http.cookies.delete("sessionid") if "sessionid" in self._http.cookies else None
        return status

    def sign_in(self, email: str, password: str = PASSWORD) -> int:
        return self._send("POST", "auth/login", {"email": email, "password": password})

    def read(self) -> tuple[int, str | None]:
        answer = self._http.get("/me")
        return answer.status_code, answer.json().get("email")

    def change(self) -> tuple[int, bool]:
        status = self._http.post("/me", data={"name": "Jane Roe"}, headers=self._proof()).status_code
        return status, self._http.get("/me").json()["name"] == "Jane Roe"

    def sign_out(self) -> int:
        kept = self._http.cookies.get("sessionid")
        status = self._send("DELETE", "auth/session")
        if kept is not None:
            self._http.cookies.set("sessionid", kept)
        return 200 if status == 401 else status  # headless answers a sign-out as it answers whoever is not signed in

    def request_reset(self, email: str) -> int:
        return self._send("POST", "auth/password/request", {"email": email})

    def token_in(self, mail: str) -> str:
        return _first(r"reset-password/([\w-]+)", mail)

    def reset(self, token: str, password: str) -> int:
        status = self._send("POST", "auth/password/reset", {"key": token, "password": password})
        return 200 if status == 401 else status  # changed, and not signed in

    def _send(self, method: str, path: str, body: dict[str, str] | None = None) -> int:
        url = f"/_allauth/browser/v1/{path}"
        return self._http.request(method, url, json=body, headers=self._proof()).status_code

    def _proof(self) -> dict[str, str]:
        return {"X-CSRFToken": self._http.cookies["csrftoken"]}


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]
