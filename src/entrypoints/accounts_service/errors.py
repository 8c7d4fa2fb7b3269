class ServiceError(Exception):
    """The service cannot start or cannot do what was asked. The text is one line for the operator."""
