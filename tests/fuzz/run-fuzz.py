#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one fuzz target for some seconds.

    run-fuzz.py TARGET SEEDS KNOWN NAME [OPTION…]

Begins with SEEDS/NAME and with KNOWN/NAME, inputs that once broke something, where there are any.
What it finds new is kept beside the target, in NAME.corpus, and an input that breaks it in
NAME.crash-…; EC_FUZZ_SECONDS (3) says how long.
"""

import os
import pathlib
import subprocess
import sys


def main():
    target, seeds, known, name, *options = sys.argv[1:]
    seconds = int(os.environ.get("EC_FUZZ_SECONDS", "3"))
    here = pathlib.Path(target).resolve().parent
    found = here / f"{name}.corpus"
    found.mkdir(exist_ok=True)
    folders = [str(found)] + [str(pathlib.Path(top) / name) for top in (seeds, known)
                              if (pathlib.Path(top) / name).is_dir()]
    # Allocations that fail are the library's to handle. What was freed is kept apart for a while, but not so
    # long that it counts as memory that the target needs.
    env = dict(os.environ)
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":allocator_may_return_null=1:quarantine_size_mb=64"
    command = [target, f"-max_total_time={seconds}", "-rss_limit_mb=512", "-print_final_stats=1", "-verbosity=0",
               f"-artifact_prefix={here}/{name}.", *options, *folders]
    status = subprocess.run(command, env=env, check=False).returncode
    if status:
        print(f"{name}: the input that broke it is {here}/{name}.…; run {target} with it")
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
