#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs pytest for meson: what ran nothing but skipped tests is skipped as a whole (status 77)."""

import sys

SKIP = 77


class Count:
    def __init__(self):
        self.ran = self.skipped = 0

    def pytest_runtest_logreport(self, report):
        self.ran += report.when == "call" and not report.skipped
        self.skipped += report.skipped

    def pytest_collectreport(self, report):
        self.skipped += report.skipped


def main():
    try:
        import pytest
    except ImportError:
        print("skipped: pytest is not installed")
        return SKIP
    count = Count()
    status = pytest.main(["-q", "-rs", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[count])
    if status in (0, 5) and not count.ran and count.skipped:
        return SKIP
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
