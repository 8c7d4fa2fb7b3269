from datetime import datetime

import attrs


@attrs.frozen
class Cursor:
    """A position in a list that is ordered by time, then key, both descending.

    It is made of the values of a row, and that row need not exist any longer: a list that is read page by page goes on
    where it was, whatever is removed meanwhile.
    """

    created_at: datetime
    key: str | bytes
    """Tells rows of the same time apart: an id, or a digest where the row has none."""
