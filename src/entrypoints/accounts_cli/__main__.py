import sys

from accounts_cli import main

sys.exit(main())
