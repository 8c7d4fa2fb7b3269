"""Use cases for a user's cards: verify, list, remove, choose the default, and read the provider's billing customer."""
