#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks that files and functions are of one concept, and that sources carry their licence.

    check-sizes.py files SOURCE-ROOT        no C file or header past 1,000 lines, SPDX in each source
    check-sizes.py functions SOURCE-ROOT    no function past 80 lines; needs universal-ctags
"""

import os
import pathlib
import shutil
import subprocess
import sys

FILE_LINES = 1000
FUNCTION_LINES = 80
FOLDERS = ("libec", "ec-tools", "ec-viewer", "bindings", "tests", "subprojects/blake3", ".ci", "dev")
SOURCES = (".c", ".h", ".in", ".inc", ".py", ".sh", ".vala", "")
SPDX = "SPDX-License-Identifier: LGPL-2.1-or-later"
SKIP = 77


def files(root, suffixes):
    for folder in FOLDERS:
        top = root / folder
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            parts = path.relative_to(root).parts
            if {"__pycache__", ".pytest_cache", "corpus"} & set(parts):
                continue
            if path.is_file() and path.suffix in suffixes:
                yield path


def has_licence(path):
    with open(path, encoding="utf-8") as file:
        head = [file.readline() for _ in range(3)]
    return path.suffix == ".inc" or any(SPDX in line for line in head)


def check_files(root):
    problems = []
    for path in files(root, SOURCES):
        if not has_licence(path):
            problems.append(f"{path.relative_to(root)}:1: no “{SPDX}” in the first three lines")
        lines = path.read_text(encoding="utf-8").count("\n")
        if path.suffix in (".c", ".h") and lines > FILE_LINES:
            problems.append(f"{path.relative_to(root)}:{lines}: more than {FILE_LINES} lines: two concepts, split it")
    return problems


def check_functions(root):
    ctags = shutil.which("ctags")
    version = subprocess.run([ctags, "--version"], capture_output=True, text=True, check=False).stdout if ctags else ""
    if "Universal Ctags" not in version:
        print("skipped: universal-ctags is not installed")
        sys.exit(SKIP)
    names = "\n".join(str(p) for p in files(root, (".c", ".h")))
    run = subprocess.run(
        [ctags, "-f", "-", "--fields=+ne", "--kinds-c=f", "--language-force=C", "-L", "-"],
        input=names, capture_output=True, text=True, check=True)
    problems = []
    for line in run.stdout.splitlines():
        name, path, *rest = line.split("\t")
        fields = dict(item.split(":", 1) for item in rest if item.startswith(("line:", "end:")))
        length = int(fields.get("end", 0)) - int(fields["line"]) + 1
        if length > FUNCTION_LINES:
            where = os.path.relpath(path, root)
            problems.append(f"{where}:{fields['line']}: {name}() has {length} lines, more than {FUNCTION_LINES}")
    return problems


def main():
    root = pathlib.Path(sys.argv[2]).resolve()
    problems = {"files": check_files, "functions": check_functions}[sys.argv[1]](root)
    print("\n".join(problems + [f"{len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
