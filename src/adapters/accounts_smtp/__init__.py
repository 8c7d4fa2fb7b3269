"""Notices as mails: their wording, and what becomes of a mail.

`compose` turns a message into a mail. `accounts_smtp.smtp.SmtpMailer` hands it over to a mail server; it is imported
from there, because it alone needs a library. `EmlMailer` keeps each mail as a file, for trying things out.
"""

from accounts_core.ports.blocking import BlockingMailer
from accounts_smtp.eml import EmlMailer
from accounts_smtp.messages import compose
from accounts_smtp.sender import Sender
from accounts_smtp.url import SmtpUrl

__all__ = ["EmlMailer", "Sender", "SmtpUrl", "compose"]

_eml: type[BlockingMailer] = EmlMailer
