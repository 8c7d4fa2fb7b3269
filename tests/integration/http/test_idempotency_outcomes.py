"""A9: what is kept under an idempotency key, and what is not."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest
from tests.integration.http.client import FORM, JSON, OTHER_PASSWORD, PASSWORD, Client, Run, invalid, problem
from tests.integration.http.conftest import FAST_STORES, OpenStore
from tests.integration.http.idempotency_environment import KEY, PROFILE, USER, Environment, env_over

from accounts_core.errors import Conflict, NotFound, ProviderBusy, Unavailable
from accounts_http.errors import WrongFields
from accounts_http.idempotency import NOT_KEPT, is_kept
from accounts_http.problems import PROBLEM_TYPES, Problem, problem_type_of, shown_error

TEAMS: Final = "/api/v1/accounts"
VERIFY: Final = "/api/users/current/verify-payment"
NEW: Final = "a third river, longer still"


@pytest.fixture
def store_kind() -> str:
    """In memory, where it is the edge alone that decides."""
    return "memory"


on_every_store = pytest.mark.parametrize("store_kind", FAST_STORES)


@pytest.fixture
def env(store_kind: str, run: Run, open_store: OpenStore) -> Iterator[Environment]:
    with open_store(store_kind, run) as stored, env_over(run, stored) as env:
        yield env


Call = Callable[[], httpx.Response]
Story = Callable[[Environment], Iterator[Call]]
"""Yields a request that is refused, and goes on with what lets the very same request through."""


def not_allowed(env: Environment) -> Iterator[Call]:
    john = env.service.api.sign_up("john@example.org", "John Smith")
    env.service.verify_email("jane@example.org")
    team = created(john)
    john.post(f"{TEAMS}/{team}/invitations", json={"email": "jane@example.org"})
    env.service.work()
    (invitation,) = env.jane.get("/api/v1/user/invitations").json()["data"]
    env.jane.post(f"/api/v1/user/invitations/{invitation['id']}/accept")
    yield lambda: env.jane.delete(f"{TEAMS}/{team}", headers=KEY)
    assert john.put(f"{TEAMS}/{team}/owner", json={"user_id": env.jane.user["id"]}).status_code == 204


def lost_races(env: Environment) -> Iterator[Call]:
    fail_after_the_claim(env, *[Conflict("Somebody else was first.")] * 10)
    yield lambda: env.jane.post(TEAMS, json={"name": "Dev team"}, headers=KEY)


def a_database_that_was_away(env: Environment) -> Iterator[Call]:
    fail_after_the_claim(env, Unavailable("The database is away."))
    yield lambda: env.jane.post(TEAMS, json={"name": "Dev team"}, headers=KEY)


def a_bug(env: Environment) -> Iterator[Call]:
    fail_after_the_claim(env, ZeroDivisionError())
    yield lambda: env.jane.post(TEAMS, json={"name": "Dev team"}, headers=KEY)


def too_many_attempts(env: Environment) -> Iterator[Call]:
    invitations = f"{TEAMS}/{created(env.jane)}/invitations"
    env.jane.post(invitations, json={"email": "first@example.org"})
    yield lambda: env.jane.post(invitations, json={"email": "second@example.org"}, headers=KEY)
    env.service.clock.pass_by(hours=1)


def a_provider_that_is_busy(env: Environment) -> Iterator[Call]:
    env.service.payments.fail_next("hold", ProviderBusy("Too many requests."))
    yield lambda: env.jane.post(VERIFY, json={"paymentMethod": "pm_card_visa"}, headers=KEY)
    env.service.clock.pass_by(hours=1)
    env.service.run(env.service.accounts.run_due())


def a_deletion_that_is_blocked(env: Environment) -> Iterator[Call]:
    env.host.blocked_by = ("invoices",)
    yield lambda: env.jane.delete(USER, json={"password": PASSWORD}, headers=KEY)
    env.host.blocked_by = ()


def a_deletion_in_a_post_that_is_blocked(env: Environment) -> Iterator[Call]:
    env.host.blocked_by = ("invoices",)
    yield lambda: env.jane.post(f"{USER}/deletion", json={"password": PASSWORD}, headers=KEY)
    env.host.blocked_by = ()


def fail_after_the_claim(env: Environment, *errors: Exception) -> None:
    env.store.errors, env.store.after = [*errors], 1


def created(owner: Client) -> int:
    team: int = owner.post(TEAMS, json={"name": "Dev team"}).json()["data"]["id"]
    return team


STORIES: Final[list[tuple[Story, int, int]]] = [
    (not_allowed, 403, 204),
    (lost_races, 409, 201),
    (a_deletion_that_is_blocked, 409, 204),
    (a_deletion_in_a_post_that_is_blocked, 409, 204),
    (too_many_attempts, 429, 202),
    (a_bug, 500, 201),
    (a_database_that_was_away, 503, 201),
    (a_provider_that_is_busy, 503, 200),
]
"""Each with the status of the refusal, and that of the same request afterwards."""


@on_every_store
@pytest.mark.parametrize(("story", "refused", "done"), STORIES)
def test_what_a_retry_is_meant_to_mend_is_not_kept(env: Environment, story: Story, refused: int, done: int) -> None:
    telling = story(env)
    call = next(telling)

    first = call()
    assert next(telling, None) is None
    again = call()

    assert (first.status_code, again.status_code) == (refused, done), again.text
    assert "idempotent-replayed" not in again.headers
    if story not in {a_deletion_that_is_blocked, a_deletion_in_a_post_that_is_blocked}:  # with the user goes the token
        assert call().headers["idempotent-replayed"] == "true"


@on_every_store
def test_a_stale_session_is_told_so_and_the_retry_after_a_new_sign_in_is_performed(env: Environment) -> None:
    wish = {"password": OTHER_PASSWORD, "password_confirmation": OTHER_PASSWORD}
    env.service.clock.pass_by(minutes=16)
    problem(env.jane.put(USER, json=wish, headers=KEY), 403, "reauthentication-required")

    again = env.service.api.sign_in("jane@example.org").put(USER, json=wish, headers=KEY)

    assert again.status_code == 200
    env.service.api.sign_in("jane@example.org", OTHER_PASSWORD)


@pytest.mark.parametrize("kind", sorted(PROBLEM_TYPES, key=str), ids=lambda kind: kind.__name__)
def test_the_table_of_what_is_not_kept_is_the_documented_one(kind: type[Exception]) -> None:
    status = PROBLEM_TYPES[kind].status

    kept = is_kept(Problem(type="", title="", status=status, detail=""))

    assert kept is (status not in {401, 403, 409, 429, 500, 503})


def test_a_user_who_is_gone_is_a_dead_token_which_is_not_kept() -> None:
    status = problem_type_of(shown_error(NotFound("user"))).status

    assert (status, is_kept(Problem(type="", title="", status=status, detail=""))) == (401, False)


@pytest.mark.parametrize(
    ("method", "path", "refused", "field"),
    [
        ("PUT", PROFILE, {"oldPassword": "wrong", "newPassword": NEW}, "oldPassword"),
        ("PUT", PROFILE, {"newPassword": NEW}, "oldPassword"),
        ("PUT", PROFILE, {"oldPassword": PASSWORD, "newPassword": "short"}, "newPassword"),
        ("PUT", PROFILE, {"oldPassword": None, "newPassword": NEW}, "oldPassword"),
        ("PUT", PROFILE, {"oldPassword": 15, "newPassword": NEW}, "oldPassword"),
        ("PUT", PROFILE, {"oldPassword": [PASSWORD], "newPassword": NEW}, "oldPassword"),
        ("PUT", PROFILE, {"oldPassword": PASSWORD + chr(0), "newPassword": NEW}, "oldPassword"),
        ("PUT", USER, {"password": NEW, "password_confirmation": "x"}, "password"),
        ("PUT", USER, {"password": NEW}, "password"),
        ("PUT", USER, {"password": "short", "password_confirmation": "short"}, "password"),
        ("PUT", USER, {"name": "Jane Roe", "current_password": "wrong"}, "current_password"),
        ("DELETE", USER, {"password": "wrong"}, "password"),
        ("DELETE", USER, {}, "password"),
    ],
)
def test_a_password_that_was_refused_can_be_corrected_under_the_same_key(
    env: Environment, method: str, path: str, refused: dict[str, Any], field: str
) -> None:
    before = env.service.dump()["idempotency_records"]
    for _ in range(2):
        answer = env.jane.call(method, path, json=refused, headers=KEY)
        invalid(answer, field)
        assert "idempotent-replayed" not in answer.headers
    assert env.service.dump()["idempotency_records"] == before == []
    good = {
        PROFILE: {"oldPassword": PASSWORD, "newPassword": NEW},
        USER: {"password": NEW, "password_confirmation": NEW, "current_password": PASSWORD},
    }

    body = {"password": PASSWORD} if method == "DELETE" else good[path]

    assert env.jane.call(method, path, json=body, headers=KEY).status_code in {200, 204}
    login = {"email": "jane@example.org", "password": NEW}
    assert env.service.api.post("/api/auth/login", json=login).status_code == (401 if method == "DELETE" else 200)


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (lambda jane: jane.put(USER, json={"name": ""}, headers=KEY), 422),
        (lambda jane: jane.put(USER, json={"nickname": "J"}, headers=KEY), 422),
        (lambda jane: jane.delete(f"{TEAMS}/99", headers=KEY), 404),
        (lambda jane: jane.call("PUT", USER, content=b"{", headers={"content-type": JSON, **KEY}), 400),
        (lambda jane: jane.call("PUT", USER, content=b"{}", headers={"content-type": "text/plain", **KEY}), 415),
        (lambda jane: jane.call("PUT", USER, content=b"x" * 20_000, headers={"content-type": JSON, **KEY}), 413),
        (lambda jane: jane.post(VERIFY, json={"paymentMethod": "pm_card_chargeDeclined"}, headers=KEY), 402),
    ],
)
def test_every_other_refusal_is_kept(env: Environment, call: Callable[[Client], httpx.Response], status: int) -> None:
    answers = [call(env.jane) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [status, status]
    assert answers[0].content == answers[1].content
    assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]


@on_every_store
def test_a_card_under_a_key_is_not_answered_with_the_outcome_of_another_card(env: Environment) -> None:
    """A challenge is not kept, so the key is free for another body; the first card's verification ends meanwhile."""
    body = {"paymentMethod": "pm_card_authenticationRequired"}
    assert env.jane.post(VERIFY, json=body, headers=KEY).json()["status"] == "requires_action"
    env.service.answer_challenges(succeed=True)
    env.service.clock.pass_by(minutes=20)
    env.service.run(env.service.accounts.run_due())
    holds = len(env.service.payments.holds)

    answer = env.jane.post(VERIFY, json={"paymentMethod": "pm_card_mastercard"}, headers=KEY)

    assert answer.json() == {"status": "ok"}
    assert len(env.service.payments.holds) == holds + 1


