"""E16: no encoder sends a secret of what the facades return, whatever a host hands to it.

Each encoder may refuse the object, leave the secret out, or write that it is hidden.
"""

import asyncio
import copy
import dataclasses
import json
import pickle
import pprint
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import cattrs
import cattrs.preconf.json
import fastapi.encoders
import flask
import httpx
import litestar.testing
import msgspec
import pydantic
import pytest
from tests.security.canaries import Canaries

from accounts_core.errors import ConfigurationError
from accounts_core.model import EmailAddress, UserId
from accounts_core.model.mail_token import MailToken, MailTokenPurpose
from accounts_core.model.policy import SessionPolicy
from accounts_core.model.secret_values import ClientSecret, NextAction, PasswordHash, SecretValue, TokenDigest
from accounts_core.model.session import Session
from accounts_core.model.sign_up import SignUp
from accounts_core.services.session_opener import SignInResult
from accounts_core.testing.builders import NOON, a_user, at
from accounts_core.use_cases.cards.verify_card import ActionRequired
from accounts_core.use_cases.sessions.authenticate import Caller

HASH = "$argon2id$v=19$m=19456,t=2,p=1$Kanarienvogel$Zeisigverschwiegen"
DIGEST = b"Amselverschwiegen-Starverschwieg"
CLIENT_SECRET = "pi_1_secret_Buchfinkverschwiegen"
URL = "https://hooks.example.org/redirect?client_secret=src_client_secret_Meisegeheim"

USER = a_user(password_hash=PasswordHash(HASH))
SESSION = Session.begin(id="ses_1", user_id=UserId(1), digest=TokenDigest(DIGEST), at=NOON, policy=SessionPolicy())

OBJECTS: Mapping[str, object] = {
    "User": USER,
    "Session": SESSION,
    "Caller": Caller(SESSION, USER, touch_due=False),
    "SignInResult": SignInResult(token="acc_...", session=SESSION, user=USER),
    "MailToken": MailToken(
        digest=TokenDigest(DIGEST),
        user_id=UserId(1),
        purpose=MailTokenPurpose.RESET_PASSWORD,
        email=EmailAddress("jane@example.org"),
        created_at=NOON,
        expires_at=at(10),
    ),
    "SignUp": SignUp(
        id="sgn_1",
        email=EmailAddress("jane@example.org"),
        name="Jane",
        password_hash=PasswordHash(HASH),
        created_at=NOON,
        expires_at=at(10),
        digest=TokenDigest(DIGEST),
    ),
    "ActionRequired": ActionRequired(
        verification_id="ver_1",
        client_secret=ClientSecret(CLIENT_SECRET),
        next_action=NextAction({"redirect_to_url": {"url": URL}}),
    ),
    "PasswordHash": PasswordHash(HASH),
    "TokenDigest": TokenDigest(DIGEST),
    "several": [USER, {"session": SESSION}],
}


def by_every_attribute(value: Any) -> Any:
    """Take an object apart as a generic encoder does: by its slots and its dictionary."""
    names = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ())]
    found = {name: getattr(value, name) for name in names if hasattr(value, name)} | getattr(value, "__dict__", {})
    return found or repr(value)


def by_fastapi(value: Any) -> str:
    app = fastapi.FastAPI()
    app.get("/", response_model=None)(lambda: value)
    app.get("/dict", response_model=None)(lambda: _as_dict(value))

    async def ask() -> str:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            return "".join([(await client.get(path)).text for path in ("/", "/dict")])

    return asyncio.run(ask())


def by_flask(value: Any) -> str:
    app = flask.Flask(__name__)
    app.get("/")(lambda: flask.jsonify(_as_dict(value)))
    return str(app.test_client().get("/").text)


def by_litestar(value: Any) -> str:
    @litestar.get("/", sync_to_thread=False)
    def handler() -> Any:
        return value

    with litestar.testing.create_test_client([handler], raise_server_exceptions=False) as client:
        return client.get("/").text


def _as_dict(value: Any) -> Any:
    return attrs.asdict(value) if attrs.has(type(value)) else value


