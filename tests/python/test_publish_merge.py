# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two publishers on two antennas of one station through one relay: either can die at any time, and a forger changes nothing."""

import contextlib
import os
import random
import subprocess
import time

import pytest

from moqlab import BUILD, EC, Bottleneck, Process, Publisher, Recorder, Reference, Relay, Tuner, check_stream

ROUNDS = int(os.environ.get("EC_TEST_ROUNDS", "5"))
RATE = 80_000  # bytes a second; the channel has little more than half of that
FORGER = BUILD / "tests" / "share" / "forger"

pytestmark = pytest.mark.skipif(not EC.exists(), reason=f"there is no {EC}; set EC_BUILD_DIR")


@pytest.fixture
def lab():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def publish(lab, tuner, relay, *options):
    publisher = lab(Publisher(tuner.channel(), relay, options=options))
    publisher.wait_source()
    return publisher, publisher.wait_broadcast()


def test_takeover(lab, tmp_path):
    """One of the two is killed, also in the middle of an object, and comes back; again and again."""
    chance = random.Random(int(os.environ.get("EC_TEST_SEED", "3")))
    tuners = [lab(Tuner("127.0.0.2", "--device-id", "10A12347")), lab(Tuner("127.0.0.3", "--device-id", "10A1235C"))]
    relay = lab(Relay())
    # Hardly faster than the channel, so that at most times some object is half on its way.
    ways = [lab(Bottleneck(relay, RATE)) for _ in tuners]
    reference = lab(Reference(tuners[0], tmp_path / "reference"))
    pairs = [publish(lab, tuner, way) for tuner, way in zip(tuners, ways)]
    assert pairs[0][1] == pairs[1][1]
    publishers, name = [pair[0] for pair in pairs], pairs[0][1]
    recorder = lab(Recorder(relay.uri(name), tmp_path / "received.ts"))
    recorder.wait_size(100_000)
    for _ in range(ROUNDS):
        victim = chance.randrange(2)
        time.sleep(chance.uniform(0, 2.5))
        publishers[victim].kill()
        ways[victim].cut()
        recorder.wait_size(recorder.size() + 120_000)
        publishers[victim], again = publish(lab, tuners[victim], ways[victim])
        assert again == name
    outcome = recorder.finish()
    chunks = reference.finish()
    assert check_stream(recorder.path.read_bytes(), chunks) >= 2 * ROUNDS
    assert outcome["lost"] == outcome["discontinuities"] == outcome["forged"] == 0, outcome
    cut = [line["cut_objects"] for line in relay.drain() if line["type"] == "stats"][-1]
    print(f"{ROUNDS} kills, {cut} of them in the middle of an object; {outcome['chunks']} chunks")
    # A few rounds need not hit one that the relay still knows when it gives the dead one up.
    assert cut > 0 or ROUNDS < 30


def forge(lab, relay, name, *options):
    return lab(Process(*options, f"moqt://{relay.address}", relay.hash, name, program=FORGER))


@pytest.mark.parametrize("rule", ["anybody", "ahead", "keys"])
def test_forger(lab, tmp_path, rule):
    """Who says other bytes under the same name, or is first to say something of what is to come: refused where keys are named, dropped
    where anybody may publish."""
    tuner = lab(Tuner("127.0.0.2"))
    identity = tmp_path / "identity"
    options = []
    if rule == "keys":
        node = subprocess.run([EC, "id", "--new", "--file", identity], capture_output=True, text=True, check=True).stdout
        options = ["--allow", f"ec/v1={node.strip()}"]
    relay = lab(Relay(*options))
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher, name = publish(lab, tuner, relay, "--identity", identity)
    recorder = lab(Recorder(relay.uri(name, publisher=publisher.node), tmp_path / "received.ts"))
    recorder.wait_size(200_000)
    forge(lab, relay, name, *(["--ahead"] if rule == "ahead" else []))
    late = lab(Recorder(relay.uri(name, publisher=publisher.node), tmp_path / "late.ts"))
    recorder.wait_size(1_000_000)
    late.wait_size(300_000)
    outcomes = [recorder.finish(), late.finish()]
    chunks = reference.finish()
    for path, outcome in zip((recorder.path, late.path), outcomes):
        assert check_stream(path.read_bytes(), chunks) >= 1
        assert outcome["forged"] == outcome["lost"] == 0 and outcome["verified"] >= 1, outcome
    told = [line["type"] for line in relay.drain()]
    assert ("unauthorized" if rule == "keys" else "conflict") in told
