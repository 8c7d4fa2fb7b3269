"""What the core needs from the world: one Protocol a port, with the contract in words.

A contract suite in `accounts_core.testing` says the same in tests; an adapter that passes it is an adapter.
"""
