"""Queries and batches as SQLAlchemy Core statements, and the mapping between rows and aggregates."""
