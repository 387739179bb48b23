# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every relay is tried with: our publisher on one side of it, our subscriber on the other."""

from gi.repository import Ec, GLib

from harness import PATIENCE, announce, connect, fetch, payload, subscribe_when_there, write

GROUPS, OBJECTS = 4, 5


def wanted(first, last, count=OBJECTS):
    return {(group, i): payload(group, i) for group in range(first, last + 1) for i in range(count)}


def publish_groups(track, first, last):
    for group in range(first, last + 1):
        for i in range(OBJECTS):
            write(track, group, i, payload(group, i), last=i == OBJECTS - 1)


class Publisher:
    """A session that publishes one track."""

    def __init__(self, relay, scheme, draft, space, name="objects"):
        self.session = connect(relay.uri(scheme), relay.hash, draft)
        self.track = Ec.MoqTrack.new(space, name)
        self.space, self.name = space, name
        self.session.add_track(self.track)
        announce(self.session, space)

    def close(self):
        self.session.close()


def carry(relay, publisher_at, subscriber_at, space):
    """Announce, subscribe, objects byte for byte, while they are made; then the end of the track."""
    publisher = Publisher(relay, *publisher_at, space)
    session = connect(relay.uri(subscriber_at[0]), relay.hash, subscriber_at[1])
    try:
        # The group that is open, so that there is something to join.
        write(publisher.track, 10, 0, payload(10, 0))
        reader = subscribe_when_there(session, space, publisher.name)
        reader.wait(lambda objects: (10, 0) in objects)
        for i in range(1, OBJECTS):
            write(publisher.track, 10, i, payload(10, i), last=i == OBJECTS - 1)
        for group in range(11, 10 + GROUPS):
            publish_groups(publisher.track, group, group)
            # Four groups at once may be too many for who may leave out old ones.
            reader.wait(lambda objects: (group, OBJECTS - 1) in objects)
        assert reader.wait(lambda objects: len(objects) == GROUPS * OBJECTS) == wanted(10, 9 + GROUPS)
    finally:
        session.close()
        publisher.close()


def late_join(relay, publisher_at, subscriber_at, space):
    """A second subscriber comes in the middle of a group: it gets it from its first object."""
    publisher = Publisher(relay, *publisher_at, space)
    first = connect(relay.uri(subscriber_at[0]), relay.hash, subscriber_at[1])
    second = connect(relay.uri(subscriber_at[0]), relay.hash, subscriber_at[1])
    try:
        write(publisher.track, 20, 0, payload(20, 0))
        early = subscribe_when_there(first, space, publisher.name)
        early.wait(lambda objects: (20, 0) in objects)
        write(publisher.track, 20, 1, payload(20, 1))
        write(publisher.track, 20, 2, payload(20, 2))
        early.wait(lambda objects: (20, 2) in objects)
        late = subscribe_when_there(second, space, publisher.name)
        late.wait(lambda objects: (20, 2) in objects)
        for i in range(3, OBJECTS):
            write(publisher.track, 20, i, payload(20, i), last=i == OBJECTS - 1)
        for reader in early, late:
            assert reader.wait(lambda objects: len(objects) == OBJECTS) == wanted(20, 20)
    finally:
        first.close()
        second.close()
        publisher.close()


def fetch_past(relay, publisher_at, subscriber_at, space, last=31):
    """Groups that are over are fetched whole."""
    publisher = Publisher(relay, *publisher_at, space)
    session = connect(relay.uri(subscriber_at[0]), relay.hash, subscriber_at[1])
    try:
        write(publisher.track, 30, 0, payload(30, 0))
        reader = subscribe_when_there(session, space, publisher.name)
        for i in range(1, OBJECTS):
            write(publisher.track, 30, i, payload(30, i), last=i == OBJECTS - 1)
        for group in 31, 32:
            publish_groups(publisher.track, group, group)
            reader.wait(lambda objects: (group, OBJECTS - 1) in objects)
        past = fetch(session, space, publisher.name, 30, last)
        assert past.wait(lambda objects: len(objects) == (last - 29) * OBJECTS) == wanted(30, last)
    finally:
        session.close()
        publisher.close()


def listed(relay, publisher_at, subscriber_at, space):
    """The namespace is announced to who asks for a prefix of it."""
    context = GLib.MainContext.new()
    context.push_thread_default()
    publisher = Publisher(relay, *publisher_at, space)
    session = connect(relay.uri(subscriber_at[0]), relay.hash, subscriber_at[1])
    try:
        names = session.list_announcements(space.rsplit("/", 1)[0])
        late = []
        timer = GLib.timeout_source_new_seconds(PATIENCE)
        timer.set_callback(lambda *_: late.append(True) or False)
        timer.attach(context)
        while not late:
            found = [names.get_item(i).get_namespace() for i in range(names.get_n_items())]
            if space in found:
                break
            context.iteration(True)
        assert not late, f"{space} was not announced in {PATIENCE} s; granted: {names.get_granted()}, {names.dup_error()}"
        timer.destroy()
    finally:
        session.close()
        publisher.close()
        context.pop_thread_default()

