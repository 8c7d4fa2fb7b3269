"""Defaults that the service, the command line and its help share. Imports nothing, so that `--help` stays fast."""

from typing import Final

DATABASE_URL: Final = "sqlite:///accounts.db"

HOST: Final = "127.0.0.1"
PORT: Final = 8000
LOCAL_URL: Final = f"http://{HOST}:{PORT}"
"""The URL of the service where neither an address nor `ACCOUNTS_PUBLIC_URL` is set."""
WEBHOOK_PATH: Final = "/webhooks/stripe"

SIMULATOR_PORT: Final = 12111
SIMULATOR_URL: Final = f"http://{HOST}:{SIMULATOR_PORT}"
SIMULATOR_FILE: Final = "stripe-simulator.db"
SIMULATOR_SECRET: Final = "whsec_simulator"  # noqa: S105  signs the events of a simulator that moves no money
