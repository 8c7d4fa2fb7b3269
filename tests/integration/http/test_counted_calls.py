"""L11: every call that counts its client, over HTTP: with the limits as they come, the next one is 429."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import pytest
from tests.integration.http.client import OTHER_PASSWORD, PASSWORD, Client, Run, problem
from tests.integration.http.service import Service, in_memory, serving
from tests.security.test_limits_of_calls import table

from accounts_core.model.rate_limits import (
    CLIENT,
    DEFAULT_RATE_LIMITS,
    PASSWORD_CHANGE,
    RECOVERY,
    SIGN_IN,
    SIGN_UP,
    VERIFY_CARD,
)
from accounts_memory import MemoryRateLimiter

ME, USER = "/api/users/current", "/api/v1/user"
TOKEN: Final = f"acm_{'x' * 43}"

CALLS: Final[Mapping[str, tuple[str, str, str]]] = {
    "login": (SIGN_IN, "POST", "/api/auth/login"),
    "restore": (SIGN_IN, "POST", "/api/auth/restore"),
    "register": (SIGN_UP, "POST", "/api/auth/register"),
    "forgotPassword": (RECOVERY, "POST", "/api/auth/forgot-password"),
    "resendVerification": (RECOVERY, "POST", "/api/auth/verify-email/resend"),
    "verifyEmail": (RECOVERY, "POST", "/api/auth/verify-email"),
    "resetPassword": (RECOVERY, "POST", "/api/auth/reset-password"),
    "updateCurrentUser": (PASSWORD_CHANGE, "PUT", ME),
    "updateUser": (PASSWORD_CHANGE, "PUT", USER),
    "verifyPayment": (VERIFY_CARD, "POST", f"{ME}/verify-payment"),
}
"""By operation: under which name its client is counted, and how it is called."""


def body(operation: str, number: int) -> dict[str, str]:
    """Return what is sent the `number`th time: another account each time, so that only the client is the same."""
    someone, chosen = f"someone{number}@example.org", f"{OTHER_PASSWORD} {number}"
    return {
        "login": {"email": someone, "password": PASSWORD},
        "restore": {"email": someone, "password": PASSWORD},
        "register": {"email": someone, "password": PASSWORD, "name": "Someone"},
        "forgotPassword": {"email": someone},
        "resendVerification": {},
        "verifyEmail": {"token": TOKEN, "password": PASSWORD},
        "resetPassword": {"token": TOKEN, "password": PASSWORD},
        "updateCurrentUser": {"newPassword": chosen, "oldPassword": PASSWORD},
        "updateUser": {"password": chosen, "password_confirmation": chosen, "current_password": PASSWORD},
        "verifyPayment": {"paymentMethod": "pm_card_visa"},
    }[operation]


def people(service: Service, count: int) -> list[Client]:
    """Sign so many up, uncounted."""
    return [service.api.sign_up(f"person{number}@example.org") for number in range(count)]


@pytest.mark.parametrize("operation", CALLS)
def test_so_many_calls_of_one_client_pass_and_the_next_is_429(run: Run, operation: str) -> None:
    name, method, path = CALLS[operation]
    most = DEFAULT_RATE_LIMITS[name][CLIENT].count
    stored = in_memory()
    with serving(run, stored) as uncounted:
        needs_token = path.startswith((ME, USER)) or operation == "resendVerification"
        clients = people(uncounted, most + 1) if needs_token else []
    with serving(run, stored, limits=MemoryRateLimiter()) as service:
        who = [service.api.with_token(each.token) for each in clients if each.token] or [service.api] * (most + 1)
        answers = [each.call(method, path, json=body(operation, number)) for number, each in enumerate(who)]

    statuses = Counter(answer.status_code for answer in answers[:-1])
    assert not {429, 500, 503} & set(statuses), statuses
    problem(answers[-1], 429, "too-many-attempts")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


def test_every_call_that_counts_its_client_is_in_the_table() -> None:
    told = {operation for operation, spent in table().items() if any(CLIENT in scopes for _, scopes in spent)}

    assert told == set(CALLS)
