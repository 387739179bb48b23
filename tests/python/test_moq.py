# SPDX-License-Identifier: LGPL-2.1-or-later
"""Media over QUIC through introspection: publish and subscribe in a dozen lines; ec subscribe."""

import json
import os
import subprocess
import sys
import threading
import time

import gi
import pytest

gi.require_version("Ec", "1")
from gi.repository import Ec, GLib  # noqa: E402

TOOL = os.path.join(os.environ["EC_BUILD_DIR"], "ec-tools", "ec")


class Publisher:
    """A server that offers one track to whoever comes; its main context runs in a thread."""

    def __init__(self):
        self.sessions = []
        self.track = Ec.MoqTrack.new("demo/news", "ticker")
        for i in range(3):
            self.track.write_object(7, i, 128, GLib.Bytes.new(b"object %d" % i), False)
        self.ready = threading.Event()
        self.closed = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        assert self.ready.wait(20)

    def run(self):
        context = GLib.MainContext.new()
        context.push_thread_default()
        self.server = Ec.MoqServer.new("127.0.0.1:0")
        self.server.connect("incoming", self.on_incoming)
        self.server.start()
        self.loop = GLib.MainLoop.new(context, False)
        self.ready.set()
        self.loop.run()
        context.pop_thread_default()

    def on_incoming(self, server, session):
        session.connect("closed", lambda session: self.closed.release())
        session.add_track(self.track)
        session.announce_async("demo/news", None, None)
        self.sessions.append(session)

    def uri(self, scheme):
        return f"{scheme}://{self.server.dup_addresses()[0]}"

    def hashes(self):
        return self.server.dup_certificate_hashes()

    def close(self):
        self.loop.quit()
        self.thread.join()
        self.server.stop()


@pytest.fixture
def publisher():
    server = Publisher()
    yield server
    server.close()


@pytest.mark.parametrize("scheme", ["moqt", "https"])
def test_subscribe(publisher, scheme):
    options = Ec.MoqConnectOptions(certificate_hashes=publisher.hashes())
    session = Ec.MoqSession.new_for_uri(publisher.uri(scheme), options, None)
    subscription = session.subscribe("demo/news", "ticker", Ec.MoqStart.CURRENT_GROUP, None)
    publisher.track.write_object(7, 3, 128, GLib.Bytes.new(b"object 3"), True)
    publisher.track.end()
    got = []
    while item := subscription.read_object(None):
        if item.get_kind() == Ec.MoqObjectKind.OBJECT:
            got.append((item.get_group(), item.get_id(), item.get_payload().get_data()))
    assert got == [(7, i, b"object %d" % i) for i in range(4)]
    assert session.get_state() == Ec.MoqSessionState.OPEN


def test_errors(publisher):
    with pytest.raises(GLib.Error) as caught:
        Ec.MoqSession.new_for_uri(publisher.uri("moqt"), None, None)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.CERTIFICATE)
    with pytest.raises(GLib.Error) as caught:
        Ec.MoqSession.new_for_uri("gopher://x", None, None)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.BAD_URI)


def connect(publisher, scheme="moqt"):
    options = Ec.MoqConnectOptions(certificate_hashes=publisher.hashes())
    return Ec.MoqSession.new_for_uri(publisher.uri(scheme), options, None)


def iterate_until(condition, seconds=20):
    """Other threads change things, too: it looks every few milliseconds."""
    context, until = GLib.MainContext.default(), time.monotonic() + seconds
    look = GLib.timeout_add(5, lambda: GLib.SOURCE_CONTINUE)
    while not condition():
        assert time.monotonic() < until
        context.iteration(True)
    GLib.source_remove(look)


