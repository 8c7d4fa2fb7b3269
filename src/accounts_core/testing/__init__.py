'''Contract suites for adapters of the ports, and builders of test data.

For the tests of an application that embeds the accounts there is `accounts_pytest`, whose plugin includes this one.

Each suite in `accounts_core.testing.contracts` is a class for pytest. Subclass it in a test module, and give its
fixtures your adapter. For a store that needs no event loop this is all:

    pytest_plugins = ["accounts_core.testing.plugin"]   # in the top-level conftest.py, or in the test module


    @pytest.fixture
    def make_store():
        """Give a store over an empty database; called at most once in a test."""
        return lambda *subscribers: MyStore(subscribers=subscribers)


    class TestMyUsers(UsersContract):
        """The users of MyStore."""

The suites' tests are coroutines. Two fixtures of the plugin say how they run, and an adapter with an event loop
overrides both:

- `drive(coroutine)` runs one coroutine to its end and returns its result. The plugin's own is `run_sync`;
- `concurrently(*thunks)` is awaited, calls every thunk (a function without arguments that returns a coroutine), drives
  the coroutines at the same time, and returns for each its result or the exception that it raised, in order. The
  plugin's own gives each a thread.

For asyncio:

    @pytest.fixture
    def drive():
        with asyncio.Runner() as runner:
            yield runner.run


    @pytest.fixture
    def concurrently():
        async def gather(*thunks):
            return await asyncio.gather(*(thunk() for thunk in thunks), return_exceptions=True)

        return gather

Fixtures that each suite asks an adapter for, and nothing else:

- the suites of a store (`STORE_CONTRACTS`): `make_store(*subscribers)`;
- the suites of a payment gateway (`GATEWAY_CONTRACTS`): `gateway` and `authenticate`; `user_id` and `cards` have
  defaults (see `PaymentGatewayContract`);
- `PasswordHasherContract`: `hasher` and `other_hasher`; `RateLimiterContract`: `limits`; `ClockContract`: `clock`;
  `SecretsContract`: `secrets`; `MailerContract`: `mailer` and `delivered`;
- `ProfileCodecContract`, whose tests are plain functions: `codec`, of a type with the members that it names;
- `OwnedDataContract`, for the owned data of a host application: `owned_data`, `store` and `host`.

A coroutine test of your own runs the same way when it uses the `drive` fixture:
`pytestmark = pytest.mark.usefixtures("drive")`.
'''
