#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that every verb has a manual page that names all of its options.

    check-man.py EC DOCS-FOLDER
"""

import pathlib
import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    tool, docs = sys.argv[1], pathlib.Path(sys.argv[2])
    verbs = re.findall(r"^  (\S+) ", output(tool, "--help"), re.M)
    problems = []
    overview = (docs / "ec.1.scd").read_text(encoding="utf-8")
    for verb in verbs:
        page = docs / f"ec-{verb}.1.scd"
        if not page.exists():
            problems.append(f"{page.name}: there is no manual page of “ec {verb}”")
            continue
        text = page.read_text(encoding="utf-8")
        options = set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", output(tool, verb, "--help"), re.M)) - {"--help"}
        named = set(re.findall(r"^\*(?:-\w\*, \*)?(--[\w-]+)\*", text, re.M))
        problems += [f"{page.name}: {option} is missing" for option in sorted(options - named)]
        problems += [f"{page.name}: {option} is not an option of ec {verb}" for option in sorted(named - options)]
        if f"*{verb}*\n" not in overview:
            problems.append(f"ec.1.scd: the verb {verb} is missing")
    print("\n".join(problems + [f"{len(verbs)} verbs, {len(problems)} problems"]))
    return 1 if problems or not verbs else 0


if __name__ == "__main__":
    sys.exit(main())
