"""Dependencies, guards and transactions for routes of a host application, and the documentation of their security."""
