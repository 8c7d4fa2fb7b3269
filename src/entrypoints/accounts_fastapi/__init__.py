"""User accounts in a FastAPI application: start with `FastAPIAccounts`."""

try:
    from accounts_fastapi.integration import FastAPIAccounts
    from accounts_http.options import HttpOptions
except ModuleNotFoundError as error:
    error.add_note(f'accounts_fastapi needs {error.name}: pip install "accounts-core[fastapi]"')
    raise

__all__ = ["FastAPIAccounts", "HttpOptions"]
