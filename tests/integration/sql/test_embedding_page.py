"""docs/embedding.md: its programs are an application that works (E2, E3, E7, E10)."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.orm import Session
from tests.documents import ROOT, programs
from tests.integration.sql.hosts import names_in

from accounts_core import BlockingAccounts
from accounts_core.errors import ConfigurationError
from accounts_core.model import UserId
from accounts_core.sync import run_sync
from accounts_core.testing.builders import a_user
from accounts_core.testing.harness import keep
from accounts_memory import MemoryGateway, MemoryMailer, PlainHasher
from accounts_sql import SqlStore, create_engine, is_current, migrate
from accounts_system import SystemClock, SystemSecrets

PROGRAMS = {program.file: program.text for program in programs(ROOT / "docs" / "embedding.md")}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The application of the page, in the working folder."""
    (tmp_path / "versions").mkdir()
    for file in ("env.py", "models.py", "owned_orders.py"):
        (tmp_path / file).write_text(PROGRAMS[file])
    (tmp_path / "versions" / "orders.py").write_text(PROGRAMS["orders.py"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in ("models", "owned_orders"):
        sys.modules.pop(name, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, folder: Path) -> Iterator[sa.Engine]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else f"sqlite:///{folder}/shop.db"
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def config(engine: sa.Engine, folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("sqlalchemy.url", engine.url.render_as_string(hide_password=False).replace("%", "%%"))
    return config


def test_alembic_makes_both_and_proposes_nothing(engine: sa.Engine, config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)

    assert is_current(engine)
    command.downgrade(config, "base")
    command.upgrade(config, "head")


def test_the_models_refer_to_users_and_create_all_makes_the_hosts_tables_only(engine: sa.Engine, folder: Path) -> None:
    import models  # type: ignore[import-not-found]  # the page's own file, written by the test

    migrate(engine)
    before = names_in(engine)
    models.Base.metadata.create_all(engine)
    run_sync(keep(SqlStore(engine), a_user(1, name="Jane")))

    with Session(engine) as session:
        session.add(models.Order(id=1, user_id=1))
        session.commit()
        order: Any = session.scalars(sa.select(models.Order).join(models.User)).one()
        assert order.user.name == "Jane"
        assert not hasattr(order.user, "password_hash")
    with Session(engine) as session:
        session.add(models.Order(id=2, user_id=2))
        with pytest.raises(sa.exc.IntegrityError):
            session.commit()
    assert names_in(engine) - before == {"orders"}
    models.Base.metadata.drop_all(engine)
    assert names_in(engine) == before


def test_orders_are_exported_and_deleted_with_their_user(engine: sa.Engine, folder: Path) -> None:
    import models
    import owned_orders  # type: ignore[import-not-found]  # the page's own file, written by the test

    migrate(engine)
    models.Base.metadata.create_all(engine)
    run_sync(keep(SqlStore(engine), a_user(1)))
    clock = SystemClock()
    accounts = BlockingAccounts(
        store=SqlStore(engine),
        payments=MemoryGateway(clock, SystemSecrets()),
        passwords=PlainHasher(),
        mailer=MemoryMailer(),
        clock=clock,
        secrets=SystemSecrets(),
        owned_data=[owned_orders.OrdersOfUser()],
    )
    with Session(engine) as session:
        session.add(models.Order(id=7, user_id=1))
        session.commit()

    jane = UserId(1)
    assert accounts.export_personal_data(jane)["orders"] == [7]
    assert accounts.preview_deletion(jane).destroyed["orders"] == 1
    with pytest.raises(ConfigurationError, match="orders"):
        attrs.evolve(accounts, owned_data=()).erase_user(jane)
    accounts.erase_user(jane)
    with Session(engine) as session:
        assert session.scalars(sa.select(models.Order)).all() == []
    models.Base.metadata.drop_all(engine)


def test_the_program_with_a_prefix_runs(folder: Path) -> None:
    scope: dict[str, Any] = {}
    exec(PROGRAMS[None], scope)

    assert is_current(scope["engine"], prefix="auth_")
    run_sync(keep(scope["store"], a_user()))
    assert {name.split("_")[0] for name in names_in(scope["engine"])} == {"auth"}
    assert scope["accounts"].users.name == "auth_users"
    scope["engine"].dispose()
