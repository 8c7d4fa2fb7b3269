"""The bundled HTTP service and worker: settings, composition, HTTP server, processes and logging.

Import from the modules of this package. The package itself imports nothing, so that `accounts --help` stays fast.
"""