def test_asynchronously(publisher):
    """Every function that does not wait, and the signals, in the default main context."""
    results, closed, found = [], [], []
    options = Ec.MoqConnectOptions(certificate_hashes=publisher.hashes(), protocols=["moqt-18"], timeout=20000)
    Ec.MoqSession.new_for_uri_async(publisher.uri("moqt"), options, None, lambda _, result: results.append(result))
    iterate_until(lambda: results)
    session = Ec.MoqSession.new_for_uri_finish(results.pop())
    session.connect("closed", lambda session: closed.append(session.dup_error()))
    assert session.dup_protocol() == "moqt-18" and session.dup_transport() == "quic"
    assert session.dup_peer() == publisher.server.dup_addresses()[0] and session.get_uri() == publisher.uri("moqt")
    assert session.dup_peer_implementation().startswith("libec/") and session.dup_path() is None
    assert session.get_rtt() >= 0 and session.dup_error() is None

    announcements = session.list_announcements("demo")
    announcements.connect("items-changed", lambda *_: found.append(True))
    iterate_until(lambda: found and announcements.get_granted())
    assert announcements.get_prefix() == "demo" and announcements.dup_error() is None
    assert [item.get_namespace() for item in announcements] == ["demo/news"]

    def finish(finish_of):
        iterate_until(lambda: results)
        return finish_of(results.pop())

    session.subscribe_async("demo/news", "ticker", Ec.MoqStart.NEXT_OBJECT, None, lambda _, result: results.append(result))
    subscription = finish(session.subscribe_finish)
    assert (subscription.get_namespace(), subscription.get_track()) == ("demo/news", "ticker")
    assert subscription.get_largest() == (True, 7, 2) and subscription.get_n_dropped() == 0
    assert publisher.track.get_n_subscribers() == 1
    session.fetch_async("demo/news", "ticker", 7, 7, None, lambda _, result: results.append(result))
    fetch = finish(session.fetch_finish)
    fetch.read_object_async(None, lambda _, result: results.append(result))
    item = finish(fetch.read_object_finish)
    assert (item.get_id(), item.get_subgroup(), item.get_priority(), item.get_datagram()) == (0, 0, 128, False)
    assert item.get_arrival() > 1e15 and item.get_properties().unpack() == []
    session.announce_async("here", None, lambda _, result: results.append(result))
    assert finish(session.announce_finish)
    session.unannounce("here")
    fetch.close()

    session.close_with(0, "enough")
    iterate_until(lambda: closed)
    assert closed[0].matches(Ec.MoqError.quark(), Ec.MoqError.CLOSED) and session.get_state() == Ec.MoqSessionState.CLOSED
    with pytest.raises(GLib.Error) as caught:
        subscription.read_object(None)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.CLOSED)


def test_properties(publisher):
    """What is said of tracks and objects, and what a subscriber changes."""
    session = connect(publisher)
    iterate_until(lambda: publisher.sessions)
    said = GLib.Variant("a(tv)", [(0x3800, GLib.Variant("t", 5)), (0x3801, GLib.Variant("ay", b"five"))])
    track = Ec.MoqTrack.new("demo/more", "said", said)
    assert (track.get_namespace(), track.get_name()) == ("demo/more", "said")
    publisher.sessions[0].add_track(track)
    with pytest.raises(GLib.Error) as caught:
        publisher.sessions[0].add_track(track)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.DUPLICATE)
    subscription = session.subscribe("demo/more", "said", Ec.MoqStart.NEXT_GROUP, None)
    track.write_object(0, 0, 1, GLib.Bytes.new(b"x"), False, said)
    item = subscription.read_object(None)
    for properties in (track.get_properties(), subscription.get_properties(), item.get_properties()):
        assert [(kind, bytes(value) if kind % 2 else value) for kind, value in properties.unpack()] == [
            (0x3800, 5), (0x3801, b"five")]
    with pytest.raises(GLib.Error) as caught:
        track.write_object(0, 1, 1, GLib.Bytes.new(b"x"), False, GLib.Variant("a(tv)", [(1, GLib.Variant("t", 5))]))
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.MALFORMED_TRACK)

    notified = []
    subscription.connect("notify", lambda _, pspec: notified.append(pspec.name))
    subscription.set_priority(1)
    subscription.props.forward = False
    subscription.set_forward(True)
    subscription.set_delivery_timeout(5000)
    assert notified == ["priority", "forward", "forward", "delivery-timeout"]
    assert (subscription.get_priority(), subscription.get_forward(), subscription.get_delivery_timeout()) == (1, True, 5000)
    assert subscription.get_queued() == subscription.props.queued == 0

    track.abandon_group()
    publisher.sessions[0].remove_track(track)
    while subscription.read_object(None):
        pass
    publisher.sessions[0].go_away(None, 1000)
    going = []
    session.connect("going-away", lambda _, uri: going.append(uri))
    iterate_until(lambda: going)
    assert going == [None]


def test_taking_tracks(publisher):
    """What the peer publishes is taken: once without having asked it, once for a prefix."""
    session, published = connect(publisher), []
    session.connect("published", lambda _, subscription: published.append(subscription))
    with pytest.raises(GLib.Error) as caught:
        session.take_tracks("demo//news")
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.BAD_URI)
    assert session.take_tracks("demo")
    iterate_until(lambda: published)
    assert published[0].get_track() == "ticker"
    assert published[0].read_object(None).get_payload().get_data() == b"object 0"
    with pytest.raises(GLib.Error) as caught:
        session.list_announcements("demo//news")
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.BAD_URI)


