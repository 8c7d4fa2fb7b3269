"""Use cases about accounts: sign-up, profile, email address, password, notifications, export and deletion."""
