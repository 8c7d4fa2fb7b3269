"""What the plugin gives a host's own routes: who is signed in, guards, transactions, and their documentation."""
