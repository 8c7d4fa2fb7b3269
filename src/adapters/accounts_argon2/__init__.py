"""Password hashing with Argon2id (RFC 9106), by argon2-cffi.

`Argon2Hasher` hashes in the calling thread, for scripts, workers and other programs without an event loop.
`AsyncArgon2Hasher` hashes in its own threads, with bounded concurrency and a bounded queue, for services.
"""

try:
    from accounts_argon2.blocking import Argon2Hasher
    from accounts_argon2.cost import Cost
    from accounts_argon2.threaded import AsyncArgon2Hasher
except ModuleNotFoundError as error:
    error.add_note(f'accounts_argon2 needs {error.name}: pip install "accounts-core[argon2]"')
    raise
from accounts_core.ports.blocking import BlockingPasswordHasher
from accounts_core.ports.lifecycle import Closes
from accounts_core.ports.password_hasher import PasswordHasher

__all__ = ["Argon2Hasher", "AsyncArgon2Hasher", "Cost"]

_blocking: type[BlockingPasswordHasher] = Argon2Hasher
_threaded: type[PasswordHasher] = AsyncArgon2Hasher
_closes: type[Closes] = AsyncArgon2Hasher
