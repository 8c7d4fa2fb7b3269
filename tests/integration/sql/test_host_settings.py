"""E25: settings of the host, of its connection or of the whole process, change nothing of what the accounts read.

Nor do the accounts change them: the host's own reads are as before.
"""

import pytest

from accounts_core.model.ids import UserId

pytestmark = pytest.mark.usefixtures("drive")

PSYCOPG_ASYNC = "psycopg async"

JANE = UserId(1)
