import sqlalchemy as sa


def is_in_memory(url: sa.URL) -> bool:
    """Say whether the URL names a SQLite database that is gone with its last connection."""
    return url.get_backend_name() == "sqlite" and (
        url.database in {None, "", ":memory:"} or "mode=memory" in url.render_as_string() or ":memory:" in url.database
    )
