"""Use cases for workers, operators and the HTTP service: outbox, cleanup, repairs, provider events and idempotency."""
