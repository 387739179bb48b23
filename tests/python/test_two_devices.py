# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two simulated devices with one seed, two `ec chunk` on different devices, over real sockets: what both
have clean is the same. Ten minutes and more of a station at which time stamps wrap and jump, the PMT
changes, the clock jitters, steps and passes midnight; the station runs twenty times as fast as time."""

import json
import os
import pathlib
import select
import signal
import subprocess
import time

import pytest

BUILD = pathlib.Path(os.environ.get("EC_BUILD_DIR", "build")).resolve()
EC = BUILD / "ec-tools" / "ec"

pytestmark = pytest.mark.skipif(not EC.exists(), reason=f"there is no {EC}; set EC_BUILD_DIR")

SPEED = 20
SECONDS = 640  # of the station's time
# 2026-03-01 23:55 UTC: midnight comes after five minutes.
AIR = 1772409300
SCENARIO = ("pmt@130:audio,wrap@170,discontinuity@210,stt-step@240:2,stt-freeze@280:4,pmt@330:plain,"
            "discontinuity@390:7,stt-step@430:-2,duplicates@460:30,stt-glitch@520:30")


class Device:
    def __init__(self, address, *options):
        self.address = address
        self.process = subprocess.Popen(
            [EC, "tuner", "--lite", "--json", "--seed", "11", "--address", address, "--http-port", "0",
             "--stream-port", "0", "--control-port", "0", *map(str, options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        assert line, self.process.stderr.read() if self.process.poll() is not None else "not ready in a minute"
        self.info = json.loads(line)
        self.host = self.info["base_url"].removeprefix("http://")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=10) == 0
        self.process.stdout.close()
        self.process.stderr.close()


class Chunker:
    """`ec chunk` on a channel; what it prints goes to a file, since a full pipe would stop it."""

    def __init__(self, device, channel, out):
        self.output = out.with_suffix(".json")
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                [EC, "chunk", "--json", "--out", str(out), f"hdhomerun://{device.host}/{channel}"],
                stdout=output, stderr=subprocess.PIPE, text=True)

    def finish(self):
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, errors
        return [json.loads(line) for line in self.output.read_text().splitlines()]


def clean_chunks(lines):
    """By index; what was clean first counts, and what was revoked does not."""
    chunks = {}
    for line in lines:
        known = chunks.get(line["index"])
        if line.get("revoked"):
            if known and known["hash"] == line["hash"]:
                del chunks[line["index"]]
        elif line["clean"] and line["sync"] == "clock" and not known:
            chunks[line["index"]] = line
    return chunks


def compare(lines_a, lines_b, at_least):
    a, b = clean_chunks(lines_a), clean_chunks(lines_b)
    common = sorted(a.keys() & b.keys())
    print(f"{len(lines_a)} and {len(lines_b)} chunks, {len(a)} and {len(b)} clean, {len(common)} common")
    for index in common:
        assert a[index]["hash"] == b[index]["hash"], index
        assert a[index]["stream_id"] == b[index]["stream_id"]
        assert pathlib.Path(a[index]["file"]).read_bytes() == pathlib.Path(b[index]["file"]).read_bytes()
    assert len(common) >= at_least
    return [a[index] for index in common]


def watch_both(tmp_path, channel, first_options, second_options, seconds):
    epoch = int(time.time())
    town = ["--speed", SPEED, "--epoch", f"{epoch}:{AIR}", "--scenario", SCENARIO]
    with Device("127.0.0.21", *town, *first_options) as one, Device("127.0.0.22", *town, *second_options) as other:
        a = Chunker(one, channel, tmp_path / "a")
        time.sleep(1.7)  # the second one comes later: this is what is tested, not a wait for something
        b = Chunker(other, channel, tmp_path / "b")
        time.sleep(max(0.0, epoch + seconds / SPEED - time.time()))
        return a.finish(), b.finish()


def test_ten_minutes(tmp_path):
    lines_a, lines_b = watch_both(tmp_path, "5.1", [], [], SECONDS)
    common = compare(lines_a, lines_b, at_least=200)
    times = [line["utc"] for line in common]
    assert times[0] < "2026-03-02T00:00:00" < times[-1]
    assert any(a["pts"] > b["pts"] + (1 << 32) for a, b in zip(common, common[1:]))  # the wrap
    assert {line["stream_id"] for line in common} == {common[0]["stream_id"]}
    assert common[0]["stream_id"].startswith("ec/v1/atsc/")


def test_bad_reception(tmp_path):
    """One antenna loses packets, the other has bit errors."""
    lines_a, lines_b = watch_both(tmp_path, "5.3", ["--loss", 0.0001],
                                  ["--bit-error-rate", 0.00000003, "--impairment-seed", 5], 300)
    compare(lines_a, lines_b, at_least=40)
    assert any(line["damaged"] for line in lines_a) and any(line["damaged"] for line in lines_b)


def test_filtered_device(tmp_path):
    """One device filters by PID and leaves the broadcast's time in, the other sends the whole multiplex."""
    epoch = int(time.time())
    town = ["--speed", SPEED, "--epoch", f"{epoch}:{AIR}"]
    with Device("127.0.0.21", *town) as one, Device("127.0.0.22", *town, "--keep-psip") as other:
        a = Chunker(one, "5.2", tmp_path / "a")
        b = Chunker(other, "5.2?mux=no", tmp_path / "b")
        time.sleep(6)
        compare(a.finish(), b.finish(), at_least=30)
