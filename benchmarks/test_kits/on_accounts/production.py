"""The host as it is served."""

from host import Customer, create_app
from litestar import Litestar

from accounts_argon2 import AsyncArgon2Hasher
from accounts_core import Accounts
from accounts_core.ports.mailer import Mailer
from accounts_memory import MemoryGateway
from accounts_profiles import profile_type
from accounts_sql import AsyncSqlStore, create_async_engine
from accounts_system import SystemClock, SystemSecrets


def production(mailer: Mailer) -> Litestar:
    clock, secrets = SystemClock(), SystemSecrets()
    return create_app(
        Accounts(
            store=AsyncSqlStore(create_async_engine("sqlite:///shop.db")),
            payments=MemoryGateway(clock=clock, secrets=secrets),
            passwords=AsyncArgon2Hasher(),
            mailer=mailer,
            clock=clock,
            secrets=secrets,
            profile_type=profile_type(Customer),
        )
    )
