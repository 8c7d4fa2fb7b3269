"""The calls of the API, without a web framework.

Each class has the calls of one area; a call's decorator shows its path, body and answers. `http_api.HttpApi` has all of
them, and is what an integration is built on.
"""
