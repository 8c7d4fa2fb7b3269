"""What each fixture of accounts_pytest promises to a host's tests."""

from tests.integration.pytest_kit.conftest import Host

pytest_plugins = ["pytester"]

PASSWORD = "correct horse battery staple"
IMPORTS = f"""
import asyncio
from datetime import UTC, datetime, timedelta
import pytest
from accounts_core import MailDispatch, Policy
from accounts_core.errors import *
from accounts_core.model.mail_kind import MailKind
PASSWORD = "{PASSWORD}"
JANE = dict(email="jane@example.org", password=PASSWORD, name="Jane")
"""


def test_the_mailbox_is_read_and_clicked(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
def test_verify(accounts, mailbox):
    assert not mailbox
    jane = accounts.register(**JANE)
    token = accounts.sign_in(email="jane@example.org", password=PASSWORD).token
    assert len(mailbox) == 1
    mail = mailbox.read("JANE@example.org")
    assert (mail.to, mail.kind, mail.values["name"]) == ("jane@example.org", "verify_email", "Jane")
    assert mail.link == f"https://accounts.example.org/verify-email#token={mail.token}"
    assert mail.click().is_email_verified
    assert accounts.authenticate(token).user.id == jane.id  # the person who is signed in has clicked

def test_verify_in_another_browser(accounts, mailbox):
    accounts.register(**JANE)
    token = accounts.sign_in(email="jane@example.org", password=PASSWORD).token
    with pytest.raises(WrongPassword):
        mailbox.read("jane@example.org").click(password="not her password at all")
    assert mailbox.read("jane@example.org").click(password=PASSWORD).is_email_verified
    with pytest.raises(InvalidToken):
        accounts.authenticate(token)

def test_reset(accounts, mailbox):
    accounts.register(**JANE)
    accounts.forgot_password(email="jane@example.org")
    mail = mailbox.read("jane@example.org")
    assert mail.kind is MailKind.RESET_PASSWORD
    assert mail.link.startswith("https://accounts.example.org/reset-password#token=")
    mail.click(password="an entirely different one")
    accounts.sign_in(email="jane@example.org", password="an entirely different one")
    with pytest.raises(InvalidMailToken):
        mail.click(password="an entirely different one")

def test_the_latest_of_a_kind(accounts, mailbox):
    accounts.register(**JANE)
    accounts.forgot_password(email="jane@example.org")
    accounts.forgot_password(email="jane@example.org")
    sent = mailbox.sent("jane@example.org", "reset_password")
    assert len(sent) == 2
    assert mailbox.read("jane@example.org", MailKind.RESET_PASSWORD) == sent[1] != sent[0]
    assert mailbox.read("jane@example.org", "verify_email").kind is MailKind.VERIFY_EMAIL
    assert [mail.kind for mail in mailbox] == ["verify_email", "reset_password", "reset_password"]
    assert mailbox.sent("john@example.org") == []
    mailbox.clear()
    assert list(mailbox) == []

def test_a_new_address(accounts, mailbox, make_user):
    jane = make_user()
    accounts.update_profile(jane.id, email="new@example.org", current_password=jane.password)
    assert mailbox.read(jane.email).kind is MailKind.EMAIL_CHANGE_REQUESTED
    assert mailbox.read("new@example.org").click().email.address == "new@example.org"

def test_mails_that_a_worker_sends(accounts, mailbox):
    accounts.register(**JANE)
    assert "run_due" in repr(mailbox)
    accounts.run_due()
    mailbox.read("jane@example.org")

@pytest.fixture
def accounts_mail_dispatch(request):
    worker = "worker" in request.node.name
    return MailDispatch.WORKER if worker else MailDispatch.AFTER_COMMIT

class TestPublicUrl:
    @pytest.fixture
    def accounts_public_url(self):
        return "https://shop.example.org/"

    def test_it_begins_the_links(self, accounts, mailbox):
        accounts.register(**JANE)
        assert mailbox.read("jane@example.org").link.startswith("https://shop.example.org/verify-email#token=")
""",
    )


def test_the_clock_moves_links_sessions_limits_and_jobs(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
from accounts_pytest import TestClock

def test_a_session(accounts, make_user, clock):
    jane = make_user()
    clock.advance(days=14, seconds=-1)
    accounts.authenticate(jane.token)
    clock.advance(days=14)
    with pytest.raises(InvalidToken):
        accounts.authenticate(jane.token)

def test_a_link(accounts, make_user, mailbox, clock):
    jane = make_user()
    accounts.forgot_password(email=jane.email)
    clock.advance(minutes=9, seconds=59)
    mail = mailbox.read(jane.email)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(InvalidMailToken):
        mail.click(password="an entirely different one")

def test_a_limit(accounts, make_user, clock, rate_limits):
    jane = make_user()
    def guess():
        with pytest.raises(InvalidCredentials):
            accounts.sign_in(email=jane.email, password="an entirely different one")
    for _ in range(30):
        guess()
    with pytest.raises(RateLimitExceeded):
        accounts.sign_in(email=jane.email, password=jane.password)
    clock.advance(hours=1)
    accounts.sign_in(email=jane.email, password=jane.password)

def test_a_job(accounts, make_user, card_gateway, clock):
    jane = make_user()
    accounts.verify_card(jane.id, payment_method=card_gateway.card("needs_authentication"))
    assert accounts.run_due().total == 0
    clock.advance(hours=1)
    assert accounts.run_due().total > 0
    assert card_gateway.open_holds() == []

def test_a_time(accounts, clock):
    when = datetime(2031, 5, 1, tzinfo=UTC)
    assert clock.set(when) == when == clock.now()
    assert accounts.register(**JANE).created_at == when
    clock.set(when - timedelta(days=1))
    assert clock.now() == when - timedelta(days=1)
    assert clock.advance(days=1, hours=2, minutes=3, seconds=4) == when + timedelta(hours=2, minutes=3, seconds=4)
    assert clock.advance(timedelta(minutes=1), seconds=1) - when == timedelta(hours=2, minutes=4, seconds=5)

@pytest.mark.parametrize("number", [1, 2])
def test_each_test_begins_at_the_same_time(clock, number):
    assert clock.now() == datetime(2030, 1, 7, 12, tzinfo=UTC)
    clock.advance(days=1)

def test_mistakes(clock):
    with pytest.raises(ValueError, match=r"clock\\.advance\\(minutes=5\\)"):
        clock.advance()
    with pytest.raises(ValueError, match="Time never goes back"):
        clock.advance(minutes=-1)
    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2031, 5, 1))
    assert repr(clock) == "<TestClock 2030-01-07T12:00:00+00:00>"
""",
        count=8,
    )


