#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that the shared library exports its public functions and nothing else.

    check-symbols.py LIBRARY LIBEC-FOLDER

Every exported symbol begins with `ec_` and is declared in a header that <ec.h> reaches, and every
function declared there is exported.
"""

import pathlib
import re
import subprocess
import sys


def exported(library):
    out = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    # Sanitizers and profilers add marks of their own.
    return {line.split()[-1] for line in out.splitlines() if not line.split()[-1].startswith("__")}


def declared(folder):
    """What EC_AVAILABLE_IN_… stands before, and the get_type functions of the G_DECLARE_… macros."""
    umbrella = (folder / "ec.h").read_text(encoding="utf-8")
    names = set()
    for header in re.findall(r'#include "([^"]+)"', umbrella):
        path = folder / header
        if not path.exists():
            continue
        text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
        for item in re.findall(r"^EC_AVAILABLE_IN_\w+\s+(.*?\))", text, re.M | re.S):
            macro = re.match(r"G_DECLARE_\w+\s*\(\s*\w+,\s*(\w+)", item)
            names.add(macro.group(1) + "_get_type" if macro else re.search(r"(\w+)\s*\(", item).group(1))
    return names


def main():
    have, want = exported(sys.argv[1]), declared(pathlib.Path(sys.argv[2]))
    problems = [f"{name}: exported, but does not begin with “ec_”" for name in sorted(have) if name[:3] != "ec_"]
    problems += [f"{name}: exported, but in no public header" for name in sorted(have - want) if name[:3] == "ec_"]
    problems += [f"{name}: in a public header, but not exported" for name in sorted(want - have)]
    print("\n".join(problems + [f"{len(have)} symbols, {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