ENCODERS: Mapping[str, Callable[[Any], object]] = {
    "repr": repr,
    "str": str,
    "pprint": pprint.pformat,
    "vars": vars,
    "attrs.asdict": attrs.asdict,
    "attrs.astuple": attrs.astuple,
    "dataclasses.asdict": dataclasses.asdict,
    "json of asdict": lambda value: json.dumps(_as_dict(value)),
    "json, default=str": lambda value: json.dumps(_as_dict(value), default=str),
    "json, default=repr": lambda value: json.dumps(value, default=repr),
    "json, default=vars": lambda value: json.dumps(_as_dict(value), default=vars),
    "json, default=asdict": lambda value: json.dumps(value, default=attrs.asdict),
    "json, by every attribute": lambda value: json.dumps(value, default=by_every_attribute),
    "json, by getstate": lambda value: json.dumps(_as_dict(value), default=lambda each: each.__getstate__()),
    "json, by reduce": lambda value: json.dumps(_as_dict(value), default=lambda each: each.__reduce__()),
    "msgspec": msgspec.json.encode,
    "msgspec with a hook": lambda value: msgspec.json.encode(value, enc_hook=str),
    "msgspec, msgpack": lambda value: msgspec.msgpack.encode(value, enc_hook=by_every_attribute),
    "msgspec.to_builtins": msgspec.to_builtins,
    "cattrs": cattrs.unstructure,
    "cattrs, json": cattrs.preconf.json.make_converter().dumps,
    "pydantic": lambda value: pydantic.TypeAdapter(Any).dump_json(value),
    "pydantic of asdict": lambda value: pydantic.TypeAdapter(Any).dump_json(_as_dict(value), fallback=str),
    "pydantic, python": lambda value: pydantic.TypeAdapter(Any).dump_python(value, mode="json", fallback=vars),
    "fastapi's encoder": fastapi.encoders.jsonable_encoder,
    "fastapi": by_fastapi,
    "flask": by_flask,
    "litestar": by_litestar,
    "pickle": pickle.dumps,
    "pickle, oldest": lambda value: pickle.dumps(value, protocol=0),
    "a copy": copy.deepcopy,
}


@pytest.fixture(scope="module")
def secrets() -> Canaries:
    found = Canaries()
    for name, secret in {
        "password hash": HASH,
        "digest": DIGEST.decode(),
        "client secret": CLIENT_SECRET,
        "next action": "src_client_secret_Meisegeheim",
    }.items():
        found.add(name, secret)
    return found


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("kind", OBJECTS)
def test_no_encoder_sends_a_secret(kind: str, encoder: str, secrets: Canaries) -> None:
    try:
        encoded = ENCODERS[encoder](OBJECTS[kind])
    except (TypeError, ValueError, AttributeError, RecursionError, attrs.exceptions.NotAnAttrsClassError) as error:
        encoded = error
    except ConfigurationError as error:  # the profile of a user without a profile type, for what reads every attribute
        encoded = error

    text = encoded if isinstance(encoded, str | bytes) else repr(encoded)
    assert secrets.found_in(text) == {}


@pytest.mark.parametrize("encoder", ["msgspec", "attrs.asdict", "litestar", "fastapi", "flask", "cattrs, json"])
def test_a_secret_in_plain_text_would_be_found(encoder: str, secrets: Canaries) -> None:
    @attrs.frozen
    class Plain:
        password_hash: str

    encoded = ENCODERS[encoder](Plain(HASH))

    text = encoded if isinstance(encoded, str | bytes) else repr(encoded)
    assert set(secrets.found_in(text)) == {"password hash"}


def test_a_secret_is_shown_as_hidden() -> None:
    assert repr(PasswordHash(HASH)) == str(PasswordHash(HASH)) == f"{PasswordHash(HASH)}" == "PasswordHash([hidden])"
    assert json.dumps({"hash": PasswordHash(HASH)}, default=str) == '{"hash": "PasswordHash([hidden])"}'


def test_a_secret_is_read_by_a_call_that_says_so() -> None:
    assert PasswordHash(HASH).reveal() == HASH
    assert TokenDigest(DIGEST).reveal() == DIGEST
    assert USER.password_hash.reveal() == HASH


def test_two_secrets_are_equal_if_they_are_of_one_kind_and_value() -> None:
    assert PasswordHash(HASH) == PasswordHash(HASH)
    assert hash(PasswordHash(HASH)) == hash(PasswordHash(HASH))
    assert PasswordHash(HASH) != PasswordHash("another")
    assert PasswordHash(HASH) != ClientSecret(HASH)
    assert PasswordHash(HASH) != HASH
    assert copy.deepcopy(USER) == USER


@pytest.mark.parametrize("change", [lambda it: setattr(it, "_read", None), lambda it: delattr(it, "_read")])
def test_a_secret_cannot_be_changed(change: Callable[[SecretValue[str]], None]) -> None:
    with pytest.raises(AttributeError, match="A PasswordHash cannot be changed"):
        change(PasswordHash(HASH))


def test_a_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="A PasswordHash cannot be pickled, so that no cache or queue gets the secret"):
        pickle.dumps(USER)
