"""Ports: one Protocol for each external dependency of the core, with its contract in the docstrings.

`accounts_core.testing` has a contract suite for each port, which an adapter has to pass.
"""
