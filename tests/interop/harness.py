# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the interop tests stand on: processes that are waited for and ended, certificates, free ports, and our own side."""

import contextlib
import hashlib
import json
import os
import pathlib
import queue
import select
import shutil
import socket
import subprocess
import tempfile
import threading
import time

import gi
import pytest

gi.require_version("Ec", "1")
from gi.repository import Ec, Gio, GLib  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("EC_BUILD_DIR", HERE.parent.parent / "build")).resolve()
EC = BUILD / "ec-tools" / "ec"
PREFIX = pathlib.Path(os.environ.get("EC_INTEROP_PREFIX") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "libec-interop")

DRAFTS = ["moqt-16", "moqt-18"]
SCHEMES = ["moqt", "https"]  # QUIC, WebTransport
PATIENCE = 20  # seconds that anything may take that takes none


def need(*names):
    """The paths of foreign programs; the test is skipped if one is missing."""
    paths = [PREFIX / name for name in names]
    for path in paths:
        if not path.exists():
            pytest.skip(f"there is no {path}; see tests/interop/install")
    return paths


def need_program(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"there is no {name}; see tests/interop/install")
    return path


@contextlib.contextmanager
def bounded(seconds=PATIENCE):
    """A GCancellable that is cancelled when it took too long."""
    cancellable = Gio.Cancellable()
    timer = threading.Timer(seconds, cancellable.cancel)
    timer.start()
    try:
        yield cancellable
    finally:
        timer.cancel()