def test_cards_behave_as_they_are_named(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
def verify(accounts, card_gateway, user, name):
    return accounts.verify_card(user.id, payment_method=card_gateway.card(name))

@pytest.mark.parametrize("name, brand", [
    ("success", "visa"), ("visa", "visa"), ("mastercard", "mastercard"), ("amex", "amex"), ("pm_card_visa", "visa")
])
def test_success(accounts, card_gateway, make_user, name, brand):
    jane = make_user()
    verify(accounts, card_gateway, jane, name)
    (card,) = accounts.list_payment_methods(jane.id)
    assert card.card.brand == brand
    assert card_gateway.open_holds() == []

@pytest.mark.parametrize("name, code, decline_code", [
    ("declined", "card_declined", "generic_decline"),
    ("insufficient_funds", "card_declined", "insufficient_funds"),
    ("lost", "card_declined", "lost_card"),
    ("stolen", "card_declined", "stolen_card"),
    ("expired", "expired_card", None),
    ("incorrect_cvc", "incorrect_cvc", None),
    ("processing_error", "processing_error", None),
    ("velocity_exceeded", "card_declined", "card_velocity_exceeded"),
    ("declined_hold", "card_declined", "generic_decline"),
])
def test_declines(accounts, card_gateway, make_user, name, code, decline_code):
    jane = make_user()
    with pytest.raises(CardDeclined) as raised:
        verify(accounts, card_gateway, jane, name)
    assert (raised.value.code, raised.value.decline_code) == (code, decline_code)

def test_authentication(accounts, card_gateway, make_user):
    jane = make_user()
    result = verify(accounts, card_gateway, jane, "needs_authentication")
    assert result.verification_id
    card_gateway.complete_challenge()
    assert verify(accounts, card_gateway, jane, "needs_authentication").payment_method
    assert len(accounts.list_payment_methods(jane.id)) == 1

def test_failed_authentication(accounts, card_gateway, make_user):
    jane, john = make_user(), make_user()
    first = verify(accounts, card_gateway, jane, "needs_authentication")
    verify(accounts, card_gateway, john, "needs_authentication")
    with pytest.raises(AssertionError, match="2 card verifications wait"):
        card_gateway.complete_challenge()
    card_gateway.fail_challenge(first.verification_id)
    with pytest.raises(CardDeclined):
        verify(accounts, card_gateway, jane, "needs_authentication")
    card_gateway.complete_challenge()
    verify(accounts, card_gateway, john, "needs_authentication")

def test_nothing_waits(accounts, card_gateway, make_user):
    with pytest.raises(AssertionError, match="No card verification waits(.|\\n)*There are no open holds"):
        card_gateway.complete_challenge()

def test_down(accounts, card_gateway, make_user, clock):
    jane = make_user()
    with card_gateway.down(), pytest.raises(ProviderError, match="lets the payment provider be down"):
        verify(accounts, card_gateway, jane, "success")
    assert list(card_gateway.holds) == []
    clock.advance(minutes=5)
    accounts.run_due()
    assert len(accounts.list_payment_methods(jane.id)) == 1

def test_slow(accounts, card_gateway, make_user, clock):
    jane = make_user()
    with card_gateway.slow("hold"), pytest.raises(ProviderError, match="be too slow"):
        verify(accounts, card_gateway, jane, "success")
    assert len(card_gateway.open_holds()) == 1
    clock.advance(minutes=5)
    accounts.run_due()
    assert len(accounts.list_payment_methods(jane.id)) == 1
    assert (len(card_gateway.holds), card_gateway.open_holds()) == (1, [])

def test_within_one_another(accounts, card_gateway, make_user, clock):
    jane = make_user()
    with card_gateway.down():
        with card_gateway.slow("hold"):
            pass
        with pytest.raises(ProviderError, match="be down"):
            accounts.verify_card(jane.id, payment_method=card_gateway.card("visa"))
    clock.advance(minutes=5)
    accounts.run_due()
    assert len(accounts.list_payment_methods(jane.id)) == 1

def test_no_such_call(card_gateway):
    with pytest.raises(ValueError, match="no call 'charge'. There are .*hold"), card_gateway.down("charge"):
        ...

def test_a_misspelled_name(card_gateway):
    with pytest.raises(ValueError, match="no test card 'insufficient_found'. Did you mean 'insufficient_funds'"):
        card_gateway.card("insufficient_found")
""",
        count=5 + 9 + 8,
    )


def test_users_are_made_in_each_state(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
def test_plain(accounts, make_user, mailbox):
    jane, john = make_user(), make_user(name="John", email="john@example.net", password="an entirely different one")
    assert (jane.email, jane.user.name, john.user.name) == ("user1@example.org", "Jane Doe", "John")
    assert not mailbox
    assert accounts.authenticate(jane.token).user == jane.user
    accounts.sign_in(email="john@example.net", password="an entirely different one")
    with pytest.raises(InvalidCredentials):
        accounts.sign_in(email=jane.email, password=john.password)
    assert jane.user.is_email_verified
    assert jane.headers == {"Authorization": f"Bearer {jane.token}"}

def test_unverified(accounts, make_user, mailbox):
    jane = make_user(verified=False)
    assert not jane.user.is_email_verified
    assert [mail.kind for mail in mailbox] == ["verify_email"]
    mailbox.read(jane.email).click()
    assert accounts.profile(jane.id).is_email_verified

def test_deactivated(accounts, make_user):
    jane = make_user(deactivated=True)
    assert not jane.user.is_active
    with pytest.raises(InvalidToken):
        accounts.authenticate(jane.token)
    with pytest.raises(AccountDeactivated):
        accounts.sign_in(email=jane.email, password=jane.password)

def test_sessions(accounts, make_user, mailbox):
    jane = make_user(sessions=3)
    assert len(accounts.list_sessions(jane.id)) == len({each.token for each in jane.sessions}) == 3
    assert not mailbox
    signed_out = make_user(sessions=0)
    assert accounts.list_sessions(signed_out.id) == []
    with pytest.raises(AssertionError, match="sessions=0"):
        signed_out.token

def test_cards(accounts, make_user, mailbox):
    jane = make_user(cards=["mastercard", "needs_authentication"])
    assert sorted(each.card.brand for each in jane.cards) == ["mastercard", "visa"]
    (default,) = [each for each in accounts.list_payment_methods(jane.id) if each.is_default]
    assert default.card.brand == "mastercard"
    assert not mailbox
    with pytest.raises(ValueError, match="'declined' is declined, so no user has it"):
        make_user(cards=["declined"])
    with pytest.raises(ValueError, match="Did you mean 'success'"):
        make_user(cards=["sucess"])

def test_teams(accounts, make_user, make_team, mailbox):
    owner = make_user(team="Bookshop")
    assert [(view.team.name, view.role) for view in accounts.list_teams(owner.id)] == [("Bookshop", "owner")]
    team = make_team("Library", owner=owner, members=2)
    member = make_user(team=team)
    assert member.team == team.team
    assert {member.person.id for member in accounts.list_team_members(owner.id, team.id)} == {
        owner.id, member.id, *(each.id for each in team.members)
    }
    assert len(team.members) == 2
    assert not mailbox
    assert make_team(members=[member]).members == [member]
    with pytest.raises(ValueError, match="leave out verified=False"):
        make_user(team=team, verified=False)

def test_the_mails_of_others_stay(accounts, make_user, mailbox):
    accounts.register(**JANE)
    before = list(mailbox)
    make_user()
    assert list(mailbox) == before

def test_nothing_that_is_made_counts(accounts, make_user, rate_limits):
    for _ in range(40):
        jane = make_user(sessions=0)
    jane = make_user(email="jane@example.org", sessions=40)
    accounts.sign_in(email=jane.email, password=jane.password)

def test_a_misspelled_argument(make_user):
    with pytest.raises(TypeError, match="make_user has no argument 'verifed'. Did you mean verified?"):
        make_user(verifed=False)

def test_passwords_are_checked_though_hashing_costs_nothing(accounts, make_user):
    jane = make_user()
    for password in ("", " ", "correct horse battery stapl", PASSWORD + " "):
        with pytest.raises(ClientError):
            accounts.sign_in(email=jane.email, password=password)
""",
    )


