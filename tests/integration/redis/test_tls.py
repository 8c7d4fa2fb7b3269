"""`rediss://`: nothing is sent to a server whose certificate nobody vouches for."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from tests.integration.redis.modes import Mode
from tests.integration.redis_server import RedisServer, needs_a_server_of_its_own, serving_redis_on_a_port

from accounts_core.errors import Unavailable
from accounts_core.ports.rate_limiter import RateLimit
from accounts_core.testing.builders import at
from accounts_redis import RedisUrl

pytestmark = [
    pytest.mark.usefixtures("drive"),
    needs_a_server_of_its_own,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here to make a certificate"),
]

ONCE = {"jane": RateLimit(1, at(60) - at(0))}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `localhost`, with its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder / "certificate.pem"


@pytest.fixture(scope="module")
def served(certificate: Path) -> Iterator[tuple[RedisServer, int]]:
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(certificate.parent / "key.pem"))
    options = ("--tls-port", "{port}", "--tls-auth-clients", "no", *files, "--requirepass", "right")
    with serving_redis_on_a_port(*options) as served:
        yield served


async def test_a_certificate_that_is_vouched_for_is_taken(
    mode: Mode, served: tuple[RedisServer, int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    limits = mode.limits(RedisUrl.parse(f"rediss://:right@localhost:{served[1]}"))

    await limits.consume("sign-in", ONCE, now=at(0))
    await limits.reset("sign-in", "jane")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_any_other_is_refused_before_the_password_is_sent(
    mode: Mode, served: tuple[RedisServer, int], certificate: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """One that nobody vouches for, and one that is vouched for under another name."""
    server, port = served
    if host != "localhost":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    limits = mode.limits(RedisUrl.parse(f"rediss://:right@{host}:{port}"))
    with redis.Redis(unix_socket_path=str(server.socket), password="right") as client:
        before = client.info("commandstats").get("cmdstat_auth")
        with pytest.raises(Unavailable) as refusal:
            await limits.consume("sign-in", ONCE, now=at(0))

        assert "certificate verify failed" in str(refusal.value.__cause__)
        assert client.info("commandstats").get("cmdstat_auth") == before
