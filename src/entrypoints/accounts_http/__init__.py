"""The HTTP API without a web framework.

An integration such as `accounts_litestar` is built on `api.http_api.HttpApi`: it routes to `calls`, hands over an
`HttpRequest` (`api.requests`), and sends the `Answer` or the `Streamed` that it gets (`api.answers`). The operations
and components of the OpenAPI document are from there as well.

Below it are the rules of HTTP. For each request, in this order:

- `hardening`: `ambiguity_of` and `is_path_alias` refuse ambiguous requests; `ProtectiveHeaders` completes every answer.
- `proxies`: `TrustedProxies` finds the client behind proxies.
- `access_log`: set `current_request` to a `RequestEntry`, and log it at the end; `note_user` and `note` complete it.
- `headers`: wrap the request's headers and query in `Headers` and `QueryString`, which keep them out of tracebacks.
- `bearer`: `bearer_token` returns the access token for `Accounts.authenticate`.
- `bodies`: `read_body` parses and validates a body as one of the structs in `schemas`.
- `parameters`: ids in the path, `page_query` and `next_link` for lists.
- `email_addresses`: `email_address` for lookups, `new_email_address` for addresses that are stored.
- `idempotency`: `idempotency_key`, then `run_idempotent` or `sign_up_idempotent`.
- `schemas`: the bodies and the responses, with the functions that make a response from the model.
- `problems`: `problem_response` turns any exception into status, headers and problem document, and logs it.

`options` has the options that an application passes, `webhooks` verifies the payment provider's events,
`card_verifications` and `readiness` limit how long a client waits (asyncio), and `examples` has an example of each
answer.
"""
