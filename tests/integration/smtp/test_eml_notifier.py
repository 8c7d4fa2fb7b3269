import logging
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import attrs
import pytest

from accounts_core.errors import Unavailable
from accounts_core.model.email_address import EmailAddress
from accounts_core.ports.mailer import MailKind, MailMessage
from accounts_core.sync import run_sync
from accounts_core.testing.contracts import MailerContract
from accounts_smtp import EmlMailer, MailComposer, Sender


@attrs.frozen
class StoppedClock:
    at: datetime = datetime(2024, 5, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class TestEml(MailerContract):
    """Mails as files."""

    @pytest.fixture
    def delivered(self, folder: Path) -> Callable[[], list[str]]:
        return lambda: [name.partition(".")[0] for name in names(folder)]


def notice(id: str = "job_1", to: str = "sam@example.org") -> MailMessage:
    return MailMessage(id=id, to=EmailAddress(to), kind=MailKind.INVITATION, values={"team": "Acme"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mail"


@pytest.fixture
def mailer(folder: Path) -> EmlMailer:
    sender = Sender(EmailAddress("no-reply@accounts.example"), "Accounts")
    return EmlMailer(
        folder=folder,
        composer=MailComposer(sender=sender, public_url="https://accounts.example"),
        clock=StoppedClock(),
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_mail_becomes_a_file_that_a_mail_program_reads(mailer: EmlMailer, folder: Path) -> None:
    run_sync(mailer.deliver(notice()))

    mail = message_from_bytes((folder / "job_1.invitation.eml").read_bytes(), policy=SMTP)
    assert mail["To"] == "sam@example.org"
    assert mail["Date"] == "Wed, 01 May 2024 12:00:00 +0000"
    assert mail.get_content_type() == "multipart/alternative"


def test_nothing_else_is_left_in_the_folder(mailer: EmlMailer, folder: Path) -> None:
    run_sync(mailer.deliver(notice()))

    assert names(folder) == ["job_1.invitation.eml"]


def test_the_same_notice_again_makes_no_second_file(mailer: EmlMailer, folder: Path) -> None:
    run_sync(mailer.deliver(notice()))
    first = (folder / "job_1.invitation.eml").read_bytes()
    run_sync(mailer.deliver(notice()))

    assert names(folder) == ["job_1.invitation.eml"]
    assert (folder / "job_1.invitation.eml").read_bytes() == first


def test_mails_are_for_their_owner_alone(mailer: EmlMailer, folder: Path) -> None:
    run_sync(mailer.deliver(notice()))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "job_1.invitation.eml").stat().st_mode) == 0o600


def test_the_log_says_where_the_mail_is_and_not_whose(
    mailer: EmlMailer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        run_sync(mailer.deliver(notice()))

    assert [record.getMessage() for record in caplog.records] == [
        f"Mail for invitation: {folder / 'job_1.invitation.eml'}"
    ]


@pytest.mark.parametrize("id", ["../../evil", "a/b", "..", ".", "a\0b", "x" * 5000, "C:\\evil"])
def test_no_id_leads_out_of_the_folder(mailer: EmlMailer, folder: Path, id: str) -> None:
    run_sync(mailer.deliver(notice(id=id)))

    (name,) = names(folder)
    assert name.endswith(".invitation.eml")
    assert names(folder.parent) == ["mail"]


def test_a_folder_that_cannot_be_made_means_unavailable(mailer: EmlMailer, folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("a file in the way")

    with pytest.raises(Unavailable, match="could not be written"):
        run_sync(mailer.deliver(notice()))


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(mailer: EmlMailer, folder: Path) -> None:
    blocked = attrs.evolve(mailer, folder=folder)
    (folder / "job_1.invitation.eml").mkdir(parents=True)
    (folder / "job_1.invitation.eml" / "something").touch()

    run_sync(blocked.deliver(notice()))

    assert names(folder) == ["job_1.invitation.eml"]
