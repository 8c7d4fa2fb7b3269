"""The accounts over HTTP: a whole service (`create_app`), or a part of another Litestar app (`AccountsPlugin`)."""

try:
    from accounts_http.access_log import RequestEntry
    from accounts_http.options import HttpOptions
    from accounts_http.webhooks import ProviderEvent, Webhook
    from accounts_litestar.app import create_app
    from accounts_litestar.documentation.page import MountedJson, OfflineDocs
    from accounts_litestar.host.dto import SessionDTO, UserDTO
    from accounts_litestar.host.refusals import Refused
    from accounts_litestar.host.transactions import AccountsInTransaction
    from accounts_litestar.plugin import AccountsPlugin
except ModuleNotFoundError as error:
    error.add_note(f'accounts_litestar needs {error.name}: pip install "accounts-core[litestar]"')
    raise

__all__ = [
    "AccountsInTransaction",
    "AccountsPlugin",
    "HttpOptions",
    "MountedJson",
    "OfflineDocs",
    "ProviderEvent",
    "Refused",
    "RequestEntry",
    "SessionDTO",
    "UserDTO",
    "Webhook",
    "create_app",
]
