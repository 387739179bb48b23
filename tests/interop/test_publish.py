# SPDX-License-Identifier: LGPL-2.1-or-later
"""The main job through foreign relays, and in a browser: a simulated tuner, `ec publish`, a relay, `ec record`."""

import contextlib
import hashlib
import sys

import pytest

from browser import Browser
from harness import DRAFTS, HERE, SCHEMES, connect, fetch

sys.path.insert(0, str(HERE.parent / "python"))
from moqlab import Process, Recorder, Reference, Tuner, check_stream  # noqa: E402

SIZE = 600_000  # bytes that are received: some chunks


@pytest.fixture(params=[(scheme, draft) for draft in DRAFTS for scheme in SCHEMES], ids=lambda end: "-".join(end))
def end(request):
    return request.param


@pytest.fixture
def lab():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture(scope="module")
def tuner():
    with Tuner("127.0.0.3") as tuner:
        yield tuner


def publish(tuner, relay, end):
    return Process("publish", tuner.channel(), "--json", "--source-only", "--relay", relay.uri(end[0]), "--certificate-hash",
                   relay.hash, "--protocol", end[1])


def test_record(any_relay, end, lab, tuner, tmp_path):
    """Every chunk that is received is the chunker's own, and verified against its manifest."""
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(publish(tuner, any_relay, end))
    name = publisher.wait_for("name", lambda line: line.get("source"))["source"]
    publisher.wait_for("relay", lambda line: line.get("type") == "relay" and line.get("state") == "connected")
    uri = f"{any_relay.uri(end[0])}/{name}?hash={any_relay.hash}"
    recorder = lab(Recorder(uri, tmp_path / "received.ts"))
    recorder.wait_size(SIZE)
    outcome = recorder.finish()
    assert publisher.stop() == 0, publisher.errors
    assert check_stream(recorder.path.read_bytes(), reference.finish()) >= 2
    assert outcome["forged"] == 0 and outcome["verified"] >= 2, outcome


def test_browser(ec_relay, lab, tuner):
    """The page of test_browser.py on what `ec publish` publishes: it counts objects, and they are what we fetch."""
    publisher = lab(publish(tuner, ec_relay, ("moqt", "moqt-18")))
    name = publisher.wait_for("name", lambda line: line.get("source"))["source"]
    publisher.wait_for("a chunk", lambda line: line.get("n_chunks", 0) > 0)
    browser = lab(Browser(HERE / "pages", f"mini.html#{ec_relay.port},{ec_relay.hash},{name},100"))
    while "objects" not in (found := browser.result()):
        pass
    assert found["track"] == "chunks" and len(found["objects"]) == 100
    places = [tuple(map(int, place.split("/"))) for place in found["objects"]]
    session = connect(ec_relay.uri("moqt"), ec_relay.hash)
    first, last = min(places)[0], max(places)[0]
    ours = fetch(session, name, "chunks", first, last).wait(lambda objects: set(places) <= objects.keys())
    assert {f"{group}/{i}": hashlib.sha256(ours[group, i]).hexdigest() for group, i in places} == found["objects"]
    # It joined at a group's first object, and has no hole.
    assert (first, 0) in places
    for group in range(first, last + 1):
        ids = sorted(i for g, i in places if g == group)
        assert ids == list(range(len(ids)))
    session.close()
