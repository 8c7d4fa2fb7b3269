"""Engines, pooled connections, transactions, and the execution of statements on each driver."""
