# SPDX-License-Identifier: LGPL-2.1-or-later
"""moq-dev's command line client: what it publishes, through our relay and theirs, to itself and to us; and what we publish, to it."""

import base64
import json
import subprocess

import pytest

from exchange import OBJECTS, Publisher, publish_groups
from harness import (DRAFTS, SCHEMES, Process, connect, need, need_program, payload, subscribe, subscribe_when_there,
                     wait_reader)

ENDS = [(scheme, draft) for draft in DRAFTS for scheme in SCHEMES]


@pytest.fixture(params=ENDS, ids=lambda end: "-".join(end))
def end(request):
    return request.param


def run(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, timeout=60).stdout


def frame_hashes(file):
    """Of the video's access units, in order; the container is left aside."""
    lines = run(need_program("ffmpeg"), "-v", "error", "-i", file, "-map", "0:v", "-c", "copy", "-f", "framemd5", "-").decode()
    return [line.split(",")[-1].strip() for line in lines.splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    """Half a minute of H.264 and AAC (moq-dev's importer takes no MPEG-2 video); a picture group a second."""
    file = tmp_path_factory.mktemp("stream") / "in.ts"
    run(need_program("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i",
        "sine=frequency=440:sample_rate=48000", "-t", "30", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "25",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mpegts", file)
    return file


class Import:
    """`moq import ts` of the stream at the speed of its clock."""

    def __init__(self, relay, end, name, stream):
        [program] = need("bin/moq")
        self.feed = subprocess.Popen([need_program("ffmpeg"), "-v", "quiet", "-re", "-i", stream, "-c", "copy", "-f", "mpegts", "-"],
                                     stdout=subprocess.PIPE)
        self.process = Process([program, *dial(relay, end), "--broadcast", name, "import", "ts"], stdin=self.feed.stdout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.feed.kill()
        self.feed.wait(10)
        self.feed.stdout.close()
        self.process.end()


def dial(relay, end):
    return ["--connect", relay.uri(end[0]), "--connect-tls-fingerprint", relay.hash, "--connect-version",
            end[1].replace("moqt-", "moq-transport-")]


def video_track(session, name):
    [catalog] = [data for _, data in sorted(subscribe_when_there(session, name, "catalog.json").wait(lambda o: o).items())[:1]]
    return next(iter(json.loads(catalog)["video"]["renditions"]))


def whole_groups(reader):
    """The access units of three groups that were received to their end. An object is a varint of time (RFC 9000 §16; it depends on
    when the program was started), and the access unit; a group's last one has a time only."""
    objects = reader.wait(lambda _: len(reader.ended) >= 3)
    groups = sorted(reader.ended)[:3]
    units = {where: data[1 << (data[0] >> 6):] for where, data in objects.items() if where[0] in groups}
    return {where: unit for where, unit in units.items() if unit}


@pytest.mark.parametrize("ours", SCHEMES)
def test_published(ec_relay, end, ours, space, stream, tmp_path):
    """Its objects reach us through our relay: each holds an access unit of the stream, byte for byte."""
    run(need_program("ffmpeg"), "-v", "error", "-i", stream, "-map", "0:v", "-c", "copy", "-f", "h264", tmp_path / "in.h264")
    # Start codes may be of three bytes or of four (ITU-T H.264 annex B); zeros before one belong to it.
    nal_units = {nal.rstrip(b"\0") for nal in (tmp_path / "in.h264").read_bytes().split(b"\0\0\1")}
    name = f"{space}.hang"
    with Import(ec_relay, end, name, stream):
        session = connect(ec_relay.uri(ours), ec_relay.hash)
        objects = whole_groups(subscribe_when_there(session, name, video_track(session, name)))
        session.close()
    assert len(objects) == 75
    for where, unit in objects.items():
        assert {nal.rstrip(b"\0") for nal in unit.split(b"\0\0\1")} <= nal_units, f"{where} is not from the stream"


def test_same_through_both(ec_relay, moq_relay, end, space, stream):
    """The same stream through our relay and through theirs: the same objects from both."""
    name, found = f"{space}.hang", []
    for relay in ec_relay, moq_relay:
        with Import(relay, end, name, stream):
            session = connect(relay.uri("moqt"), relay.hash)
            found.append(whole_groups(subscribe_when_there(session, name, video_track(session, name))))
            session.close()
    common = found[0].keys() & found[1].keys()
    assert len(common) >= 25, "they have no group in common"
    assert {where: found[0][where] for where in common} == {where: found[1][where] for where in common}


def test_to_itself(ec_relay, end, space, stream, tmp_path):
    """Through our relay, another draft and transport on the other side: the video's access units in order, none missing."""
    [program] = need("bin/moq")
    name, other = f"{space}.hang", ENDS[len(ENDS) - 1 - ENDS.index(end)]
    output = tmp_path / "out.ts"
    with Import(ec_relay, end, name, stream):
        session = connect(ec_relay.uri("moqt"), ec_relay.hash)
        video_track(session, name)
        session.close()
        with open(output, "wb") as file, subprocess.Popen([program, *dial(ec_relay, other), "--broadcast", name, "export", "ts"],
                                                          stdout=file, stderr=subprocess.DEVNULL) as sink:
            try:
                sink.wait(timeout=8)
                raise AssertionError("moq export ended")
            except subprocess.TimeoutExpired:
                sink.kill()
    source, got = frame_hashes(stream), frame_hashes(output)
    assert len(got) >= 100 and got[0] in source
    start = source.index(got[0])
    # The last one may be cut off.
    assert got[:-1] == source[start:start + len(got) - 1]


@pytest.mark.xfail(strict=True, reason="takes the end of a whole group for an empty answer: README.md")
def test_fetches(ec_relay, end, space):
    """A group of what we publish, that is over. Its catalog reader takes its own kinds only, so that it is told the track's name."""
    [program] = need("bin/moq")
    publisher = Publisher(ec_relay, "moqt", None, space)
    session = connect(ec_relay.uri("moqt"), ec_relay.hash)
    reader = subscribe(session, space, publisher.name)
    for group in 70, 71:
        publish_groups(publisher.track, group, group)
        reader.wait(lambda objects: (group, OBJECTS - 1) in objects)
    done = subprocess.run([program, *dial(ec_relay, end), "--broadcast", space, "fetch", "--group", "70", publisher.name],
                          capture_output=True, timeout=30)
    session.close()
    publisher.close()
    assert done.stdout == b"".join(payload(70, i) for i in range(OBJECTS))


def test_subscribes(ec_relay, end, space):
    """To what we publish, live: `moq fetch` without a group waits for a track's first one."""
    [program] = need("bin/moq")
    publisher = Publisher(ec_relay, "moqt", None, space)
    with Process([program, *dial(ec_relay, end), "--broadcast", space, "fetch", "--json", publisher.name]) as process:
        wait_reader(publisher.track, process)
        publish_groups(publisher.track, 5, 5)
        assert process.wait() == 0, process.text()
        frames = [json.loads(line) for line in process.lines if line.startswith("{")]
    assert [(frame["group"], frame["frame"], base64.b64decode(frame["payload"])) for frame in frames] == [
        (5, i, payload(5, i)) for i in range(OBJECTS)]
    publisher.close()
