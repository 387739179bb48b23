# SPDX-License-Identifier: LGPL-2.1-or-later
"""The chunker in C against the one in Python, which was written from the ECPs alone: the same chunks,
the same certainty, the same damage, of streams in which all goes wrong that can."""

import json
import os
import pathlib
import subprocess

import pytest

import canonical
import tsgen

BUILD = pathlib.Path(os.environ.get("EC_BUILD_DIR", "build")).resolve()
DUMP = BUILD / "tests" / "chunk" / "dump-chunks"
SEEDS = int(os.environ.get("EC_TEST_SEEDS", "60"))

pytestmark = pytest.mark.skipif(not DUMP.exists(), reason=f"there is no {DUMP}; set EC_BUILD_DIR")

FIELDS = ("index", "sync", "utc", "pts", "duration", "parts", "bytes", "clean", "damaged",
          "certain_open", "certain_close", "stream_id", "start")


def renumber(chunks):
    """Timelines as 0, 1, 2, …: only where one ends is fixed, not how they are counted."""
    seen = {}
    for one in chunks:
        one["timeline"] = seen.setdefault(one["timeline"], len(seen))
    return chunks


def compare(data, tmp_path, with_hash=False):
    path = tmp_path / "stream.ts"
    path.write_bytes(data)
    output = subprocess.run([DUMP, path], capture_output=True, text=True, check=True).stdout
    ours = renumber([json.loads(line) for line in output.splitlines()])
    theirs = renumber([chunk.record(with_hash) for chunk in canonical.chunks(data)])
    fields = FIELDS + (("hash",) if with_hash else ())
    for mine, other in zip(ours, theirs):
        for field in fields + ("timeline",):
            assert mine[field] == other[field], (mine["index"], field)
    assert len(ours) == len(theirs)
    return ours


@pytest.mark.parametrize("video", ["mpeg2", "h264", "hevc", "audio"])
@pytest.mark.parametrize("kind", ["atsc", "dvb", "isdb", "none"])
def test_plain(tmp_path, kind, video):
    chunks = compare(tsgen.generate(kind=kind, video=video, seconds=24, seed=11), tmp_path)
    assert sum(chunk["clean"] for chunk in chunks) >= 5


def test_hash(tmp_path):
    compare(tsgen.generate(kind="atsc", video="mpeg2", seconds=8, seed=12), tmp_path, with_hash=True)


@pytest.mark.parametrize("anomaly", sorted(set(tsgen.STATION) | set(tsgen.WAY)))
def test_anomaly(tmp_path, anomaly):
    for kind, video in (("atsc", "mpeg2"), ("dvb", "h264"), ("none", "hevc")):
        compare(tsgen.generate(kind=kind, video=video, seconds=20, seed=13, anomalies=(anomaly,)), tmp_path)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_fuzz(tmp_path, seed):
    compare(tsgen.generate(seconds=24, seed=7000 + seed, **tsgen.fuzz_case(7000 + seed)), tmp_path)


VIDEO, AUDIO, DATA, MAP = 0x101, 0x102, 0x103, 0x100
MAP_CHANGE = 155            # the picture from which on another PMT comes


class Mux:
    """Packets one behind the other, with their counters."""

    def __init__(self):
        self.packets, self.counters = [], {}

    def add(self, *packets):
        for one in packets:
            pid = (one[1] & 0x1F) << 8 | one[2]
            counter = self.counters.get(pid, 15 if one[3] & 0x10 else 0)
            self.counters[pid] = counter = counter + 1 & 15 if one[3] & 0x10 else counter
            one[3] = one[3] & 0xF0 | counter
            self.packets.append(bytes(one))


