"""Between Litestar and the calls: reading requests, writing answers, hardening."""
