"""`accounts serve`: the service listens, until it is told to stop."""

import socket
from collections.abc import Sequence

from accounts_cli.composition import describe
from accounts_cli.database import migrate_database
from accounts_cli.failures import CommandFailed
from accounts_cli.listening import bind, is_loopback, url_of
from accounts_cli.payments import require_provider
from accounts_cli.processes import run_processes
from accounts_cli.serving import run_server
from accounts_cli.settings import Settings
from accounts_cli.streams import announce


def serve(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Create and migrate the database, listen, and return when SIGTERM or SIGINT says so.

    Raises `CommandFailed` when it cannot start.
    """
    require_provider(settings)
    if workers > 1:
        _require_shared_parts(settings, workers)
    sockets = bind(host, port)
    try:
        _refuse_to_pretend_in_public(settings, sockets)
        migrate_database(settings)
        if workers == 1:
            run_server(settings, sockets, lambda: _announce(settings, sockets))
        else:
            run_processes(workers, sockets, lambda: _announce(settings, sockets))
    finally:
        for listener in sockets:
            listener.close()
    announce("Stopped.")


def _announce(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    address = url_of(sockets[0])
    announce(f"Listening on {address} (reference and try-out: {address}/schema)")
    for line in describe(settings):
        announce(line)


def _require_shared_parts(settings: Settings, workers: int) -> None:
    """Several processes need a database and a provider that are made for several."""
    missing = []
    if settings.database_url.file is not None:
        missing.append("PostgreSQL (ACCOUNTS_DATABASE_URL)")
    if settings.is_simulated:
        missing.append("Stripe, or a simulator that is a server of its own (ACCOUNTS_STRIPE_API_KEY)")
    if missing:
        raise CommandFailed(f"--workers {workers}: more than one process needs {' and '.join(missing)}.")


def _refuse_to_pretend_in_public(settings: Settings, sockets: Sequence[socket.socket]) -> None:
    if settings.is_simulated and settings.stripe_simulator is None and not is_loopback(sockets):
        raise CommandFailed(
            "Payments are simulated, and other machines could reach this address: if that is meant, set"
            " ACCOUNTS_STRIPE_SIMULATOR=true."
        )
