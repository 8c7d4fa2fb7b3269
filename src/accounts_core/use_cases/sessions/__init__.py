"""Use cases about sessions: signing in and out, resolving access tokens, listing and ending sessions."""
