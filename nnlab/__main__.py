"""Run ``python3 -m nnlab``."""

import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit(
            f"nnlab needs Python 3.11 or newer, and this is Python {sys.version_info[0]}.{sys.version_info[1]}. "
            "Install a newer one from python.org, then start it by its number: python3.12 -m nnlab lab"
        )
    from nnlab.commands.cli import main

    sys.exit(main(sys.argv[1:]))
