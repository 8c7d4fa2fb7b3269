"""The migrations: revisions for Alembic, and what applies them.

running     on an engine, on a connection of the host application, or as printed SQL
released    the revisions of this release
versions    one module for each revision; also a `version_locations` entry for a host application's Alembic
steps       what a revision's functions do besides their changes: record the revision
indexes     indexes that PostgreSQL builds without blocking writes
state       the revision of a database
placing     schema, prefix and settings for the statements of a migration
history     the order of revisions
"""
