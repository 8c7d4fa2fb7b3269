"""Argument and result classes of the methods of `Accounts`, in addition to the aggregates of `accounts_core.model`.

Import these classes from here: the modules that define them are internal and may change.
"""

from accounts_core.model.outbox import OverdueJobs
from accounts_core.outbox.handlers import JobHandler
from accounts_core.outbox.worker import WorkerRun
from accounts_core.services.expiry import CleanupResult
from accounts_core.services.export import ExportPart, ExportWriter
from accounts_core.services.idempotency import IdempotentAnswer, IdempotentOperation, IdempotentResult
from accounts_core.services.session_opener import SignInResult
from accounts_core.use_cases.cards.list_verifications import VerificationView
from accounts_core.use_cases.cards.verify_card import MAX_URL, ActionRequired, VerificationResult
from accounts_core.use_cases.operations.repair_times import TimesRepairResult
from accounts_core.use_cases.sessions.authenticate import Caller

__all__ = [
    "MAX_URL",
    "ActionRequired",
    "Caller",
    "CleanupResult",
    "ExportPart",
    "ExportWriter",
    "IdempotentAnswer",
    "IdempotentOperation",
    "IdempotentResult",
    "JobHandler",
    "OverdueJobs",
    "SignInResult",
    "TimesRepairResult",
    "VerificationResult",
    "VerificationView",
    "WorkerRun",
]
