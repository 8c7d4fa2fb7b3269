"""E20: an id of a wrong type is one clear error, whichever method and store."""

from typing import Any
from uuid import UUID

import pytest
from tests.unit.core.conftest import Core

from accounts_core import Accounts, run_sync
from accounts_core.errors import ConfigurationError, WrongIdType
from accounts_core.facade import methods
from accounts_core.id_arguments import id_arguments
from accounts_core.model import User

UUID_1 = UUID(int=1)

NUMBERS = ("user_id", "team_id", "member_id", "to")


def arguments() -> list[Any]:
    """Every argument that is an id, with its method."""
    return [
        pytest.param(method, argument, id=f"{method} {argument._name}")
        for method, cls in methods(Accounts).items()
        for argument in id_arguments(cls)
    ]


def test_every_id_of_the_facade_is_known() -> None:
    """A new argument that is an id is found by its type, or by its name."""
    found = {param.id for param in arguments()}
    assert len(found) == 80
    assert {"profile user_id", "get_team team_id", "hand_over_team to", "remove_team_member member_id"} <= found
    assert {"touch_session session_id", "sign_out session", "end_sessions id", "update_profile keep_session"} <= found
    assert {"verify_card payment_method", "remove_payment_method id", "retry_job id"} <= found
    assert {"authenticate token", "authenticate_with_payment_methods token"} <= found
    assert {"verify_email token", "reset_password token"} <= found
    assert {"list_activity user_id", "sync_customer customer_id", "accept_invitation id"} <= found


@pytest.mark.parametrize("wrong", ["1", UUID_1, True, 1.0, b"1"], ids=["str", "UUID", "bool", "float", "bytes"])
@pytest.mark.parametrize(("method", "argument"), arguments())
def test_another_type_is_refused_before_anything_else(accounts: Core, method: str, argument: Any, wrong: Any) -> None:
    if isinstance(wrong, argument._type) and not isinstance(wrong, bool):
        return
    with pytest.raises(WrongIdType) as refused:
        getattr(accounts, method)(**{argument._name: wrong})
    assert str(refused.value).startswith(f"{method}: {argument._name} is of type {type(wrong).__name__}, but ")
    assert isinstance(refused.value, ConfigurationError)


def test_the_message_says_what_a_user_id_is(accounts: Core) -> None:
    with pytest.raises(WrongIdType) as refused:
        accounts.profile("1")  # type: ignore[arg-type]
    assert str(refused.value) == (
        "profile: user_id is of type str, but a user id is an int, the `id` of a User. Convert a text with int(...)"
        " first."
    )
    with pytest.raises(WrongIdType) as refused:
        accounts.get_team(jane_id := 1, UUID_1)  # type: ignore[arg-type]
    assert jane_id == 1
    assert str(refused.value) == "get_team: team_id is of type UUID, but a team id is an int, the `id` of a Team."
    with pytest.raises(WrongIdType) as refused:
        accounts.remove_payment_method(1, 2)  # type: ignore[arg-type]
    assert str(refused.value) == "remove_payment_method: id is of type int, but this id is a str, as it was returned."


def test_both_facades_check(accounts: Core, jane: User) -> None:
    asynchronous: Accounts = Accounts(
        store=accounts._store,
        payments=accounts._payments,
        passwords=accounts._passwords,
        mailer=accounts._mailer,
        clock=accounts._clock,
        secrets=accounts._secrets,
    )
    with pytest.raises(WrongIdType):
        run_sync(asynchronous.profile("1"))  # type: ignore[arg-type]
    assert run_sync(asynchronous.profile(jane.id)) == jane


def test_none_is_an_id_only_where_it_may_be_left_out(accounts: Core) -> None:
    assert accounts.list_activity(None) == accounts.list_activity()
    with pytest.raises(WrongIdType, match="user_id is of type NoneType"):
        accounts.profile(None)  # type: ignore[arg-type]


def test_a_request_without_a_token_has_none_to_authenticate(accounts: Core) -> None:
    with pytest.raises(WrongIdType) as refused:
        accounts.authenticate(None)  # type: ignore[arg-type]
    assert str(refused.value) == (
        "authenticate: token is of type NoneType, but a token is a str. A request without one is not signed in."
    )