def ec(publisher, scheme, *arguments, path="/demo/news"):
    return subprocess.run([TOOL, "subscribe", publisher.uri(scheme) + path, "--certificate-hash", publisher.hashes()[0],
                           *arguments], capture_output=True, timeout=60)


ENDING = """
import os, sys
import gi
gi.require_version("Ec", "1")
from gi.repository import Ec, GLib
options = Ec.MoqConnectOptions(certificate_hashes=[sys.argv[2]])
session = Ec.MoqSession.new_for_uri(sys.argv[1], options, None)
session.subscribe("demo/news", "ticker", Ec.MoqStart.CURRENT_GROUP, None)
Ec.deinit()
Ec.deinit()
try:
    Ec.MoqSession.new_for_uri(sys.argv[1], options, None)
except GLib.Error as error:
    assert error.matches(Ec.MoqError.quark(), Ec.MoqError.FAILED), error
    os._exit(7)
"""


@pytest.mark.parametrize("scheme", ["moqt", "https"])
def test_ending(publisher, scheme):
    """The peer hears of a process's end at once, were there no time for anything after deinit()."""
    for _ in range(5):
        command = [sys.executable, "-c", ENDING, publisher.uri(scheme), publisher.hashes()[0]]
        assert subprocess.run(command, timeout=60).returncode == 7
        assert publisher.closed.acquire(timeout=5)


@pytest.mark.parametrize("scheme", ["moqt", "https"])
def test_verb(publisher, scheme, tmp_path):
    done = ec(publisher, scheme, "--track", "ticker", "--json", "--objects", "3")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["group"], line["object"], line["bytes"], line["priority"]) for line in lines] == [
        (7, i, 8, 128) for i in range(3)]

    done = ec(publisher, scheme, "--track", "ticker", "--dump", "--fetch", "7-7", "--objects", "3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2].startswith(b"7 2 priority 128 8 bytes properties - at ")

    done = ec(publisher, scheme, "--track", "ticker", "-o", "-", "--objects", "2")
    assert (done.returncode, done.stdout) == (0, b"object 0object 1"), done.stderr

    done = ec(publisher, scheme, "--list", "--list-time", "1", path="/demo")
    assert (done.returncode, done.stdout) == (0, b"demo/news\n"), done.stderr

    done = ec(publisher, scheme, "--track", "other")
    assert done.returncode == 1 and b"DOES_NOT_EXIST" in done.stderr


def test_fetch_missing(publisher):
    """Of every group that was asked for something is told, however many did not come."""
    publisher.track.write_object(9, 0, 128, GLib.Bytes.new(b"nine"), True)

    def fetch(groups):
        dumped = ec(publisher, "moqt", "--track", "ticker", "--dump", "--fetch", groups)
        printed = ec(publisher, "moqt", "--track", "ticker", "--json", "--fetch", groups)
        assert dumped.returncode == printed.returncode
        lines = [json.loads(line) for line in printed.stdout.splitlines()]
        assert all(line["arrival_us"] > 1e15 for line in lines)
        told = [(line["kind"], line["group"], line.get("last_group", line["group"])) for line in lines]
        texts = [line.split(" at ")[0] for line in dumped.stdout.decode().splitlines()]
        return dumped, told, texts

    done, told, texts = fetch("5-9")
    assert done.returncode == 0, done.stderr
    assert [each for each in told if each[0] == "lost"] == [("lost", 5, 6), ("lost", 8, 8)]
    assert [each[1] for each in told if each[0] == "object"] == [7, 7, 7, 9]
    assert [text for text in texts if "lost" in text] == ["5-6 lost", "8 lost"]
    assert told.index(("lost", 5, 6)) == 0 and texts.index("5-6 lost") == 0
    assert b"4 objects, 28 bytes, 3 groups with losses" in done.stderr

    done, told, texts = fetch("1-2")
    assert done.returncode == 1 and b"Nothing of the groups 1-2 came" in done.stderr
    assert (told, texts) == ([("lost", 1, 2)], ["1-2 lost"])
    done, told, texts = fetch("3-3")
    assert (done.returncode, told, texts) == (1, [("lost", 3, 3)], ["3 lost"])
    publisher.track.write_object(2000000, 0, 128, GLib.Bytes.new(b"far"), True)
    done, told, texts = fetch("1000000-2000000")
    assert (done.returncode, told[0], texts[0]) == (0, ("lost", 1000000, 1999999), "1000000-1999999 lost")
