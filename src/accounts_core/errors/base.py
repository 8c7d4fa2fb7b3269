"""The roots of the error tree, by cause."""


class AccountsError(Exception):
    """Base class of all errors that the core and its adapters raise on purpose."""


class ClientError(AccountsError):
    """The request cannot be carried out as it is."""


class InfrastructureError(AccountsError):
    """Something outside the core failed; the same request may succeed later."""


class ConfigurationError(AccountsError):
    """The host application uses or configures the core wrongly."""
