"""What every host has to do, and what one may do besides. Each is started on an empty database."""

from collections.abc import Callable

from benchmarks.hosts.clients import OTHER_PASSWORD, PASSWORD, Client
from benchmarks.hosts.mailbox import Mailbox, receiving

NewClient = Callable[[], Client]

REFUSED = range(400, 500)
DONE = range(200, 300)


def check(new_client: NewClient, mailbox: Mailbox) -> None:
    """Use the seven routes, rightly and wrongly. Raises `AssertionError` where a host does something else."""
    with receiving(mailbox):
        _sign_up_and_in(new_client)
        _read_change_and_sign_out(new_client)
        _reset(new_client, mailbox)


def sends_mails_later(new_client: NewClient, mailbox: Mailbox) -> bool:
    """Return whether a mail that is caused while the mail server is away is sent once that is back."""
    address = "later@example.org"
    new_client().sign_up(address)
    status = new_client().request_reset(address)
    with receiving(mailbox):
        if status not in DONE:
            return False
        try:
            mailbox.wait_for(address, "reset")
        except AssertionError:
            return False
    return True


def limits_guesses(new_client: NewClient, tries: int = 60) -> bool:
    """Return whether a host refuses to look at another password after many wrong ones."""
    new_client().sign_up("guessed@example.org")
    client = new_client()
    return any(client.sign_in("guessed@example.org", f"wrong password {turn}") == 429 for turn in range(tries))


def _sign_up_and_in(new_client: NewClient) -> None:
    assert new_client().sign_up("jane@example.org") in DONE
    assert new_client().sign_up("jane@example.org") in REFUSED, "a taken address"
    assert new_client().sign_up("no address") in REFUSED
    assert new_client().sign_in("jane@example.org", "wrong password") in REFUSED
    assert new_client().sign_in("nobody@example.org") in REFUSED
    assert new_client().read() == (401, None)


def _read_change_and_sign_out(new_client: NewClient) -> None:
    client = new_client()
    assert client.sign_in("jane@example.org") in DONE
    assert client.read() == (200, "jane@example.org")
    status, is_changed = client.change()
    assert status in DONE
    assert is_changed
    assert client.sign_out() in DONE
    assert client.read() == (401, None), "a session after its sign-out"


def _reset(new_client: NewClient, mailbox: Mailbox) -> None:
    client = new_client()
    assert client.request_reset("nobody@example.org") in DONE, "tells who has an account"
    assert client.request_reset("jane@example.org") in DONE
    token = client.token_in(mailbox.wait_for("jane@example.org", "reset"))
    assert client.reset("wrong", OTHER_PASSWORD) in REFUSED
    assert client.reset(token, OTHER_PASSWORD) in DONE
    assert new_client().reset(token, PASSWORD) in REFUSED, "a token that was used"
    assert new_client().sign_in("jane@example.org", PASSWORD) in REFUSED
    assert new_client().sign_in("jane@example.org", OTHER_PASSWORD) in DONE
    assert mailbox.count_to("nobody@example.org", "reset") == 0
