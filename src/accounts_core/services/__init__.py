"""Services: code that several use cases share. A service never calls a use case; applications never call a service."""
