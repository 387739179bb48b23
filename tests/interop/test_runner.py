# SPDX-License-Identifier: LGPL-2.1-or-later
"""moq-interop-runner's interface: our test client against every relay, other test clients against ours."""

import os
import subprocess
import sys

import pytest

from harness import DRAFTS, HERE, SCHEMES, need, our_relay

CASES = ["setup-only", "announce-only", "publish-namespace-done", "subscribe-error", "announce-subscribe",
         "subscribe-before-announce", "single-object", "single-group", "multiple-groups", "late-subscriber"]
CLIENT = [sys.executable, HERE / "ec-moq-test-client"]


@pytest.fixture(params=[(scheme, draft) for draft in DRAFTS for scheme in SCHEMES], ids=lambda end: "-".join(end))
def end(request):
    return request.param


def run(arguments, **environment):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **environment})


def results(done):
    """TAP: name -> whether it is ok."""
    lines = [line.split(" - ", 1) for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    return {name.split(" # ")[0]: verdict.startswith("ok") for verdict, name in lines}


def test_our_client(any_relay, end):
    done = run([*CLIENT, "--relay", any_relay.uri(end[0]), "--tls-disable-verify", "--draft", end[1]])
    assert results(done) == dict.fromkeys(CASES, True), done.stdout + done.stderr
    assert done.returncode == 0
    assert done.stdout.startswith("TAP version 14\n") and f"1..{len(CASES)}\n" in done.stdout


def test_interface(ec_relay):
    done = run([*CLIENT, "--list"])
    assert (done.returncode, done.stdout.split()) == (0, CASES)
    done = run(CLIENT, RELAY_URL=ec_relay.uri("https"), TESTCASE="setup-only", TLS_DISABLE_VERIFY="1")
    assert done.returncode == 0 and results(done) == {"setup-only": True}, done.stdout
    assert run([*CLIENT, "-t", "there-is-no-such-test"]).returncode == 127
    # It can fail: a certificate that nobody vouches for, nobody at home.
    done = run([*CLIENT, "-r", ec_relay.uri("moqt"), "-t", "setup-only"])
    assert done.returncode == 1 and results(done) == {"setup-only": False}
    with our_relay("--allow", "moq-test=none") as closed:
        done = run([*CLIENT, "-r", closed.uri("moqt"), "--tls-disable-verify", "-t", "announce-only"])
    assert done.returncode == 1 and results(done) == {"announce-only": False}
    done = run([*CLIENT, "-r", closed.uri("moqt"), "--tls-disable-verify", "-t", "setup-only"])
    assert done.returncode == 1 and "Bail out!" in done.stdout


def test_aiomoqt_client(ec_relay, end):
    """Its own cases, with those that carry objects."""
    [program] = need("aiomoqt/bin/moq-interop-client")
    done = run([program, "-r", ec_relay.uri(end[0]), "--draft", end[1].removeprefix("moqt-"), "--tls-disable-verify"])
    found = results(done)
    assert done.returncode == 0 and all(found.values()), done.stdout + done.stderr
    assert set(CASES[:6]) <= found.keys() and "data-subgroup-basic" in found
