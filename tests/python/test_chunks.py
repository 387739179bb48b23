# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `ec chunk` writes, checked by readers that share no code with it: one below, ffprobe, GStreamer."""

import base64
import json
import os
import pathlib
import shutil
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("EC_BUILD_DIR", "build")).resolve()
EC = BUILD / "ec-tools" / "ec"
MAKE_STREAM = BUILD / "tests" / "chunk" / "make-stream"
PACKET = 188

pytestmark = pytest.mark.skipif(not EC.exists(), reason=f"there is no {EC}; set EC_BUILD_DIR")


def make_stream(path, *arguments):
    subprocess.run([MAKE_STREAM, "--out", path, *map(str, arguments)], check=True)
    return path.read_bytes()


def chunk(source, out=None, *arguments):
    command = [EC, "chunk", "--json", *arguments, str(source)]
    if out:
        command += ["--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def packets(data):
    assert len(data) % PACKET == 0
    for begin in range(0, len(data), PACKET):
        packet = data[begin : begin + PACKET]
        assert packet[0] == 0x47
        yield packet


def pid(packet):
    return (packet[1] & 0x1F) << 8 | packet[2]


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


class Head:
    """The packets in front of a chunk: a PAT of one program and its PMT."""

    def __init__(self, data):
        pat = data[:PACKET]
        assert pat[:10] == bytes.fromhex("47400030 0d820b") + b"EC1"
        self.index = int.from_bytes(pat[10:18], "big")
        section = pat[19:35]
        assert pat[18] == 0 and section[:3] == bytes.fromhex("00b00d") and crc(section) == 0
        assert pat[35:] == b"\xff" * (PACKET - 35)
        self.program = int.from_bytes(section[8:10], "big")
        self.pmt_pid = int.from_bytes(section[10:12], "big") & 0x1FFF
        self._read_pmt(data)

    def _read_pmt(self, data):
        section, position = b"", PACKET
        while len(section) < 3 or len(section) < 3 + (int.from_bytes(section[1:3], "big") & 0xFFF):
            packet = data[position : position + PACKET]
            assert pid(packet) == self.pmt_pid
            section += packet[7:] if not section else packet[4:]
            position += PACKET
        self.size = position
        section = section[: 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)]
        assert section[0] == 2 and crc(section) == 0
        assert int.from_bytes(section[3:5], "big") == self.program
        self.kept = {int.from_bytes(section[8:10], "big") & 0x1FFF}
        at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
        while at < len(section) - 4:
            self.kept.add(int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF)
            at += 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0xFFF)
        self.kept -= {0x1FFF, 0x1FFB, self.pmt_pid, *range(0x20)}


def without_pcr(packet):
    has_pcr = packet[3] & 0x20 and packet[4] >= 7 and packet[5] & 0x10
    return packet[:6] + bytes(6) + packet[12:] if has_pcr else packet


def without_errors_and_duplicates(data):
    """What a receiver may keep of a stream: each packet that is whole, and not sent a second time."""
    previous, was_duplicate = {}, {}
    for packet in packets(data):
        if packet[1] & 0x80:
            continue
        number = pid(packet)
        plain = without_pcr(packet)
        same = plain == previous.get(number) and packet[3] & 0x10
        if same and not was_duplicate.get(number):
            was_duplicate[number] = True
            continue
        was_duplicate[number] = False
        previous[number] = plain
        yield packet


def check_verbatim(stream, lines):
    """Every kept packet is in the chunks, byte for byte, in order, none missing and none added."""
    received = list(without_errors_and_duplicates(stream))
    position = None
    for line in lines:
        data = pathlib.Path(line["file"]).read_bytes()
        assert len(data) == line["bytes"] == sum(line["parts"]) == line["packets"] * PACKET
        head = Head(data)
        assert head.index == line["index"]
        body = list(packets(data[head.size :]))
        if position is None:
            position = received.index(body[0])
        for packet in body:
            while pid(received[position]) not in head.kept:
                position += 1
            assert received[position] == packet
            position += 1
        while position < len(received) and pid(received[position]) not in head.kept:
            position += 1
    assert position == len(received)


