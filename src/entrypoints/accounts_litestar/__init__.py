"""The accounts over HTTP: a whole service (`create_app`), or a part of another Litestar app (`AccountsPlugin`)."""

from accounts_litestar.app import create_app
from accounts_litestar.docs import OfflineDocs
from accounts_litestar.options import HttpOptions, ProviderEvent, Webhook
from accounts_litestar.plugin import AccountsPlugin
from accounts_litestar.requests import RequestEntry

__all__ = ["AccountsPlugin", "HttpOptions", "OfflineDocs", "ProviderEvent", "RequestEntry", "Webhook", "create_app"]
