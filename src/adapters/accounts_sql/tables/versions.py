"""The table with the database's revision. Alembic's own form, so that releases before 0.3 read it too."""

from typing import Final

import sqlalchemy as sa

from .common import NAMING

VERSION_TABLE: Final = "accounts_alembic_version"

version_metadata: Final = sa.MetaData(naming_convention=NAMING)

versions: Final = sa.Table(
    VERSION_TABLE,
    version_metadata,
    sa.Column("version_num", sa.String(32), nullable=False),
    # the oldest revision whose code can serve the database; NULL if only that of `version_num` can
    sa.Column("served_from", sa.String(32)),
    sa.PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
