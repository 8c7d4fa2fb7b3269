import sqlalchemy as sa


def is_in_memory(url: sa.URL) -> bool:
    """Return whether the URL names an in-memory SQLite database."""
    return url.get_backend_name() == "sqlite" and (
        url.database in {None, "", ":memory:"} or "mode=memory" in url.render_as_string() or ":memory:" in url.database
    )
