"""The host's profile data over HTTP: taken, shown and refused alike by both APIs, if a type is declared."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import attrs
import pytest
from litestar import Litestar, get
from tests.customers import CUSTOMER, Customer, CustomerCodec
from tests.integration.http.client import FORM, JSON, PASSWORD, Client, Run, invalid, problem
from tests.integration.http.conftest import STORES, OpenStore
from tests.integration.http.service import Service, event_loop, in_memory, memory_accounts, serving

from accounts_core import Policy, ProfileType
from accounts_core.model.profile_data import invalid_profile
from accounts_core.ports.mailer import MailKind
from accounts_core.services.profile_type import LARGEST
from accounts_http.access_log import RequestEntry
from accounts_litestar import AccountsPlugin, HttpOptions

ACCOUNT, USER, REGISTER = "/api/users/current", "/api/v1/user", "/api/auth/register"
NEWCOMER: Final = {"email": "jane@example.org", "password": PASSWORD, "name": "Jane Doe"}
BOOKS: Final = {"company": "Bücher & Söhne", "vat_id": None, "seats": 3, "address": {"city": "Graz", "zip": "8010"}}
EMPTY: Final = {"company": "", "vat_id": None, "seats": 1, "address": None}
CARD: Final = "4242424242424242"

Serve = Callable[..., Service]


@pytest.fixture(params=STORES)
def service(request: pytest.FixtureRequest, open_store: OpenStore) -> Iterator[Service]:
    with (
        event_loop() as run,
        open_store(request.param, run) as stored,
        serving(run, stored, profile_type=CUSTOMER) as it,
    ):
        yield it


@pytest.fixture
def run() -> Iterator[Run]:
    with event_loop() as run:
        yield run


@pytest.fixture
def api() -> Iterator[Client]:
    """A service in memory, for what is the same over every store."""
    with event_loop() as run, serving(run, in_memory(), profile_type=CUSTOMER) as service:
        yield service.api


@pytest.fixture(scope="module")
def unchanged() -> Iterator[tuple[Service, Client]]:
    """A service in memory and Jane, who has `BOOKS`, for tests of what changes nothing."""
    with event_loop() as run, serving(run, in_memory(), profile_type=CUSTOMER) as service:
        yield service, signed_up(service.api, BOOKS)


def shown(jane: Client) -> tuple[Any, Any]:
    """Return what each API shows."""
    return jane.get(ACCOUNT).json()["profile"], jane.user["profile"]


def signed_up(api: Client, profile: Mapping[str, Any] | None = None) -> Client:
    answer = api.post(REGISTER, json=NEWCOMER if profile is None else {**NEWCOMER, "profile": profile})
    assert answer.status_code == 201
    return api.sign_in("jane@example.org")


@pytest.mark.parametrize("media", ["json", "form"])
def test_the_data_of_a_sign_up_is_shown_and_exported(service: Service, media: str) -> None:
    profile = BOOKS if media == "json" else json.dumps(BOOKS)

    answer = service.api.post(REGISTER, **{media: {**NEWCOMER, "profile": profile}})

    assert (answer.status_code, answer.json()["profile"]) == (201, BOOKS)
    jane = service.api.sign_in("jane@example.org")
    assert shown(jane) == (BOOKS, BOOKS)
    assert jane.get(f"{ACCOUNT}/export").json()["user"]["profile"] == BOOKS


@pytest.mark.parametrize("media", ["json", "form"])
def test_a_change_replaces_the_members_that_it_names(service: Service, media: str) -> None:
    jane = signed_up(service.api, BOOKS)

    def sent(profile: Mapping[str, Any]) -> dict[str, Any]:
        return {media: {"profile": profile if media == "json" else json.dumps(profile)}}

    changed = jane.put(ACCOUNT, **sent({"seats": 4}))
    assert (changed.status_code, changed.json()["profile"]) == (200, {**BOOKS, "seats": 4})
    changed = jane.put(USER, **sent({"address": {"city": "Wien"}, "company": ""}))
    expected = {**EMPTY, "seats": 4, "address": {"city": "Wien", "zip": None}}
    assert (changed.status_code, changed.json()["data"]["profile"]) == (200, expected)
    assert shown(jane) == (expected, expected)


def test_without_it_a_sign_up_has_the_defaults_and_a_change_keeps_it(api: Client) -> None:
    jane = signed_up(api)
    assert shown(jane) == (EMPTY, EMPTY)
    jane.put(ACCOUNT, json={"profile": BOOKS})

    assert jane.put(ACCOUNT, json={"name": "Jane Roe"}).json()["profile"] == BOOKS
    assert jane.put(USER, json={"profile": {}}).json()["data"]["profile"] == BOOKS


def test_a_private_sign_up_keeps_it_until_its_account_is_opened(run: Run) -> None:
    with serving(run, in_memory(), profile_type=CUSTOMER, policy=Policy(private_registration=True)) as service:
        assert service.api.post(REGISTER, json={**NEWCOMER, "profile": BOOKS}).status_code == 202
        token = service.mailed(MailKind.VERIFY_EMAIL)["token"]
        opened = service.api.post("/api/auth/verify-email", json={"token": token, "password": PASSWORD})
        assert opened.status_code == 204

        assert shown(service.api.sign_in("jane@example.org")) == (BOOKS, BOOKS)


BAD: Final[Mapping[str, tuple[Any, dict[str, list[str]]]]] = {
    "a list": ([], {"profile": ["This must be a JSON object."]}),
    "a text": ("company", {"profile": ["This must be a JSON object."]}),
    "null": (None, {"profile": ["This must be a JSON object."]}),
    "a wrong type": ({"company": 7}, {"profile.company": ["This is not valid."]}),
    "several": (
        {"company": 7, "seats": 0, "address": {"zip": 8010, "street": "x"}, "vip": True},
        {
            "profile.company": ["This is not valid."],
            "profile.seats": ["This is not valid."],
            "profile.vip": ["This field is unknown."],
            "profile.address.city": ["This field is required."],
            "profile.address.zip": ["This is not valid."],
            "profile.address.street": ["This field is unknown."],
        },
    ),
    "NUL": (
        {"company": "a\0b"},
        {"profile.company": ["Control characters other than line breaks and tabs are not allowed."]},
    ),
    "NUL, deep": (
        {"address": {"city": "a\0b"}},
        {"profile.address.city": ["Control characters other than line breaks and tabs are not allowed."]},
    ),
    "NUL in a name": (
        {"address": {"a\0b": 1}},
        {"profile.address": ["The names of members have no control characters and line breaks."]},
    ),
    "a card number": (
        {"company": CARD},
        {"profile.company": ["This looks like a card number. Do not enter card numbers here."]},
    ),
    "a card number as a number": (
        {"seats": int(CARD)},
        {"profile.seats": ["This looks like a card number. Do not enter card numbers here."]},
    ),
    "a large number": ({"seats": 2**63}, {"profile.seats": ["At most 64 bits, please."]}),
    "too deep": (
        {"address": [[[[[[[[[]]]]]]]]]},
        {"profile.address.0.0.0.0.0.0.0": ["At most 8 levels, please."]},
    ),
    "too large": ({"company": "x" * 4096}, {"profile": ["At most 4096 bytes as JSON, please."]}),
}


@pytest.mark.parametrize(("bad", "errors"), BAD.values(), ids=BAD)
def test_each_member_that_is_not_valid_is_named_and_nothing_changes(
    unchanged: tuple[Service, Client], bad: Any, errors: dict[str, list[str]]
) -> None:
    service, jane = unchanged
    before = service.dump()

    for media in ("json", "form"):
        sent = bad if media == "json" else json.dumps(bad)
        newcomer = {**NEWCOMER, "email": "new@example.org", "profile": sent}
        told = [
            problem(jane.put(ACCOUNT, **{media: {"profile": sent}}), 422, "invalid-fields"),
            problem(jane.put(USER, **{media: {"profile": sent}}), 422, "invalid-fields"),
            problem(service.api.post(REGISTER, **{media: newcomer}), 422, "invalid-fields"),
        ]
        assert [each["errors"] for each in told] == [errors] * 3, media

    assert service.dump() == before


def test_errors_of_other_fields_are_told_beside_those_of_the_data(unchanged: tuple[Service, Client]) -> None:
    answer = unchanged[0].api.post(
        REGISTER, json={"email": 1, "name": "Jane", "nickname": "J", "profile": {"company": "\0"}}
    )

    invalid(answer, "email", "password", "nickname", "profile.company")


MALFORMED: Final = {
    "a repeated member": '{"company": "a", "company": "b"}',
    "a repeated member, deep": '{"address": {"city": "a", "c\\u0069ty": "b"}}',
    "no number": '{"seats": NaN}',
    "too deep to read": '{"address": ' + "[" * 40 + "]" * 40 + "}",
    "half a pair": '{"address": {"city": "\\ud800"}}',
    "half a pair in a name": '{"address": {"\\ud800": 1}}',
    "no JSON": '{"company": }',
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=MALFORMED)
def test_what_two_readers_may_read_differently_is_refused_at_every_depth(
    unchanged: tuple[Service, Client], text: str
) -> None:
    _, jane = unchanged

    for path in (ACCOUNT, USER):
        json_body = {"content": f'{{"profile": {text}}}'.encode(), "headers": {"Content-Type": JSON}}
        problem(jane.put(path, **json_body), 400, "malformed-request")
        invalid(jane.put(path, form={"profile": text}), "profile")

    assert shown(jane) == (BOOKS, BOOKS)


def test_an_infinite_number_is_not_stored(unchanged: tuple[Service, Client]) -> None:
    _, jane = unchanged

    raw = {"content": b'{"profile": {"address": {"city": 1e999}}}', "headers": {"Content-Type": JSON}}

    assert invalid(jane.put(USER, **raw), "profile.address.city") == {
        "profile.address.city": ["This is not a finite number."]
    }


def test_a_form_has_the_data_once(unchanged: tuple[Service, Client]) -> None:
    _, jane = unchanged
    twice = urlencode([("profile", "{}"), ("profile", "{}")]).encode()

    problem(jane.put(USER, content=twice, headers={"Content-Type": FORM}), 400, "malformed-request")
    invalid(jane.put(USER, form={"profile.company": "x"}), "profile.company")


def test_an_error_document_has_an_end_however_many_and_long_the_names_are(unchanged: tuple[Service, Client]) -> None:
    _, jane = unchanged
    deep: Any = {str(n) + "\u4e00" * 190: "\0" for n in range(20)}
    for n in range(5):
        deep = {f"{'ü' * 190}{n}": deep}

    answer = jane.put(USER, json={"profile": deep})

    errors = problem(answer, 422, "invalid-fields")["errors"]
    assert len(answer.content) <= 8192
    assert errors.pop("") == [f"{20 - len(errors)} more fields are wrong."]
    assert 5 < len(errors) < 20


def test_the_log_has_no_name_that_a_client_has_chosen(run: Run) -> None:
    entries: list[RequestEntry] = []
    options = HttpOptions(log_request=entries.append)
    with serving(run, in_memory(), options=options, profile_type=CUSTOMER) as service:
        jane = signed_up(service.api)
        invalid(jane.put(USER, json={"profile": {"secret words": 1}}), "profile.secret words")

    assert entries[-1].log_fields["field"] == "profile"
    assert "secret words" not in str(entries[-1].log_fields)


@pytest.mark.parametrize("path", [ACCOUNT, USER])
def test_a_repeat_under_a_key_is_told_from_another_change_of_the_data(api: Client, path: str) -> None:
    jane, key = signed_up(api), {"Idempotency-Key": "once"}
    first = jane.put(path, json={"profile": {"company": "A", "seats": 2}}, headers=key)

    again = jane.put(path, json={"profile": {"seats": 2, "company": "A"}}, headers=key)
    other = jane.put(path, json={"profile": {"company": "B", "seats": 2}}, headers=key)

    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    problem(other, 422, "key-reused")


def test_an_answer_with_the_largest_data_is_kept_under_a_key(run: Run) -> None:
    kind = ProfileType(codec=CustomerCodec(), max_bytes=LARGEST)
    rest = len(json.dumps(EMPTY, separators=(",", ":")))
    with serving(run, in_memory(), profile_type=kind) as service:
        full = {**EMPTY, "company": "\n" * ((LARGEST - rest) // 2)}
        run(service.accounts.register(email="jane@example.org", password=PASSWORD, name="Jane", profile=full))
        jane, key = service.api.sign_in("jane@example.org"), {"Idempotency-Key": "once"}

        first, again = (jane.put(USER, json={"name": "Jane Roe"}, headers=key) for _ in range(2))

    assert (first.status_code, first.json()["data"]["profile"]) == (200, full)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")


def test_a_repeated_sign_up_is_told_from_another_one(api: Client) -> None:
    key = {"Idempotency-Key": "once"}
    first = api.post(REGISTER, json={**NEWCOMER, "profile": BOOKS}, headers=key)

    again = api.post(REGISTER, json={**NEWCOMER, "profile": BOOKS}, headers=key)
    other = api.post(REGISTER, json={**NEWCOMER, "profile": EMPTY}, headers=key)

    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    problem(other, 422, "key-reused")


def test_without_a_type_it_is_an_unknown_field_and_is_not_shown(run: Run) -> None:
    with serving(run, in_memory()) as service:
        jane = service.api.sign_up()

        for path in (ACCOUNT, USER):
            answer = jane.put(path, json={"profile": {}})
            assert invalid(answer, "profile") == {"profile": ["This field is unknown."]}
        invalid(service.api.post(REGISTER, json={**NEWCOMER, "profile": {}}), "profile")
        assert "profile" not in jane.get(ACCOUNT).json()
        assert "profile" not in jane.user


def test_data_that_is_not_stored_is_checked_and_not_shown(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere, stored = ProfileType(codec=CustomerCodec(), stored=False), in_memory()
    with serving(run, stored, profile_type=CUSTOMER) as service:
        service.api.post(REGISTER, json={**NEWCOMER, "email": "mary@example.org", "profile": BOOKS})
    with serving(run, stored, profile_type=elsewhere) as service:
        assert "profile" not in service.api.sign_in("mary@example.org").user
        answer = service.api.post(REGISTER, json={**NEWCOMER, "profile": BOOKS})
        assert (answer.status_code, "profile" in answer.json()) == (201, False)
        jane = service.api.sign_in("jane@example.org")

        invalid(jane.put(USER, json={"profile": {"seats": 0}}), "profile.seats")
        assert "profile" not in jane.put(USER, json={"profile": {"seats": 2}}).json()["data"]
        assert "profile" not in jane.get(ACCOUNT).json()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_member_that_is_required_is_missed_at_the_sign_up(run: Run) -> None:
    with serving(run, in_memory(), profile_type=ProfileType(codec=CustomerCodec(required=True))) as service:
        bodies: list[dict[str, Any]] = [{}, {"profile": {}}, {"profile": {"seats": 2}}]
        for body in bodies:
            answer = service.api.post(REGISTER, json={**NEWCOMER, **body})
            assert invalid(answer, "profile.company") == {"profile.company": ["This field is required."]}
        jane = signed_up(service.api, {"company": "A"})

        assert jane.put(USER, json={"profile": {"seats": 2}}).status_code == 200


def test_data_that_cannot_be_read_is_left_out_and_logged(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    """The type was changed without an upgrade. Everything else of the account works, and an update mends it."""
    stored = in_memory()
    with serving(run, stored, profile_type=CUSTOMER) as service:
        signed_up(service.api, BOOKS)

    class Strict(CustomerCodec):
        def load(self, data: Mapping[str, Any], *, allow_unknown: bool) -> Any:
            if data.get("company") == BOOKS["company"]:
                raise invalid_profile([(("company",), "This is too old.")])
            return super().load(data, allow_unknown=allow_unknown)

    with serving(run, stored, profile_type=attrs.evolve(CUSTOMER, codec=Strict())) as service:
        jane = service.api.sign_in("jane@example.org")
        assert "profile" not in jane.user
        assert "profile" not in jane.get(ACCOUNT).json()
        changed = jane.put(ACCOUNT, json={"name": "Jane Roe"})
        assert (changed.status_code, changed.json()["name"], "profile" in changed.json()) == (200, "Jane Roe", False)
        service.api.post("/api/auth/forgot-password", json={"email": "jane@example.org"})
        assert service.mailed(MailKind.RESET_PASSWORD)["token"]

    left_out = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(left_out) == 3
    assert left_out[0] == (
        "The profile data of user 1 is left out of an answer. Profile data of version 1 cannot be read with the present"
        " type, of version 1: profile.company. Give its members defaults, or give an upgrade."
    )


def test_users_from_before_a_type_have_no_data_until_they_give_what_it_requires(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    stored = in_memory()
    with serving(run, stored) as service:
        signed_up(service.api)

    with serving(run, stored, profile_type=ProfileType(codec=CustomerCodec(required=True))) as service:
        jane = service.api.sign_in("jane@example.org")
        assert "profile" not in jane.user
        assert jane.put(ACCOUNT, json={"profile": {"company": "Bookshop"}}).json()["profile"]["company"] == "Bookshop"
        assert jane.user["profile"]["company"] == "Bookshop"

    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


HERE: Final = {"$ref": "#/components/schemas/AccountsProfile"}


def document(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.api.get("/schema/openapi.json").json()
    return found


def body_of(found: dict[str, Any], method: str, path: str, media: str = JSON) -> dict[str, Any]:
    body: dict[str, Any] = found["paths"][path][method]["requestBody"]["content"][media]
    return body


@pytest.mark.parametrize("is_stored", [True, False])
def test_the_document_has_the_hosts_schema(run: Run, is_stored: bool) -> None:
    kind = ProfileType(codec=CustomerCodec(required=True), stored=is_stored)
    with serving(run, in_memory(), profile_type=kind) as service:
        found = document(service)
        page = service.api.get("/schema")

    schemas = found["components"]["schemas"]
    assert schemas["AccountsProfile"] == kind.schema()
    shows = [name for name, schema in schemas.items() if schema["properties"].get("profile") == HERE]
    assert [name for name in shows if "profile" in schemas[name]["required"]] == []  # left out if it cannot be read
    assert sorted(shows) == (["ChangedUser", "CurrentUser", "UserObject"] if is_stored else [])
    register = body_of(found, "post", REGISTER)["schema"]
    assert register["properties"]["profile"] == HERE
    assert "profile" in register["required"]
    changes = {name: value for name, value in kind.schema().items() if name != "required"}
    for path in (ACCOUNT, USER):
        assert body_of(found, "put", path)["schema"]["properties"]["profile"] == changes
        assert body_of(found, "put", path, FORM)["encoding"] == {"profile": {"contentType": JSON}}
    assert "599" not in str(found["paths"])
    assert "**Profile data** is the object `profile`." in found["info"]["description"]
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_the_document_of_a_host_has_its_schema_as_well() -> None:
    accounts = memory_accounts(CUSTOMER)

    @get("/customers", sync_to_thread=False)
    def customers() -> list[Customer]:
        return []

    app = Litestar([customers], plugins=[AccountsPlugin(accounts)], logging_config=None)
    found = app.openapi_schema.to_schema()

    schemas: Any = found["components"]["schemas"]
    assert schemas["AccountsProfile"] == CUSTOMER.schema()
    assert {"Customer", "CurrentUser"} <= schemas.keys()


def test_the_document_of_a_service_without_a_type_has_no_such_field(run: Run) -> None:
    with serving(run, in_memory()) as service:
        found = document(service)

    assert "AccountsProfile" not in found["components"]["schemas"]
    assert [name for name, each in found["components"]["schemas"].items() if "profile" in each["properties"]] == []
    assert "profile" not in found["info"]["description"]
    assert "encoding" not in body_of(found, "post", REGISTER, FORM)
    assert "profile" not in body_of(found, "post", REGISTER)["schema"]["properties"]