SCENARIOS = {
    "plain": ["--seconds", 30],
    "eventful": ["--seconds", 60, "--scenario", "wrap@12,discontinuity@25:9,pmt@33:audio,stt-step@40:2,duplicates@45:5"],
    "lossy": ["--seconds", 40, "--loss", 0.0005, "--bit-errors", 0.0000005],
}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("program", [3, 4, 5])
def test_verbatim(tmp_path, scenario, program):
    stream = make_stream(tmp_path / "stream.ts", *SCENARIOS[scenario])
    lines = chunk(tmp_path / "stream.ts", tmp_path / "out", "--program", str(program))
    assert len(lines) >= 12
    check_verbatim(stream, [line for line in lines if not line.get("revoked")])


def test_two_receivers(tmp_path):
    """Two receivers of one station, one of which came later: the same files."""
    make_stream(tmp_path / "a.ts", "--seconds", 40)
    make_stream(tmp_path / "b.ts", "--seconds", 44, "--join", 7.3)
    a = {line["index"]: line for line in chunk(tmp_path / "a.ts", tmp_path / "a") if line["clean"]}
    b = {line["index"]: line for line in chunk(tmp_path / "b.ts", tmp_path / "b") if line["clean"]}
    common = a.keys() & b.keys()
    assert len(common) >= 10
    for index in common:
        assert a[index]["hash"] == b[index]["hash"]
        assert a[index]["stream_id"] == b[index]["stream_id"]
        assert a[index]["stream_id"].startswith("ec/v1/atsc/")
        assert a[index]["source_id"] != b[index]["source_id"]
        assert pathlib.Path(a[index]["file"]).read_bytes() == pathlib.Path(b[index]["file"]).read_bytes()


def test_again(tmp_path):
    """A file chunked twice: the same lines, and files that are there are left alone."""
    make_stream(tmp_path / "a.ts", "--seconds", 20)
    first = chunk(tmp_path / "a.ts", tmp_path / "out")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    second = chunk(tmp_path / "a.ts", tmp_path / "out")
    for line in first + second:
        del line["source_id"]
        if not line["clean"]:
            del line["stream_id"]
    assert first == second
    assert stamps == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}


