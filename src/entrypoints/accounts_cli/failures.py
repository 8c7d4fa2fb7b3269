class CommandFailed(Exception):
    """The command cannot do what it was asked. The text is one line for the person at the terminal, the whole of it."""
