import logging
import os
import tempfile
from pathlib import Path
from typing import ClassVar, Final, Literal

import attrs

from accounts_core.errors import Unavailable
from accounts_core.ports.clock import Clock
from accounts_core.ports.mailer import MailMessage
from accounts_smtp.composer import MailComposer, plain_id

log: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class EmlMailer:
    """Mailer that writes each mail to an `.eml` file in `folder` and logs its path. Mail programs open such files.

    The folder is created with the first mail. Only its owner can read the folder and the files. A message that is
    delivered again does not change its file.
    """

    suspends: ClassVar[Literal[False]] = False

    folder: Path
    composer: MailComposer
    clock: Clock

    async def deliver(self, message: MailMessage) -> None:
        path = self.folder / f"{plain_id(message)}.{message.kind}.eml"
        mail = self.composer.compose(message, at=self.clock.now()).as_bytes()
        try:
            if not _write(path, mail):
                return
        except OSError as error:
            raise Unavailable(f"The mail could not be written to {path}: {error.strerror}.") from error
        log.info("Mail for %s: %s", message.kind, path)


def _write(path: Path, content: bytes) -> bool:
    """Write a file atomically. Return False if it exists already."""
    if path.exists():
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # created with mode 0600
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