def two_maps(data_packets, in_window=()):
    """A program that gets a third PID at MAP_CHANGE. In the window of the next RAP come `in_window`, and
    a PMT that takes the PID away again if there are any. Returns the packets and where those begin."""
    def streams(*more):
        return [(2, VIDEO, b""), (0x81, AUDIO, b""), *more]

    mux, at = Mux(), None
    current = tsgen.pmt(3, VIDEO, streams())
    for picture in range(260):
        ts = 9_000 * picture
        key = picture % 10 == 0
        codes = b"\0\0\1\xB3" + b"\x11" * 300 if key else b""
        codes += b"\0\0\1\0" + bytes((0, 8 if key else 16, 0xFF, 0xFF)) + b"\0\0\1\1" + b"\x55" * 300
        mux.add(*tsgen.section_packets(0, tsgen.pat(77, [(3, MAP)])))
        if key:
            mux.add(*tsgen.section_packets(0x1FFB, tsgen.stt(10**9 + ts // 90_000), tsgen.tvct(77)))
        if picture == MAP_CHANGE:
            current = tsgen.pmt(3, VIDEO, streams((6, DATA, b"")), version=1)
        mux.add(*tsgen.section_packets(MAP, current))
        first, *rest = tsgen.pes_packets(VIDEO, tsgen.pes(0xE0, ts, ts, codes), pcr=300 * ts)
        mux.add(first)
        if picture == 160 and in_window:
            current = tsgen.pmt(3, VIDEO, streams(), version=2)
            mux.add(*tsgen.section_packets(MAP, current))
            at = len(mux.packets)
            mux.add(*in_window)
        elif picture >= MAP_CHANGE:
            mux.add(*data_packets(picture))
        mux.add(tsgen.packet(AUDIO, b"\x33" * 184), *rest)
    return mux.packets, at


def data_packets(picture):
    return [tsgen.packet(DATA, bytes((picture & 255,)) * 184)]


@pytest.mark.parametrize("lost", [None, 0, 1, 2])
def test_map_that_changes_in_the_window(tmp_path, lost):
    """The chunk that opens has the PIDs of its own PMT, and its gaps, not those of the PMT in force."""
    packets, at = two_maps(data_packets, in_window=[tsgen.packet(DATA, bytes((n,)) * 184) for n in range(3)])
    if lost is not None:
        del packets[at + lost]
    chunks = compare(b"".join(packets), tmp_path, with_hash=True)
    assert sum(chunk["clean"] for chunk in chunks) == (9 if lost is None else 8)


def test_packets_without_payload_that_the_chunk_does_not_keep(tmp_path):
    packets, _ = two_maps(lambda picture: [tsgen.packet(DATA, control=0x20)])
    at_change = [chunk for chunk in compare(b"".join(packets), tmp_path) if chunk["clean"]]
    assert len(at_change) >= 3


def stills(lone, pictures=90, step=200_000):
    """Pictures so far apart that each step from one to the next is one of §4.1, so that E stands still, and
    now and then a packet on another PID."""
    mux = Mux()
    for picture in range(pictures):
        ts = step * picture
        codes = b"\0\0\1\xB3" + b"\x11" * 8 + b"\0\0\1\0" + bytes((0, 8, 0xFF, 0xFF)) + b"\0\0\1\1" + b"\x55" * 300
        mux.add(*tsgen.section_packets(0, tsgen.pat(77, [(3, MAP)])))
        mux.add(*tsgen.section_packets(MAP, tsgen.pmt(3, VIDEO, [(2, VIDEO, b""), (0x81, AUDIO, b"")])))
        mux.add(*tsgen.pes_packets(VIDEO, tsgen.pes(0xE0, ts, ts, codes), pcr=300 * ts))
        if picture in lone:
            mux.add(tsgen.packet(AUDIO, b"\x33" * 184))
    return b"".join(mux.packets)


@pytest.mark.parametrize("last", [47, 56, 57, 58, 80])
def test_chunk_that_waits_for_ever(tmp_path, last):
    """It is not clean when sixteen others closed behind it, and holds them up no longer."""
    chunks = compare(stills((5, 40, last)), tmp_path)
    assert [number for number, chunk in enumerate(chunks) if not chunk["clean"]][6:8] == \
        ([last, 89] if last < 57 else [40, last])


@pytest.mark.parametrize("chunks_between", [511, 512, 513, 600])
def test_late_gap(tmp_path, chunks_between):
    """§7.5: a gap damages the 512 chunks before the one that shows it, and none that is older."""
    late = 2 + 2 * chunks_between
    stream = stills((2, late - 1, late), pictures=2 * chunks_between + 30, step=90_000)
    packets = [stream[i:i + 188] for i in range(0, len(stream), 188)]
    lost = [i for i, packet in enumerate(packets) if packet[1:3] == b"\x01\x02"][1]
    before, after = compare(stream, tmp_path), compare(b"".join(packets[:lost] + packets[lost + 1:]), tmp_path)
    damaged = [one["damaged"] - other["damaged"] for one, other in zip(after, before)]
    assert set(damaged) == {0, 1} and sum(damaged) == min(chunks_between + 1, 512)


def other_pids(gaps):
    """Three more PIDs than the program has: one with a gap early, one with many gaps, and one with a gap over
    all of them. Only those that overlap are gaps on all."""
    early, many, long = 0x201, 0x202, 0x203
    mux, counts = Mux(), {}

    def other(pid, skip=0):
        counts[pid] = counts.get(pid, -1) + 1 + skip
        one = tsgen.packet(pid, b"\x77" * 184)
        one[3] = one[3] & 0xF0 | counts[pid] & 15
        mux.packets.append(bytes(one))

    begin = [0]
    for picture in range(300):
        ts = 9_000 * picture
        key = picture % 10 == 0
        codes = b"\0\0\1\xB3" + b"\x11" * 8 if key else b""
        codes += b"\0\0\1\0" + bytes((0, 8 if key else 16, 0xFF, 0xFF)) + b"\0\0\1\1" + b"\x55" * 30
        mux.add(*tsgen.section_packets(0, tsgen.pat(77, [(3, MAP)])))
        mux.add(*tsgen.section_packets(MAP, tsgen.pmt(3, VIDEO, [(2, VIDEO, b"")])))
        if key:
            mux.add(*tsgen.section_packets(0x1FFB, tsgen.stt(10**9 + ts // 90_000), tsgen.tvct(77)))
        mux.add(*tsgen.pes_packets(VIDEO, tsgen.pes(0xE0, ts, ts, codes), pcr=300 * ts))
        if picture in (10, 250):
            for n in range(10):
                other(long, skip=picture == 250 and n == 0)
        if picture in (50, 51):
            for n in range(10):
                other(early, skip=picture == 51 and n == 0)
        if picture in (70, 71) or 80 <= picture < 230:
            for n in range(min(10, gaps) if picture >= 80 else 1):
                gaps -= picture >= 80
                for n in range(10):
                    other(many, skip=picture >= 80 and n == 0)
    return b"".join(mux.packets)


@pytest.mark.parametrize("gaps", [10, 1023, 1024, 1025, 1200])
def test_many_gaps(tmp_path, gaps):
    """§7.4: of the gaps before, the last 1,024 are looked at."""
    chunks = compare(other_pids(gaps), tmp_path)
    with_early = [chunk["damaged"] for chunk in chunks[1:3]]
    assert any(with_early) == (gaps < 1024)
    assert sum(chunk["damaged"] for chunk in chunks) >= 5


@pytest.mark.parametrize("fault", ["crc", "not current", "pointer", "two sections", "no program", "nothing"])
def test_canonical_head_that_is_not_ours(tmp_path, fault):
    """§8: the PAT packet's first good section with a program names the PMT; without one there is no PMT."""
    section = bytearray(tsgen.pat(77, [(3, MAP)]))
    other = tsgen.pat(77, [(4, AUDIO)])
    if fault == "not current":
        section = tsgen.with_crc(bytes(section[:5]) + bytes((section[5] & 0xFE,)) + bytes(section[6:-4]))
    elif fault == "crc":
        section[-1] ^= 1
    elif fault == "no program":
        section = tsgen.pat(77, [(0, 0x10)])
    content = {"pointer": b"\x05" + b"\xFF" * 5 + section, "two sections": b"\0" + section + other,
               "nothing": b"\xFF"}.get(fault, b"\0" + section)
    tag = (canonical.CANONICAL + (7).to_bytes(8, "big") + content).ljust(188, b"\xFF")
    mux = Mux()
    mux.packets.append(tag)
    mux.add(*tsgen.section_packets(MAP, tsgen.pmt(3, VIDEO, [(2, VIDEO, b"")])))
    for picture in range(4):
        ts = 9_000 * picture
        mux.add(*tsgen.pes_packets(VIDEO, tsgen.pes(0xE0, ts, ts, b"\0\0\1\0" + b"\x55" * 300)))
    chunk, = compare(b"".join(mux.packets), tmp_path, with_hash=True)
    assert len(chunk["parts"]) == (4 if fault in ("pointer", "two sections") else 1)
    assert (chunk["pts"] is not None) == (fault in ("pointer", "two sections"))


@pytest.mark.parametrize("behind", ["another map", "another program", "another table first"])
def test_canonical_head_with_more_sections(tmp_path, behind):
    """The PMT of a canonical chunk is the first of its program, whatever else its packet holds."""
    ours = tsgen.pmt(3, VIDEO, [(2, VIDEO, b"")])
    sections = {"another map": [ours, tsgen.pmt(3, AUDIO, [(2, AUDIO, b"")])],
                "another program": [tsgen.pmt(4, AUDIO, [(2, AUDIO, b"")]), ours],
                "another table first": [tsgen.tvct(77), ours]}[behind]
    tag = bytearray(tsgen.section_packets(0, tsgen.pat(77, [(3, MAP)]))[0])
    section = tsgen.pat(77, [(3, MAP)])
    tag[:] = (canonical.CANONICAL + (7).to_bytes(8, "big") + b"\0" + section).ljust(188, b"\xFF")
    mux = Mux()
    for chunk in range(3):
        mux.packets.append(bytes(tag))
        mux.add(*tsgen.section_packets(MAP, *sections))
        for picture in range(4):
            ts = 9_000 * (4 * chunk + picture)
            mux.add(*tsgen.pes_packets(VIDEO, tsgen.pes(0xE0, ts, ts, b"\0\0\1\0" + b"\x55" * 300)))
            mux.add(*tsgen.pes_packets(AUDIO, tsgen.pes(0xC0, ts, ts, b"\x55" * 100)))
    chunks = compare(b"".join(mux.packets), tmp_path, with_hash=True)
    assert [len(chunk["parts"]) for chunk in chunks] == [4] * 3
