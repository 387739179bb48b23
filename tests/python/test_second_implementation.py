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