def test_reader_gone(tmp_path):
    """As with `ec chunk … | head -n 1`: a live source's tuner is not held for nobody."""
    data = make_stream(tmp_path / "a.ts")
    half = len(data) // 2
    with subprocess.Popen([EC, "chunk", "--json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            process.stdin.write(data[:half])
            process.stdin.flush()
            assert json.loads(process.stdout.readline())
            process.stdout.close()
            try:
                process.stdin.write(data[half:])
                process.stdin.flush()
            except BrokenPipeError:
                pass
            assert process.wait(timeout=30) == 1
            assert b"standard output" in process.stderr.read()
        finally:
            process.kill()
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass


def test_full_disk(tmp_path):
    make_stream(tmp_path / "a.ts")
    with open("/dev/full", "wb") as full:
        result = subprocess.run([EC, "inspect", tmp_path / "a.ts"], stdout=full, stderr=subprocess.PIPE)
        assert result.returncode == 1 and b"standard output" in result.stderr


def test_signed(tmp_path):
    """Signed manifests vouch for chunks that are read again."""
    make_stream(tmp_path / "a.ts", "--seconds", 24)
    key = ["--identity", str(tmp_path / "key")]
    first = chunk(tmp_path / "a.ts", tmp_path / "out", "--sign", *key)
    with open(tmp_path / "joined.ts", "wb") as joined:
        for line in first:
            joined.write(pathlib.Path(line["file"]).read_bytes())
    again = chunk(tmp_path / "joined.ts", None, "--manifests", str(tmp_path / "out"), *key)
    unvouched = chunk(tmp_path / "joined.ts", None, *key)
    for name in ("index", "hash", "sync", "utc", "pts", "duration_ms", "parts", "clean"):
        assert [line[name] for line in first] == [line[name] for line in again]
    assert [line["hash"] for line in first] == [line["hash"] for line in unvouched]
    assert not any(line["clean"] for line in unvouched)
    stranger = subprocess.run(
        [EC, "chunk", str(tmp_path / "joined.ts"), "--manifests", str(tmp_path / "out")],
        capture_output=True, text=True)
    assert stranger.returncode == 1 and "signature" in stranger.stderr


def test_signed_by_one_who_knows_less(tmp_path):
    """A clean manifest is never overwritten by an uncertain one of the same chunk; the other way round it is."""
    make_stream(tmp_path / "a.ts", "--seconds", 24)
    out, key = tmp_path / "out", ["--identity", str(tmp_path / "key")]

    def signatures():
        return {path.name: path.read_text() for path in out.glob("*.jws")}

    first = chunk(tmp_path / "a.ts", out, "--sign", *key)
    before = signatures()
    clean = {f"{line['index']}.jws" for line in first if line["clean"]}
    assert len(before) == len(first) > len(clean) > 3
    (tmp_path / "joined.ts").write_bytes(b"".join(pathlib.Path(line["file"]).read_bytes() for line in first))
    for more in (key, []):
        again = chunk(tmp_path / "joined.ts", out, "--sign", *more)
        assert {line["file"] for line in again} == {line["file"] for line in first}
        assert {name: text for name, text in signatures().items() if name in clean} == \
            {name: text for name, text in before.items() if name in clean}
    for name in clean:
        (out / name).write_text("rubbish." if name == min(clean) else "e30.e30.e30")
    chunk(tmp_path / "joined.ts", out, "--sign", *key)
    uncertain = signatures()
    assert not any(uncertain[name] == before[name] for name in clean)
    assert all(text.count(".") == 2 and len(text) > 200 for text in uncertain.values())
    chunk(tmp_path / "a.ts", out, "--sign", *key)
    assert signatures() == before


def test_signed_and_revoked(tmp_path):
    """A chunk in which a loss shows late is signed again, not clean, and stays in its timeline."""
    stream = make_stream(tmp_path / "a.ts", "--seconds", 40)
    first = chunk(tmp_path / "a.ts", tmp_path / "whole")[0]
    head = pathlib.Path(first["file"]).read_bytes()[PACKET + 7:]
    at = 12 + (head[10] << 8 & 0xF00 | head[11])
    at += 5 + (head[at + 3] << 8 & 0xF00 | head[at + 4])
    second = (head[at + 1] & 0x1F) << 8 | head[at + 2]

    everything = [stream[i:i + PACKET] for i in range(0, len(stream), PACKET)]
    half, rest = everything[:len(everything) // 2], everything[len(everything) * 3 // 4:]
    last = [packet for packet in half if pid(packet) == second][-1]
    away = [packet for packet in everything[len(half):-len(rest)] if pid(packet) != second]
    while [packet for packet in rest if pid(packet) == second][0][3] & 15 == last[3] + 1 & 15:
        del rest[next(i for i, packet in enumerate(rest) if pid(packet) == second)]
    (tmp_path / "b.ts").write_bytes(b"".join(half + away + rest))

    key = ["--identity", str(tmp_path / "key")]
    lines = chunk(tmp_path / "b.ts", tmp_path / "out", "--sign", *key)
    revoked = [line for line in lines if line.get("revoked")]
    assert revoked
    assert len({line["source_id"] for line in lines}) == 1
    for line in revoked:
        payload = (tmp_path / "out" / f"{line['index']}.jws").read_text().split(".")[1]
        manifest = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert manifest["index"] == line["index"]
        assert not manifest["clean"] and manifest["damaged"] == line["damaged"] > 0


def joined_chunks(tmp_path, program):
    make_stream(tmp_path / "stream.ts", "--seconds", 30, "--scenario", "pmt@14:audio")
    path = tmp_path / "joined.ts"
    with open(path, "wb") as joined:
        # The last one ends where the recording does, in the middle of a picture.
        for line in chunk(tmp_path / "stream.ts", tmp_path / "out", "--program", str(program))[:-1]:
            joined.write(pathlib.Path(line["file"]).read_bytes())
    return path


@pytest.mark.parametrize("program", [3, 5])
def test_ffprobe(tmp_path, program):
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not installed")
    path = joined_chunks(tmp_path, program)
    result = subprocess.run(
        ["ffprobe", "-v", "warning", "-show_entries", "packet=pts_time,flags", "-of", "json", str(path)],
        capture_output=True, text=True, check=True)
    assert "Continuity" not in result.stderr and "corrupt" not in result.stderr, result.stderr
    assert len(json.loads(result.stdout)["packets"]) > 800
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
                             capture_output=True, text=True)
    assert decoded.returncode == 0 and decoded.stderr == ""


@pytest.mark.parametrize("program", [3, 5])
def test_gstreamer(tmp_path, program):
    if not shutil.which("gst-launch-1.0"):
        pytest.skip("gst-launch-1.0 is not installed")
    path = joined_chunks(tmp_path, program)
    result = subprocess.run(
        ["gst-launch-1.0", "playbin", f"uri=file://{path}", "video-sink=fakesink sync=false",
         "audio-sink=fakesink sync=false"],
        capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "ERROR" not in result.stderr and "WARNING" not in result.stderr, result.stderr
    assert "EOS" in result.stdout
