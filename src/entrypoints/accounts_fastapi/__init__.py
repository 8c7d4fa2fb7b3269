"""User accounts in a FastAPI application: start with `FastAPIAccounts`."""

from accounts_fastapi.integration import FastAPIAccounts
from accounts_http.options import HttpOptions

__all__ = ["FastAPIAccounts", "HttpOptions"]
