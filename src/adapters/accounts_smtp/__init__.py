"""Notices as mails: their wording, and what becomes of a mail.

`compose` turns a notice into a mail. `accounts_smtp.smtp.SmtpNotifier` hands it over to a mail server; it is imported
from there, because it alone needs a library. `EmlNotifier` keeps each mail as a file, for trying things out.
"""

from accounts_core.ports.blocking import BlockingNotifier
from accounts_smtp.eml import EmlNotifier
from accounts_smtp.messages import compose
from accounts_smtp.sender import Sender
from accounts_smtp.url import SmtpUrl

__all__ = ["EmlNotifier", "Sender", "SmtpUrl", "compose"]

_eml: type[BlockingNotifier] = EmlNotifier