@on_every_store
def test_put_and_delete_with_one_key_on_one_path_are_two_requests(env: Environment) -> None:
    """L04: the scope has the method in it."""
    body = {"password": PASSWORD, "password_confirmation": PASSWORD, "current_password": PASSWORD}
    assert env.jane.put(USER, json=body, headers=KEY).status_code == 200

    assert env.jane.delete(USER, json={"password": PASSWORD}, headers=KEY).status_code == 204

    login = {"email": "jane@example.org", "password": PASSWORD}
    assert env.service.api.post("/api/auth/login", json=login).status_code == 401


@on_every_store
def test_put_and_delete_with_the_same_body_are_two_requests_still(env: Environment) -> None:
    """L04: nothing but the method tells them apart."""
    assert env.jane.put(USER, json={}, headers=KEY).status_code == 200

    invalid(env.jane.delete(USER, json={}, headers=KEY), "password")


def test_a_read_and_the_calls_that_take_no_key_do_not_look_at_one(env: Environment) -> None:
    """Not even at one that cannot be a key."""
    bad = {"Idempotency-Key": "k" * 256}

    assert env.jane.get(USER, headers=bad).status_code == 200
    other = env.service.api.sign_in("jane@example.org")
    session = next(each for each in other.get("/api/auth/sessions").json() if not each["is_current"])
    for _ in range(2):
        assert other.delete("/api/auth/sessions", headers=KEY).status_code == 204
        ended = other.delete(f"/api/auth/sessions/{session['id']}", headers=KEY)
        assert (ended.status_code, "idempotent-replayed" in ended.headers) == (404, False)
    assert env.service.dump()["idempotency_records"] == []


