"""The user API: every call of its document, curl lines included."""

import pytest
from tests.integration.http.client import PASSWORD, Client, invalid
from tests.integration.http.service import Service
from tests.profile_fields import SHOWN

FIELDS = ["id", *SHOWN, "initials", "is_me", "email", "email_verified_at", "created_at", "updated_at"]


def test_the_user_is_shown_field_by_field(api: Client) -> None:
    jane = api.sign_up()

    answer = jane.get("/api/v1/user", headers={"Accept": "application/json"})

    assert answer.status_code == 200
    assert list(answer.json()) == ["data"]
    user = answer.json()["data"]
    assert list(user) == FIELDS
    assert isinstance(user.pop("id"), int)
    assert user == {
        "name": "Jane Doe",
        "initials": "JD",
        "is_me": True,
        "email": "jane@example.org",
        "email_verified_at": None,
        "created_at": "2023-11-06T08:30:09+00:00",
        "updated_at": "2023-11-06T08:30:09+00:00",
    }


@pytest.mark.parametrize(
    ("name", "initials"), [("Cher", "C"), ("Anna Maria van der Berg", "AB"), ("élodie ßeta", "Éß")]
)
def test_initials_are_the_first_letters_of_the_first_and_the_last_name(api: Client, name: str, initials: str) -> None:
    assert api.sign_up(name=name).user["initials"] == initials


def test_a_verified_address_says_since_when(api: Client, service: Service) -> None:
    jane = api.sign_up()
    service.clock.pass_by(seconds=61)
    service.verify_email("jane@example.org")

    assert jane.user["email_verified_at"] == "2023-11-06T08:31:10+00:00"


def test_the_documents_update_works_as_its_curl_line_sends_it(api: Client, service: Service) -> None:
    jane = api.sign_up()
    service.clock.pass_by(seconds=1)

    answer = jane.put(
        "/api/v1/user",
        content=(
            b"name=Jane Doe Doe&email=janedoe@example.org"
            b"&password=my-secret-password&password_confirmation=my-secret-password"
        ),
        headers={"content-type": "application/x-www-form-urlencoded", "Accept": "application/json"},
    )

    assert answer.status_code == 200
    user = answer.json()["data"]
    assert list(user) == FIELDS
    assert (user["name"], user["initials"], user["email"]) == ("Jane Doe Doe", "JD", "janedoe@example.org")
    assert user["email_verified_at"] is None
    assert (user["created_at"], user["updated_at"]) == ("2023-11-06T08:30:09+00:00", "2023-11-06T08:30:10+00:00")
    assert api.sign_in("janedoe@example.org", "my-secret-password").user == user


@pytest.mark.parametrize("media", ["json", "form"])
def test_the_user_is_deleted_with_the_password(api: Client, media: str) -> None:
    jane = api.sign_up()

    answer = jane.delete("/api/v1/user", **{media: {"password": PASSWORD}})

    assert (answer.status_code, answer.content) == (204, b"")
    assert jane.get("/api/v1/user").status_code == 401


@pytest.mark.parametrize("body", [{"password": "wrong"}, {"password": ""}, {}])
def test_nothing_is_deleted_without_the_password(api: Client, service: Service, body: dict[str, str]) -> None:
    jane = api.sign_up()
    before = service.dump()

    invalid(jane.delete("/api/v1/user", json=body), "password")
    invalid(jane.delete("/api/v1/user", form=body), "password")
    invalid(jane.delete("/api/v1/user"), "password")

    assert service.dump() == before