def free_port():
    """A UDP port that nobody has now, for those who cannot say which one the system picked."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as any_port:
        any_port.bind(("::", 0))
        return any_port.getsockname()[1]


class Certificate:
    """Self-signed, ECDSA P-256, valid ten days: what browsers take by its hash. Made by openssl."""

    def __init__(self, folder):
        self.cert, self.key = folder / "cert.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "10",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1", "-keyout", self.key,
             "-out", self.cert], check=True, capture_output=True, timeout=PATIENCE)
        der = subprocess.run(["openssl", "x509", "-in", self.cert, "-outform", "der"], check=True, capture_output=True,
                             timeout=PATIENCE).stdout
        self.hash = hashlib.sha256(der).hexdigest()


class Process:
    """A program whose output is kept, line by line, and that is ended with the test."""

    def __init__(self, arguments, env=None, stdin=None, binary=False):
        self.arguments = [str(argument) for argument in arguments]
        self.lines, self.news = [], threading.Condition()
        self.process = subprocess.Popen(
            self.arguments, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE if binary else subprocess.STDOUT,
            env={**os.environ, **(env or {})})
        said = self.process.stderr if binary else self.process.stdout
        self.thread = threading.Thread(target=self.collect, args=(said,), daemon=True)
        self.thread.start()

    def collect(self, said):
        for line in said:
            with self.news:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.news.notify_all()

    def wait_line(self, found, seconds=PATIENCE):
        """The first line for which `found` is true; what it returned."""
        end, seen = time.monotonic() + seconds, 0
        with self.news:
            while True:
                for line in self.lines[seen:]:
                    if got := found(line):
                        return got
                seen = len(self.lines)
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.thread.is_alive()):
                    raise AssertionError(f"{self.arguments[0]} did not say so:\n{self.text()}")
                self.news.wait(min(left, 0.5))

    def text(self):
        return "\n".join(self.lines[-200:])

    def wait(self, seconds=PATIENCE):
        try:
            status = self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.arguments[0]} did not end:\n{self.text()}") from None
        self.thread.join(5)
        return status

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(timeout=10)
        self.thread.join(5)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Relay:
    """Some relay on loopback: where it is reached, and by which certificate."""

    def __init__(self, process, port, hash, webtransport_path="", quic_path="", name="relay"):
        self.process, self.port, self.hash, self.name = process, port, hash, name
        self.paths = {"moqt": quic_path, "https": webtransport_path}

    def uri(self, scheme, host="127.0.0.1"):
        return f"{scheme}://{host}:{self.port}{self.paths[scheme]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()


def our_relay(*options):
    """`ec relay`, on both loopback addresses with one port: browsers try ::1 first."""
    for _ in range(10):
        port = free_port()
        process = Process([EC, "relay", "--json", "--listen", f"127.0.0.1:{port}", "--listen", f"[::1]:{port}", "--allow", "=any",
                           *options])
        try:
            info = process.wait_line(lambda line: line.startswith("{") and json.loads(line))
        except AssertionError:
            process.end()
            if "in use" in process.text():
                continue
            raise
        return Relay(process, port, info["certificate_hashes"][0], name="ec relay")
    raise AssertionError("no port is free")


def wait_bound(port, seconds=PATIENCE):
    """Until somebody listens at the UDP port: what a program prints may come before."""
    end = time.monotonic() + seconds
    needle = f":{port:04X} "
    while not any(needle in pathlib.Path(f"/proc/net/{table}").read_text(encoding="ascii") for table in ("udp", "udp6")):
        assert time.monotonic() < end, f"nobody listens at UDP port {port}"
        time.sleep(0.02)


# -- Our publisher and subscriber

def connect(uri, hash, draft=None):
    options = Ec.MoqConnectOptions(certificate_hashes=[hash])
    if draft:
        options.set_property("protocols", [draft])
    with bounded() as cancellable:
        session = Ec.MoqSession.new_for_uri(uri, options, cancellable)
    if draft:
        assert session.get_property("protocol") == draft
    return session


def payload(group, number, size=None):
    """What the object holds; a function of its place alone, so that any two who talk of the same one have the same."""
    block = hashlib.sha256(b"%d/%d" % (group, number)).digest()
    size = [1, 100, 1400, 20000, 3][(group + number) % 5] if size is None else size
    return (block * (size // len(block) + 1))[:size]


def announce(session, space):
    with bounded() as cancellable:
        session.announce(space, cancellable)


def write(track, group, number, data, last=False, priority=128):
    track.write_object(group, number, priority, GLib.Bytes.new(data), last)


def wait_reader(track, process, seconds=PATIENCE):
    """Until somebody has subscribed to our track."""
    end = time.monotonic() + seconds
    while not track.get_n_subscribers():
        assert time.monotonic() < end, f"nobody subscribed:\n{process.text()}"
        time.sleep(0.02)


class Reader(threading.Thread):
    """Reads a subscription into (group, object, payload), in a thread of its own."""

    def __init__(self, subscription):
        super().__init__(daemon=True)
        self.subscription = subscription
        self.objects, self.ended, self.lost, self.error, self.over = {}, [], [], None, False
        self.news = threading.Condition()
        self.start()

    def run(self):
        try:
            while item := self.subscription.read_object(None):
                with self.news:
                    self.take(item)
                    self.news.notify_all()
        except GLib.Error as error:
            self.error = error
        with self.news:
            self.over = True
            self.news.notify_all()

    def take(self, item):
        kind, where = item.get_kind(), (item.get_group(), item.get_id())
        if kind == Ec.MoqObjectKind.GROUP_ENDED:
            self.ended.append(item.get_group())
        elif kind == Ec.MoqObjectKind.GROUP_LOST:
            self.lost.append(item.get_group())
        else:
            assert where not in self.objects, f"{where} came twice"
            self.objects[where] = item.get_payload().get_data() or b""

    def wait(self, enough, seconds=PATIENCE):
        """Until `enough(self.objects)`; the objects."""
        with self.news:
            if not self.news.wait_for(lambda: enough(self.objects) or self.over, seconds) or not enough(self.objects):
                raise AssertionError(f"only {sorted(self.objects)} came, lost {self.lost}; {self.error or ''}")
            return dict(self.objects)


def subscribe(session, space, track, start=Ec.MoqStart.CURRENT_GROUP):
    with bounded() as cancellable:
        return Reader(session.subscribe(space, track, start, cancellable))


def subscribe_when_there(session, space, track, start=Ec.MoqStart.CURRENT_GROUP, seconds=PATIENCE):
    """Some relays answer DOES_NOT_EXIST for a while after the namespace was announced to them."""
    end = time.monotonic() + seconds
    while True:
        try:
            return subscribe(session, space, track, start)
        except GLib.Error as error:
            if time.monotonic() > end or session.get_state() == Ec.MoqSessionState.CLOSED:
                raise
            time.sleep(0.1)


def fetch(session, space, track, first, last):
    with bounded() as cancellable:
        return Reader(session.fetch(space, track, first, last, cancellable))
