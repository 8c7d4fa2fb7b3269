pytest_plugins = ["accounts_pytest"]
