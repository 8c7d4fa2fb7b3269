"""The OpenAPI document as plain dictionaries: the declaration of each call, its operation, and the components."""
