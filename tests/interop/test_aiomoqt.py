# SPDX-License-Identifier: LGPL-2.1-or-later
"""aiomoqt (Python) as publisher and subscriber through relays; its relay is in test_relays.py."""

import hashlib
import json

import pytest

from exchange import OBJECTS, Publisher, wanted
from harness import DRAFTS, HERE, SCHEMES, Process, connect, fetch, need, payload, subscribe, subscribe_when_there, write

RELAYS = ["ec_relay", "moq_relay"]


@pytest.fixture(params=[(scheme, draft) for draft in DRAFTS for scheme in SCHEMES], ids=lambda end: "-".join(end))
def end(request):
    return request.param


def peer(what, relay, end, *arguments):
    [python] = need("aiomoqt/bin/python")
    return Process([python, HERE / "peers" / "aiomoqt_peer.py", what, relay.uri(end[0]), end[1].removeprefix("moqt-"), *arguments])


def said(process):
    """What it printed of objects: (group, object) -> sha256."""
    assert process.wait() == 0, process.text()
    lines = [json.loads(line) for line in process.lines if line.startswith('{"group"')]
    objects = {(line["group"], line["object"]): line["sha256"] for line in lines}
    assert len(objects) == len(lines), "one came twice"
    return objects


def hashes(objects):
    return {where: hashlib.sha256(data).hexdigest() for where, data in objects.items()}


def ready(line):
    return '"ready"' in line


@pytest.mark.parametrize("ours", SCHEMES)
def test_publishes(ec_relay, end, ours, space):
    """Through our relay to our subscriber."""
    session = connect(ec_relay.uri(ours), ec_relay.hash)
    with peer("publish", ec_relay, end, space, "numbers", 4, OBJECTS) as publisher:
        publisher.wait_line(ready)
        reader = subscribe_when_there(session, space, "numbers")
        assert reader.wait(lambda objects: len(objects) == 4 * OBJECTS) == wanted(0, 3)
    session.close()


@pytest.mark.parametrize("ours", SCHEMES)
def test_subscribes(ec_relay, end, ours, space):
    """From our publisher through our relay, live."""
    publisher = Publisher(ec_relay, ours, None, space)
    with peer("subscribe", ec_relay, end, space, publisher.name, 2 * OBJECTS) as subscriber:
        subscriber.wait_line(ready)
        for group in 5, 6:
            for i in range(OBJECTS):
                write(publisher.track, group, i, payload(group, i), last=i == OBJECTS - 1)
        assert said(subscriber) == hashes(wanted(5, 6))
    publisher.close()


def test_joins(ec_relay, end, space):
    """SUBSCRIBE and a relative joining FETCH in the middle of a group."""
    publisher = Publisher(ec_relay, end[0], None, space)
    session = connect(ec_relay.uri("moqt"), ec_relay.hash)
    write(publisher.track, 7, 0, payload(7, 0))
    early = subscribe(session, space, publisher.name)
    for i in range(1, 3):
        write(publisher.track, 7, i, payload(7, i))
    early.wait(lambda objects: (7, 2) in objects)
    with peer("join", ec_relay, end, space, publisher.name, OBJECTS) as subscriber:
        subscriber.wait_line(ready)
        for i in range(3, OBJECTS):
            write(publisher.track, 7, i, payload(7, i), last=i == OBJECTS - 1)
        assert said(subscriber) == hashes(wanted(7, 7))
    session.close()
    publisher.close()


def test_fetches(ec_relay, end, space):
    """Two groups from our relay's cache."""
    publisher = Publisher(ec_relay, end[0], None, space)
    session = connect(ec_relay.uri("moqt"), ec_relay.hash)
    write(publisher.track, 8, 0, payload(8, 0))
    early = subscribe(session, space, publisher.name)
    for group, first in (8, 1), (9, 0), (10, 0):
        for i in range(first, OBJECTS):
            write(publisher.track, group, i, payload(group, i), last=i == OBJECTS - 1)
    early.wait(lambda objects: (10, OBJECTS - 1) in objects)
    with peer("fetch", ec_relay, end, space, publisher.name, 8, 9, 2 * OBJECTS) as subscriber:
        assert said(subscriber) == hashes(wanted(8, 9))
    session.close()
    publisher.close()


def test_fetched(ec_relay, end, space):
    """What it published is fetched by us when it is over."""
    session = connect(ec_relay.uri("moqt"), ec_relay.hash)
    with peer("publish", ec_relay, end, space, "numbers", 4, OBJECTS) as publisher:
        publisher.wait_line(ready)
        reader = subscribe_when_there(session, space, "numbers")
        reader.wait(lambda objects: (2, OBJECTS - 1) in objects)
        past = fetch(session, space, "numbers", 0, 1)
        assert past.wait(lambda objects: len(objects) == 2 * OBJECTS) == wanted(0, 1)
    session.close()


@pytest.mark.parametrize("other", DRAFTS)
def test_between(ec_relay, end, other, space):
    """From aiomoqt to aiomoqt through our relay, of one draft and of the other."""
    scheme = SCHEMES[1 - SCHEMES.index(end[0])]
    with peer("publish", ec_relay, end, space, "numbers", 4, OBJECTS) as publisher:
        publisher.wait_line(ready)
        with peer("subscribe", ec_relay, (scheme, other), space, "numbers", 4 * OBJECTS) as subscriber:
            assert said(subscriber) == hashes(wanted(0, 3))
