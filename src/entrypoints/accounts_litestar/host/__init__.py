"""The plugin for a host's own routes: the signed-in user, guards, transactions, and their documentation."""
