# SPDX-License-Identifier: LGPL-2.1-or-later
"""Media over QUIC through introspection: publish and subscribe in a dozen lines; ec subscribe."""

import json
import os
import subprocess
import threading

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
    session = Ec.MoqSession.connect(publisher.uri(scheme), options, None)
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
        Ec.MoqSession.connect(publisher.uri("moqt"), None, None)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.CERTIFICATE)
    with pytest.raises(GLib.Error) as caught:
        Ec.MoqSession.connect("gopher://x", None, None)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.BAD_URI)


def ec(publisher, scheme, *arguments, path="/demo/news"):
    return subprocess.run([TOOL, "subscribe", publisher.uri(scheme) + path, "--certificate-hash", publisher.hashes()[0],
                           *arguments], capture_output=True, timeout=60)


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
