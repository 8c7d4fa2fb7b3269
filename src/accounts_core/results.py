"""What the methods of `Accounts` return and take besides the aggregates of `accounts_core.model`.

The public names of what is defined beside the use cases: nothing outside of the core imports `accounts_core.use_cases`.
"""

from accounts_core.use_cases.authenticate import Caller
from accounts_core.use_cases.credentials import SignedIn
from accounts_core.use_cases.export import ExportPart, ExportWriter
from accounts_core.use_cases.outbox import JobHandler, Ran
from accounts_core.use_cases.perform_once import Answered, Perform, Performed
from accounts_core.use_cases.repair_times import Repaired
from accounts_core.use_cases.tidy import Tidied
from accounts_core.use_cases.verifications import VerificationView
from accounts_core.use_cases.verify_card import MAX_URL, ActionRequired, Verified

__all__ = [
    "MAX_URL",
    "ActionRequired",
    "Answered",
    "Caller",
    "ExportPart",
    "ExportWriter",
    "JobHandler",
    "Perform",
    "Performed",
    "Ran",
    "Repaired",
    "SignedIn",
    "Tidied",
    "VerificationView",
    "Verified",
]
