"""13.4.2: there is no debug mode to turn on, whatever the environment says."""

import pytest
from litestar.testing import TestClient
from tests.integration.http.client import PROBLEM
from tests.integration.http.service import memory_accounts

from accounts_litestar import HttpOptions, create_app


class Debugger:
    """Stands in for pdb, which would stop the whole process and wait for somebody at the terminal."""

    asked = False

    def post_mortem(self) -> None:
        self.asked = True


def test_no_variable_of_the_environment_turns_a_debug_mode_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITESTAR_DEBUG", "1")
    monkeypatch.setenv("LITESTAR_PDB", "1")
    debugger = Debugger()

    async def fails() -> None:
        raise ZeroDivisionError("the secret")

    app = create_app(memory_accounts(), options=HttpOptions(ready=fails))
    app.debugger_module = debugger  # type: ignore[assignment]  # all that is called of one
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/health/ready", headers={"accept": "text/html"})

    assert not app.debug
    assert not app.pdb_on_exception
    assert not debugger.asked
    assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
    assert "secret" not in answer.text
