from typing import Final

TIMEOUT_SECONDS: Final = 20.0
"""Timeout of each reply."""
TOTAL_SECONDS: Final = 60.0
"""Timeout of one mail: a server that replies to each command just in time would block a worker for minutes."""
QUIT_SECONDS: Final = 5.0
"""Timeout of QUIT. The mail is delivered by then."""
