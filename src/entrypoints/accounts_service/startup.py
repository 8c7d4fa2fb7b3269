"""Start the service: migrate its database, listen, and serve in one process or several."""

import socket
from collections.abc import Callable, Sequence

from accounts_service.composition import describe
from accounts_service.database import migrate_database
from accounts_service.errors import ServiceError
from accounts_service.listening import bind, format_url, is_loopback
from accounts_service.payments import require_provider
from accounts_service.processes import run_processes
from accounts_service.server import run_server
from accounts_service.settings import Settings


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int,
    announce: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    """Create or migrate the database, listen, and serve until SIGTERM or SIGINT.

    Args:
        settings: The settings of the service.
        host: Name or address to listen on.
        port: TCP port; 0 takes any that is free.
        workers: Number of processes.
        announce: Takes each line that says how the service runs.
        warn: Takes each line about a process that ended. It is pickled, so it must be a module's function.

    Raises:
        ServiceError: The service cannot start.

    """
    require_provider(settings)
    if workers > 1:
        _require_shared_parts(settings, workers)
    sockets = bind(host, port)
    try:
        _require_simulator_allowed(settings, sockets)
        _, _, warning = migrate_database(settings).partition(" WARNING: ")
        if warning:
            announce(f"WARNING: {warning}")
        if workers == 1:
            run_server(settings, sockets, lambda: _announce(settings, sockets, announce))
        else:
            run_processes(workers, sockets, lambda: _announce(settings, sockets, announce), warn)
    finally:
        for listener in sockets:
            listener.close()
    announce("Stopped.")


def _announce(settings: Settings, sockets: Sequence[socket.socket], announce: Callable[[str], None]) -> None:
    address = format_url(sockets[0])
    announce(f"Listening on {address} (reference and try-out: {address}/schema)")
    for line in describe(settings):
        announce(line)


def _require_shared_parts(settings: Settings, workers: int) -> None:
    """Raise `ServiceError` unless several processes can share the database and the payment provider."""
    missing = []
    if settings.database_url.file is not None:
        missing.append("PostgreSQL (ACCOUNTS_DATABASE_URL)")
    if settings.is_simulated:
        missing.append("Stripe, or a simulator that is a server of its own (ACCOUNTS_STRIPE_API_KEY)")
    if missing:
        raise ServiceError(f"--workers {workers}: more than one process needs {' and '.join(missing)}.")


def _require_simulator_allowed(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    """Raise `ServiceError` when other machines would reach simulated payments that no setting allows."""
    if settings.is_simulated and settings.stripe_simulator is None and not is_loopback(sockets):
        raise ServiceError(
            "Payments are simulated, and other machines could reach this address: if that is meant, set"
            " ACCOUNTS_STRIPE_SIMULATOR=true."
        )
