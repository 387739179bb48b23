# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headless Chromium: a page of a few lines reads the catalog and counts objects, with its own reading of draft 18."""

import hashlib
import json

from browser import Browser
from exchange import OBJECTS, wanted
from harness import HERE, announce, connect, payload, subscribe, write
from gi.repository import Ec

CATALOG = {"version": "draft-01", "tracks": [{"name": "chunks", "packaging": "m2ts", "isLive": True}]}


def test_counts_objects(ec_relay, space):
    publisher = connect(ec_relay.uri("moqt"), ec_relay.hash, "moqt-16")
    catalog, chunks = Ec.MoqTrack.new(space, "catalog"), Ec.MoqTrack.new(space, "chunks")
    for track in catalog, chunks:
        publisher.add_track(track)
    announce(publisher, space)
    write(catalog, 40, 0, json.dumps(CATALOG).encode(), last=True)
    # The relay has the open group when the page comes; the page joins it.
    write(chunks, 40, 0, payload(40, 0))
    write(chunks, 40, 1, payload(40, 1))
    session = connect(ec_relay.uri("moqt"), ec_relay.hash)
    reader = subscribe(session, space, "chunks")
    reader.wait(lambda objects: (40, 1) in objects)
    with Browser(HERE / "pages", f"mini.html#{ec_relay.port},{ec_relay.hash},{space},{3 * OBJECTS}") as browser:
        # Once it has what is there, the rest comes while it watches.
        assert browser.result()["joined"] == 2
        for group in 40, 41, 42:
            for i in range(2 if group == 40 else 0, OBJECTS):
                write(chunks, group, i, payload(group, i), last=i == OBJECTS - 1)
        found = browser.result()
    assert found["protocol"] == "moqt-18" and found["track"] == "chunks"
    assert found["objects"] == {f"{group}/{i}": hashlib.sha256(data).hexdigest() for (group, i), data in wanted(40, 42).items()}
    session.close()
    publisher.close()
