"""`examples/fastapi_app.py` and `litestar_app.py` as a user runs them: from the sign-up to the deletion."""

import json
import signal

import pytest
from tests.integration.programs.program import GUNICORN, Program, Start, bearer

PASSWORD = "correct horse battery staple"
JANE = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}


@pytest.fixture(params=["fastapi", "litestar"])
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def sign_in(program: Program, password: str = PASSWORD) -> dict[str, str]:
    proof = {"email": JANE["email"], "password": password}
    answer = program.client.post("/api/auth/login", json=proof)
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["access_token"])


def test_a_life_from_sign_up_to_deletion(start: Start, framework: str) -> None:
    program = start(f"{framework}_app.py")
    client = program.client

    assert client.get("/me").json()["type"] == "urn:accounts:problem:token-required"
    refused = client.post("/orders/first", json=JANE | {"article": "sold out"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "sold out")
    # nothing of it is left: the same address is free
    placed = client.post("/orders/first", json=JANE | {"article": "tea"})
    assert placed.status_code == 201, placed.text
    taken = client.post("/orders/first", json=JANE | {"article": "tea"})
    assert (taken.status_code, taken.json()["type"]) == (409, "urn:accounts:problem:email-taken")

    mail = program.mail_to(JANE["email"], "verify_email")
    assert mail.link.startswith("http://127.0.0.1:8000/verify-email#token=")
    assert client.get("/verify-email").status_code == 200
    proof = {"token": mail.token, "password": PASSWORD}
    assert client.post("/api/auth/verify-email", json=proof).status_code == 204
    jane = sign_in(program)
    me = client.get("/me", headers=jane).json()
    assert (me["email"], me["name"]) == (JANE["email"], "Jane Doe")
    assert me["is_verified" if framework == "fastapi" else "email_verified_at"]
    assert "password" not in " ".join(me)
    assert client.post("/orders", json={"article": "milk"}, headers=jane).json() == {"orders": ["tea", "milk"]}
    assert client.get("/orders", headers=jane).json() == {"orders": ["tea", "milk"]}

    card = client.post("/api/users/current/verify-payment", json={"paymentMethod": "pm_card_visa"}, headers=jane)
    assert card.json() == {"status": "ok"}
    listed = client.get("/api/users/current/list-payment-methods", headers=jane).json()["data"]
    assert [each["card"]["last4"] for each in listed] == ["4242"]

    assert client.post("/api/auth/forgot-password", json={"email": JANE["email"]}).status_code == 202
    reset = {"token": program.mail_to(JANE["email"], "reset_password").token, "password": "another one, as long"}
    assert client.post("/api/auth/reset-password", json=reset).status_code == 204
    assert client.get("/me", headers=jane).status_code == 401
    jane = sign_in(program, "another one, as long")

    export = client.get("/api/users/current/export", headers=jane).json()
    assert '"orders": ["tea", "milk"]' in json.dumps(export), export
    document = client.get({"fastapi": "/openapi.json", "litestar": "/schema/openapi.json"}[framework]).json()
    assert document["paths"]["/me"]["get"]["security"] == [{"accountsBearer": []}, {"accountsPassword": []}]
    form = {"username": JANE["email"], "password": "another one, as long"}
    assert client.post("/api/auth/token", data=form).json()["token_type"].lower() == "bearer"
    gone = client.request("DELETE", "/api/v1/user", json={"password": "another one, as long"}, headers=jane)
    assert gone.status_code == 204
    assert client.get("/me", headers=jane).status_code == 401
    assert client.post("/orders/first", json=JANE | {"article": "tea"}).status_code == 201
    program.stop()


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "how"),
    [(["--workers", "2"], {}), (["--workers", "2"], {"by": GUNICORN}), (["--reload"], {})],
    ids=["uvicorn-workers", "gunicorn", "reload"],
)
def test_it_runs_in_other_ways(start: Start, framework: str, arguments: list[str], how: dict[str, object]) -> None:
    start(f"{framework}_app.py").stop()  # the database is made by one process
    program = start(f"{framework}_app.py", *arguments, **how)

    assert program.client.post("/orders/first", json=JANE | {"article": "tea"}).status_code == 201
    assert program.client.get("/orders", headers=sign_in(program)).json() == {"orders": ["tea"]}
    assert program.mail_to(JANE["email"], "verify_email").token
    program.stop(signal.SIGTERM)


@pytest.mark.long
def test_it_is_served_below_a_prefix(start: Start, framework: str) -> None:
    program = start(f"{framework}_app.py", "--root-path", "/shop")

    assert program.client.get("/me").status_code == 401
    assert program.client.get("/verify-email").status_code == 200
    program.stop()
