"""Databases for every test here that asks for one."""

from tests.integration.conftest import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]
