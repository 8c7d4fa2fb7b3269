import logging
import os
import tempfile
from pathlib import Path
from typing import ClassVar, Final, Literal

import attrs

from accounts_core.errors import Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import MailMessage
from accounts_smtp.messages import compose, plain_id
from accounts_smtp.sender import Sender

log: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class EmlMailer:
    """Writes each mail as an `.eml` file, which any mail program opens, into `folder`, and logs where it is.

    The folder is made when the first mail comes, for its owner alone, as are the files. The same message again finds
    its file there and leaves it. `public_url` is where the product is reached; the mails lead there.
    """

    suspends: ClassVar[Literal[False]] = False

    folder: Path
    sender: Sender
    public_url: str
    clock: Clock

    async def deliver(self, message: MailMessage) -> None:
        path = self.folder / f"{plain_id(message)}.{message.kind}.eml"
        mail = compose(message, sender=self.sender, public_url=self.public_url, at=self.clock.now())
        try:
            if not _write(path, mail):
                return
        except OSError as error:
            raise Unavailable(f"The mail could not be written to {path}: {error.strerror}.") from error
        log.info("Mail for %s: %s", message.kind, path)


def _write(path: Path, content: bytes) -> bool:
    """Write a file that is complete or not there; False when it is there already."""
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # 0600 from the start
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True
