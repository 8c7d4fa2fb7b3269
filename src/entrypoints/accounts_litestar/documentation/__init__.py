"""The OpenAPI document, and the page to read it."""
