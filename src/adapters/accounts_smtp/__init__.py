"""Mails: their templates, composition and delivery.

`compose` turns a message into a mail. `accounts_smtp.smtp.SmtpMailer` delivers mails to an SMTP server; it has a module
of its own, because only it needs a library. `EmlMailer` writes each mail to a file, for development.
"""

from accounts_core.ports.blocking import BlockingMailer
from accounts_smtp.eml import EmlMailer
from accounts_smtp.messages import compose
from accounts_smtp.sender import Sender
from accounts_smtp.url import SmtpUrl

__all__ = ["EmlMailer", "Sender", "SmtpUrl", "compose"]

_eml: type[BlockingMailer] = EmlMailer
