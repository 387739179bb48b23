# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tuners, publishers, relays and subscribers as processes on loopback; for the tests of publishing."""

import collections
import contextlib
import hashlib
import json
import os
import pathlib
import queue
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

BUILD = pathlib.Path(os.environ.get("EC_BUILD_DIR", "build")).resolve()
EC = BUILD / "ec-tools" / "ec"
PATIENCE = 60  # s, for anything that has to happen


class Process:
    """One that prints a JSON object a line; all are kept, and waited for by what they say."""

    def __init__(self, *command, program=EC):
        self.lines, self._new = [], queue.Queue()
        self.process = subprocess.Popen([program, *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.errors = []
        self._threads = [threading.Thread(target=self._read, daemon=True),
                         threading.Thread(target=self._read_errors, daemon=True)]
        for thread in self._threads:
            thread.start()

    def _read(self):
        for line in self.process.stdout:
            self._new.put(json.loads(line))
        self._new.put(None)

    def _read_errors(self):
        self.errors.extend(self.process.stderr)

    def wait_for(self, what, matches, seconds=PATIENCE):
        """The first object, of those before too, that matches."""
        deadline = time.monotonic() + seconds
        for line in self.lines:
            if matches(line):
                return line
        while True:
            try:
                line = self._new.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {what} within {seconds} s; {self.lines[-3:]} {self.errors[-5:]}") from None
            assert line is not None, f"it ended without {what}: {self.errors[-5:]}"
            self.lines.append(line)
            if matches(line):
                return line

    def next(self, what, matches, seconds=PATIENCE):
        """Likewise, of those to come only."""
        while not self._new.empty():
            self.lines.append(self._new.get())
        count = len(self.lines)
        return self.wait_for(what, lambda line: line in self.lines[count:] and matches(line), seconds)

    def drain(self):
        while not self._new.empty():
            line = self._new.get()
            if line is not None:
                self.lines.append(line)
        return self.lines

    def kill(self):
        self.process.kill()
        self._end()

    def stop(self, sig=signal.SIGINT, seconds=20):
        self.process.send_signal(sig)
        return self.join(seconds)

    def join(self, seconds=PATIENCE):
        self.process.wait(timeout=seconds)
        self._end()
        return self.process.returncode

    def _end(self):
        self.process.wait(timeout=10)
        for thread in self._threads:
            thread.join(timeout=10)
        self.drain()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self._end()


class Tuner(Process):
    def __init__(self, address, *options):
        super().__init__("tuner", "--lite", "--json", "--seed", "11", "--address", address, "--http-port", "0",
                         "--stream-port", "0", "--control-port", "0", *options)
        self.host = self.wait_for("address", lambda line: "base_url" in line)["base_url"].removeprefix("http://")

    def channel(self, number="5.1"):
        return f"hdhomerun://{self.host}/{number}"


# A certificate for 127.0.0.1 that outlives the relay that shows it.
HERE = pathlib.Path(__file__).parent
CERTIFICATE = ("--certificate", HERE / "relay.pem", "--key", HERE / "relay-key.pem")


class Relay(Process):
    def __init__(self, *options, listen="127.0.0.1:0", allow=("=any",)):
        rules = [word for rule in allow for word in ("--allow", rule)]
        super().__init__("relay", "--listen", listen, "--json", *rules, *options)
        line = self.wait_for("address", lambda line: line.get("type") == "listening")
        self.address = line["addresses"][0]
        self.hash = (line["certificate_hashes"] or [self.fixed_hash()])[0]

    @staticmethod
    def fixed_hash():
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert((HERE / "relay.pem").read_text())).hexdigest()

    def uri(self, name="", scheme="moqt", **options):
        return f"{scheme}://{self.address}/{name}?" + "&".join(
            f"{key}={value}" for key, value in {"hash": self.hash, **options}.items())


class Bottleneck:
    """A slow way to a relay, used as the relay itself is: packets to it leave one after the other, those from it at once."""

    def __init__(self, relay, rate):
        self.hash = relay.hash
        host, port = relay.address.rsplit(":", 1)
        self._relay, self._rate = (host, int(port)), rate
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._front.getsockname()[1]
        self._ways, self._waiting = {}, collections.deque()
        self._lock, self._done = threading.Lock(), False
        self._threads = [threading.Thread(target=self._run, daemon=True), threading.Thread(target=self._send, daemon=True)]

    def _run(self):
        while not self._done:
            for ready in select.select([self._front, *self._ways.values()], [], [], 0.1)[0]:
                try:
                    data, peer = ready.recvfrom(65536)
                except ConnectionRefusedError:
                    continue
                if ready is not self._front:
                    self._front.sendto(data, next(peer for peer, way in self._ways.items() if way is ready))
                    continue
                if peer not in self._ways:
                    self._ways[peer] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    self._ways[peer].connect(self._relay)
                with self._lock:
                    self._waiting.append((self._ways[peer], data))

    def _send(self):
        due = time.monotonic()
        while not self._done:
            with self._lock:
                way, data = self._waiting.popleft() if self._waiting else (None, b"")
            if way:
                with contextlib.suppress(ConnectionRefusedError):
                    way.send(data)
            due = max(due, time.monotonic()) + (len(data) / self._rate if way else 0.002)
            time.sleep(max(0, due - time.monotonic()))

    def cut(self):
        """What is on its way is lost."""
        with self._lock:
            self._waiting.clear()

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._done = True
        for thread in self._threads:
            thread.join(timeout=10)
        for each in [self._front, *self._ways.values()]:
            each.close()


class Publisher(Process):
    def __init__(self, source, *relays, scheme="moqt", options=()):
        command = ["publish", source, "--json", *options]
        for relay in relays:
            command += ["--relay", f"{scheme}://{relay.address}", "--certificate-hash", relay.hash]
        super().__init__(*command)

    def wait_source(self):
        self.source_name = self.wait_for("name", lambda line: line.get("source"))["source"]
        self.node = self.wait_for("node", lambda line: line.get("node_id"))["node_id"]
        return self.source_name

    def wait_broadcast(self):
        """That it is used at a relay."""
        self.wait_for("claim", lambda line: line.get("claim") == "granted")
        return self.wait_for("name", lambda line: line.get("broadcast"))["broadcast"]

    def counts(self):
        return [line for line in self.drain() if line.get("type") == "stats"][-1]


class Recorder(Process):
    """`ec record` of a broadcast."""

    def __init__(self, uri, path, *options):
        self.path = pathlib.Path(path)
        super().__init__("record", uri, "-o", self.path, "--force", "--json", *options)

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def wait_size(self, size, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while self.size() < size:
            assert time.monotonic() < deadline, f"only {self.size()} bytes came within {seconds} s"
            assert self.process.poll() is None, self.errors
            time.sleep(0.05)

    def finish(self):
        assert self.stop() == 0, self.errors
        return self.lines[-1]


PACKET = 188
TAG = bytes.fromhex("47400030 0d820b") + b"EC1"


def split_chunks(data):
    """A stream of chunks, cut at their heads (ECP-0002): (index, bytes) each; the last may be cut off."""
    assert len(data) % PACKET == 0
    starts = [at for at in range(0, len(data), PACKET) if data[at : at + len(TAG)] == TAG]
    assert not data or starts[0] == 0
    return [(int.from_bytes(data[at + 10 : at + 18], "big"), data[at:end])
            for at, end in zip(starts, [*starts[1:], len(data)])]


class Reference:
    """`ec chunk` on the same channel: what there is to receive."""

    def __init__(self, tuner, out, channel="5.1"):
        self.out = out
        self.process = Process("chunk", "--json", "--out", out, tuner.channel(channel))

    def __enter__(self):
        return self

    def __exit__(self, *arguments):
        self.process.__exit__(*arguments)

    def finish(self):
        assert self.process.stop() == 0, self.process.errors
        revoked = {line["index"] for line in self.process.lines if line.get("revoked")}
        return {line["index"]: (line["clean"] and line["index"] not in revoked, pathlib.Path(line["file"]).read_bytes())
                for line in self.process.lines if not line.get("revoked")}


def check_stream(data, reference, whole=True):
    """No gap and no repeated byte: what was received is the reference's chunks, one behind the other."""
    chunks = split_chunks(data)
    indices = [index for index, _ in chunks]
    known = sorted(reference)
    assert len(set(indices)) == len(indices) and indices == sorted(indices)
    for index, received in chunks[:-1]:
        if index in reference and reference[index][0]:
            assert received == reference[index][1], f"chunk {index} is another"
    if whole:
        between = [index for index in known if indices[0] <= index <= indices[-1]]
        assert [index for index in indices if index in reference] == between
    return len([index for index in indices[:-1] if index in reference and reference[index][0]])
