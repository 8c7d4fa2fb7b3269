"""The errors that the core and its adapters raise, grouped by cause.

- `ClientError`: the input or the state of the caller. A retry does not help; the text may be shown to people.
- `InfrastructureError`: a database, a provider or a conflict. The same call may succeed later.
- `ConfigurationError`: the host application uses or configures the core wrongly. A bug, to be fixed in code.

Adapters translate every foreign error into one of these, with `raise ... from`.
"""

from .base import AccountsError, ClientError, ConfigurationError, InfrastructureError
from .client import (
    AccountDeactivated,
    CardDeclined,
    DeletionBlocked,
    EmailTaken,
    Invalid,
    InvalidCredentials,
    InvalidMailToken,
    InvalidToken,
    KeyReused,
    NotAllowed,
    NotFound,
    QuotaExceeded,
    ReauthenticationRequired,
    WrongPassword,
)
from .configuration import AnswerTooLarge, IllegalTransition, NeedsCommit, Suspended, WrongIdType
from .infrastructure import (
    MAX_RETRY_AFTER,
    AnswerMismatch,
    Conflict,
    CustomerInUse,
    LeaseLost,
    ProviderAmbiguous,
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    RateLimitExceeded,
    RequestInProgress,
    StillReferenced,
    TooManyFailures,
    Unavailable,
    Undeliverable,
    VerificationInProgress,
)

for _error in (each for each in list(vars().values()) if isinstance(each, type)):
    _error.__module__ = __name__  # tracebacks and logs show the public name

__all__ = [
    "MAX_RETRY_AFTER",
    "AccountDeactivated",
    "AccountsError",
    "AnswerMismatch",
    "AnswerTooLarge",
    "CardDeclined",
    "ClientError",
    "ConfigurationError",
    "Conflict",
    "CustomerInUse",
    "DeletionBlocked",
    "EmailTaken",
    "IllegalTransition",
    "InfrastructureError",
    "Invalid",
    "InvalidCredentials",
    "InvalidMailToken",
    "InvalidToken",
    "KeyReused",
    "LeaseLost",
    "NeedsCommit",
    "NotAllowed",
    "NotFound",
    "ProviderAmbiguous",
    "ProviderBusy",
    "ProviderError",
    "ProviderRefused",
    "QuotaExceeded",
    "RateLimitExceeded",
    "ReauthenticationRequired",
    "RequestInProgress",
    "StillReferenced",
    "Suspended",
    "TooManyFailures",
    "Unavailable",
    "Undeliverable",
    "VerificationInProgress",
    "WrongIdType",
    "WrongPassword",
]
