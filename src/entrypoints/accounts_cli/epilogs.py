"""The texts below the options in the help of each command."""

from typing import Final

from accounts_service import defaults

SETTINGS: Final = f"""\
Settings come from environment variables and from a file .env in the working
folder; the environment wins. Without settings, the database is accounts.db in the
working folder, and a simulator of Stripe accepts Stripe's test cards.
The most important settings:

  ACCOUNTS_DATABASE_URL   {defaults.DATABASE_URL}, or
                          postgresql://user:password@host/name
  ACCOUNTS_PUBLIC_URL     URL of the service in the links of mails
  ACCOUNTS_MAIL_FROM      sender of mails
  ACCOUNTS_STRIPE_API_KEY, ACCOUNTS_STRIPE_WEBHOOK_SECRET
                          for real cards: sk_live_..., whsec_...
  ACCOUNTS_CURRENCY, ACCOUNTS_VERIFICATION_AMOUNTS
                          held to verify a card: jpy, and usd=100,jpy=150
"""

MAIN: Final = f"""\
getting started:
  accounts serve                                    in one terminal, then in another
  accounts users create --email jane@example.org --name "Jane Doe"
  accounts users show jane@example.org

{SETTINGS}"""

SERVE: Final = f"""\
Creates or migrates the database first. One worker runs the jobs in the outbox.
Stop the service with Ctrl+C or SIGTERM; running requests and jobs are finished.
Stripe sends webhooks to {defaults.WEBHOOK_PATH}.

With --workers, several processes serve. They need PostgreSQL, and Stripe or a
simulator in a server of its own (accounts stripe-simulator).

examples:
  accounts serve
  accounts serve --port 8080
  ACCOUNTS_DATABASE_URL=postgresql://me@localhost/accounts accounts serve
"""

MIGRATE: Final = """\
Can be repeated; tables that are up to date are not changed. `accounts serve` does
the same when it starts.

With --sql, nothing is changed, and no connection is made: the statements for the
database of ACCOUNTS_DATABASE_URL are printed, to be run by hand.

examples:
  accounts migrate
  accounts migrate --sql > new.sql
  accounts migrate --sql --from 0009 > upgrade.sql
"""

WORKER: Final = """\
Releases holds, sends mails, and synchronizes customers and cards with Stripe.
`accounts serve` has its own worker; this command runs another one, here or on
another machine. Stop it with Ctrl+C or SIGTERM; running jobs are finished.

examples:
  accounts worker
  accounts worker --once       from cron: run the jobs that are due, and print how many
"""

CLEANUP: Final = """\
The worker does the same once a day. Deletes in small batches: ended sessions,
expired links and sign-ups; old audit entries, notifications, devices, card
verifications and dead-lettered jobs, by ACCOUNTS_RETENTION_..._DAYS; unverified
accounts, by ACCOUNTS_UNVERIFIED_DAYS. Can be repeated, interrupted, and run while
the service runs.

examples:
  accounts cleanup --dry-run
  accounts cleanup
"""

OUTBOX: Final = """\
Every effect outside the database is a job in the outbox until it is done. A job
that fails for about a day is dead-lettered: it runs again only when you retry it.

examples:
  accounts outbox list
  accounts outbox retry job_0aB1cD2eF3gH4iJ5kL6mN7
  accounts outbox retry --dead-lettered
  accounts outbox retry --all     after a crash: do not wait for the leases of dead workers
"""

CARDS: Final = """\
Compares the cards of every billed user, the customers and the open holds with the
payment provider. Releases forgotten holds, removes cards and customers of lost
requests, and takes over the provider's cards and default card. Objects that may
belong to another service on the same account are reported and not changed. Can be
repeated, and run while the service runs.

The exit code is 1 when a difference is left.

examples:
  accounts cards reconcile --dry-run      from cron: report only
  accounts cards reconcile
"""

SIMULATOR: Final = f"""\
A server with the part of Stripe's API that the service uses, for tests and
development. It moves no money. Its state is in {defaults.SIMULATOR_FILE} in the working
folder, or in another --file; --file :memory: keeps no state.

In one terminal:
  accounts stripe-simulator --webhook-url {defaults.LOCAL_URL}{defaults.WEBHOOK_PATH}
In another:
  export ACCOUNTS_STRIPE_API_KEY=sk_test_any
  export ACCOUNTS_STRIPE_API_BASE={defaults.SIMULATOR_URL}
  export ACCOUNTS_STRIPE_WEBHOOK_SECRET={defaults.SIMULATOR_SECRET}
  accounts serve
"""

AUDIT: Final = """\
Lists sign-ins, changes, card events and actions of operators. Entries never
change; the details of a deleted user are removed.

examples:
  accounts audit
  accounts audit --user jane@example.org --limit 200
"""

MAILS: Final = """\
Writes .html, .txt and .eml files in a folder for each language, and a page that
lists them. Uses ACCOUNTS_MAIL_TEMPLATES, ACCOUNTS_PRODUCT_NAME,
ACCOUNTS_MAIL_FROM and ACCOUNTS_PUBLIC_URL. Needs no database, and sends nothing.

examples:
  accounts mails preview --to preview
  accounts mails preview --to preview --locale de --templates texts
"""

CHECK: Final = """\
Prints a line for the settings, the database, the payment provider, the mail and,
where it is set, the server of the rate limits. Changes nothing. The exit code is
1 when a check fails.
"""

USERS: Final = """\
examples:
  accounts users create --email jane@example.org --name "Jane Doe" --verified
  accounts users show jane@example.org --json
  accounts users deactivate 12
  accounts users delete jane@example.org

Name a user by email address or by id.
"""

CREATE: Final = """\
Prompts for the password twice, or reads it from standard input:
  accounts users create --email jane@example.org --name Jane --password-stdin < secret.txt
  accounts users create --email jane@example.org --name Jane --profile '{"company": "Bookshop"}'
"""
