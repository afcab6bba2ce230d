#!/usr/bin/env python3
"""Fails where the source tree breaks the walls of rules.py.

usage: check_architecture.py [root of the checkout]
"""

import sys
from pathlib import Path

from scan import scan, source_files


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2])
    if not (root / "broker" / "base").is_dir():
        sys.exit(f"{root} is not a checkout of flowbroker: it has no broker/base")
    breaches = list(scan(root))
    for breach in breaches:
        print(breach)
    print(f"{len(list(source_files(root)))} files, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
