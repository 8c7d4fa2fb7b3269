"""Repositories: for each aggregate a reader, which needs no transaction, and a repository with writes, which does."""