def test_limits_are_off_until_they_are_asked_for(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
def guesses(accounts):
    for _ in range(31):
        with pytest.raises(InvalidCredentials):
            accounts.sign_in(email="jane@example.org", password="an entirely different one")

def test_off(accounts):
    guesses(accounts)

def test_on(accounts, rate_limits):
    with pytest.raises(RateLimitExceeded):
        guesses(accounts)

def test_paused(accounts, rate_limits):
    with rate_limits.paused():
        guesses(accounts)
    with pytest.raises(RateLimitExceeded):
        guesses(accounts)

@pytest.mark.usefixtures("rate_limits")
class TestOfAClass:
    def test_on(self, accounts):
        with pytest.raises(RateLimitExceeded):
            guesses(accounts)
""",
    )


def test_a_host_overrides_what_the_accounts_are_made_of(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
from accounts_core.model.passwords import PasswordPolicy
from accounts_core.model.policy import SessionPolicy
from accounts_core.model.events import UserRegistered
from accounts_core.model.deletion import DeletionPreview

@pytest.fixture(scope="session")
def accounts_policy():
    return Policy(sessions=SessionPolicy(lifetime=timedelta(hours=1)))

@pytest.fixture
def heard():
    return []

@pytest.fixture
def accounts_subscribers(heard):
    async def listen(work, event):
        heard.append(event)
    return [listen]

class Orders:
    async def preview(self, work, user_id):
        return DeletionPreview(destroyed={"orders": 2})
    async def export(self, work, user_id):
        return {"orders": ["a book", "a pen"]}
    async def erase(self, work, user_id): ...
    async def disassociate(self, work, user_id): ...

@pytest.fixture
def accounts_owned_data():
    return [Orders()]

@pytest.fixture
def accounts_job_handlers(heard):
    async def ship(job):
        heard.append(job)
    return {"shop.ship": ship}

def test_policy(accounts, make_user, clock):
    jane = make_user()
    clock.advance(hours=1)
    with pytest.raises(InvalidToken):
        accounts.authenticate(jane.token)

def test_subscribers(accounts, heard):
    accounts.register(**JANE)
    assert [type(event) for event in heard] == [UserRegistered]

def test_owned_data(accounts, make_user):
    assert accounts.export_personal_data(make_user().id)["orders"] == ["a book", "a pen"]

def test_real_hashes(accounts, make_user):
    jane = make_user()
    assert jane.user.password_hash.reveal().startswith("$argon2id$")
    accounts.sign_in(email=jane.email, password=jane.password)

@pytest.fixture
def accounts_password_hasher(request):
    from accounts_argon2 import Argon2Hasher, Cost
    from accounts_memory import PlainHasher
    return Argon2Hasher(Cost(memory_kib=8, passes=1)) if "real" in request.node.name else PlainHasher()
""",
    )


def test_each_test_has_accounts_of_its_own(host: Host) -> None:
    host.passes(
        IMPORTS
        + """
@pytest.mark.parametrize("number", [1, 2])
def test_alone(accounts, mailbox, make_user, card_gateway, number):
    assert make_user(cards=["visa"]).id == 1
    accounts.register(**JANE)
    assert (len(mailbox), len(card_gateway.holds)) == (1, 1)
""",
        count=2,
    )
