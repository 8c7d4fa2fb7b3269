"""Mails: their templates, composition and delivery.

`MailComposer` turns a message into a mail, with the texts of `MailTemplates`. `accounts_smtp.smtp.SmtpMailer` and
`accounts_smtp.blocking_smtp.BlockingSmtpMailer` deliver mails to an SMTP server; `EmlMailer` writes each to a file, for
development; `FunctionMailer` and `BlockingFunctionMailer` give each to a function of yours.
"""

from accounts_core.ports.blocking import BlockingMailer
from accounts_smtp.composer import ComposedMail, MailComposer
from accounts_smtp.eml import EmlMailer
from accounts_smtp.function import BlockingFunctionMailer, FunctionMailer
from accounts_smtp.headers import MailRefused
from accounts_smtp.mail_templates import MailTemplates
from accounts_smtp.sender import Sender
from accounts_smtp.url import SmtpUrl

__all__ = [
    "BlockingFunctionMailer",
    "ComposedMail",
    "EmlMailer",
    "FunctionMailer",
    "MailComposer",
    "MailRefused",
    "MailTemplates",
    "Sender",
    "SmtpUrl",
]

_eml: type[BlockingMailer] = EmlMailer
