# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the verbs for Media over QUIC say, and how they exit, when it does not go well."""

import contextlib
import subprocess

import pytest

from moqlab import EC

pytestmark = pytest.mark.skipif(not EC.exists(), reason=f"there is no {EC}; set EC_BUILD_DIR")

NOBODY = "127.0.0.1:9"  # discard: dialled by none of these, for what is said of it is wrong


@pytest.fixture
def lab():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def ec(*arguments):
    return subprocess.run([EC, *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("arguments", [
    ("subscribe", "http://127.0.0.1/demo/news"),
    ("subscribe", f"moqt://{NOBODY}/a", "--certificate-hash", "abc"),
    ("subscribe", f"moqt://{NOBODY}/a?hash=abc"),
    ("subscribe", f"moqt://{NOBODY}/a", "--protocol", "moqt-99"),
    ("subscribe", f"moqt://{NOBODY}/a", "--fetch", "3-2"),
    ("record", f"moqt://{NOBODY}/a?hash=abc", "-o", "-"),
    ("relay", "--listen", "foo"),
    ("relay", "--listen", "127.0.0.1:0", "--allow", "foo"),
    ("relay", "--listen", "127.0.0.1:0", "--allow-subscribe", "foo"),
    ("relay", "--memory", "1M"),
    ("publish", "/dev/null", "--relay", "foo"),
    ("publish", "/dev/null", "--relay", f"moqt://{NOBODY}", "--certificate-hash", "abc"),
    ("publish", "/dev/null", "--relay", f"moqt://{NOBODY}", "--protocol", "moqt-99"),
    ("publish", "/dev/null", "--listen", "foo"),
    ("publish", "/dev/null", "--listen", "127.0.0.1:0", "--name", "a//b"),
], ids=" ".join)
def test_wrong_usage(arguments):
    """What cannot be understood is told from what did not work: 2, and in a sentence that names it."""
    done = ec(*arguments)
    assert done.returncode == 2 and done.stdout == "", done
    assert done.stderr.startswith(f"ec {arguments[0]}: ") and len(done.stderr.splitlines()) <= 2, done.stderr


def test_not_usage():
    """A file that is not there may be tomorrow."""
    done = ec("subscribe", f"moqt://{NOBODY}/a", "--ca-file", "/nonexistent")
    assert done.returncode == 1 and "/nonexistent" in done.stderr and ".." not in done.stderr
