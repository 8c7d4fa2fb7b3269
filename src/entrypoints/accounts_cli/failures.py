from accounts_service.errors import ServiceError


class CommandFailed(ServiceError):
    """The command cannot do what was asked. The text is one line for the person at the terminal."""
