from tests.integration.cli.conftest import *  # noqa: F403  the fixtures that run commands
