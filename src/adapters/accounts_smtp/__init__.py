"""Notices as mails: their wording, and what becomes of a mail.

`messages` turns a notice into a mail; `EmlNotifier` keeps each mail as a file, for development and for trying out.
"""

from accounts_core.ports.blocking import BlockingNotifier
from accounts_smtp.eml import EmlNotifier
from accounts_smtp.messages import compose
from accounts_smtp.sender import Sender

__all__ = ["EmlNotifier", "Sender", "compose"]

_eml: type[BlockingNotifier] = EmlNotifier