def test_a_body_that_was_cut_off_is_not_an_answer_that_is_kept(env: Environment) -> None:
    """The connection broke while the request was sent: its retry is not another request."""
    events = iter([{"type": "http.request", "body": b'{"name": "Ja', "more_body": True}, {"type": "http.disconnect"}])
    headers = [(b"authorization", f"Bearer {env.jane.token}".encode()), (b"idempotency-key", b"key-1")]
    transport: Any = env.jane.http._transport

    async def receive() -> Any:
        return next(events)

    async def send(message: Any) -> None: ...

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": USER,
        "raw_path": USER.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [*headers, (b"content-type", JSON.encode()), (b"host", b"accounts.test")],
        "client": ("127.0.0.1", 1),
        "server": ("accounts.test", 80),
    }
    env.service.run(transport.app(scope, receive, send))
    assert env.service.dump()["idempotency_records"] == []

    assert env.jane.put(USER, json={"name": "Jane Roe"}, headers=KEY).status_code == 200


def test_a_form_with_a_nul_is_refused_and_that_is_kept(env: Environment) -> None:
    for replayed in (None, "true"):
        answer = env.jane.call("PUT", USER, content=b"name=Jane%00", headers={"content-type": FORM, **KEY})
        invalid(answer, "name")
        assert answer.headers.get("idempotent-replayed") == replayed


def test_errors_of_fields_are_looked_at_however_they_are_named() -> None:
    for field in ("password", "newPassword", "current_password", "PASSWORD"):
        errors = WrongFields({"name": ["x"], field: ["y"]}).errors
        assert not is_kept(Problem(type="", title="", status=422, detail="", errors=errors))
    assert is_kept(Problem(type="", title="", status=422, detail="", errors={"name": ["x"]}))
    assert is_kept(Problem(type="", title="", status=422, detail=""))


def test_l05_a_conflict_that_goes_away_is_performed_again_within_the_request(env: Environment) -> None:
    fail_after_the_claim(env, *[Conflict("Somebody else was first.")] * 2)

    assert env.jane.post(TEAMS, json={"name": "Dev team"}, headers=KEY).status_code == 201


def test_l05_every_status_that_is_not_kept_has_a_request_that_shows_it() -> None:
    """A dead token, 401, is refused before the key is looked at."""
    shown = {refused for _, refused, _ in STORIES}

    assert NOT_KEPT - {401} <= shown
    assert {status for status in shown if status >= 500} == {500, 503}
