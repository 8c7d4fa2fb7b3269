"""Ports: what the core needs from outside, one Protocol each, with its contract in words.

`accounts_core.testing` has a contract suite for each port. An adapter that passes its suite can be used.
"""
