# SPDX-License-Identifier: LGPL-2.1-or-later
"""`ec publish` through `ec relay`, and straight, to subscribers: byte for byte what `ec chunk` makes of the same tuner."""

import contextlib

import pytest

from moqlab import EC, Process, Publisher, Recorder, Reference, Relay, Tuner, check_stream, split_chunks

pytestmark = pytest.mark.skipif(not EC.exists(), reason=f"there is no {EC}; set EC_BUILD_DIR")

SIZE = 1_200_000  # bytes that are received: half a dozen chunks and more


@pytest.fixture
def lab():
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


def test_two_subscribers(lab, tmp_path):
    """One over QUIC, one over WebTransport and late; every chunk verified."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), relay))
    name = publisher.wait_source()
    first = lab(Recorder(relay.uri(name), tmp_path / "first.ts"))
    first.wait_size(SIZE // 3)
    broadcast = publisher.wait_broadcast()
    second = lab(Recorder(relay.uri(broadcast, "https", publisher=publisher.node), tmp_path / "second.ts"))
    second.wait_size(SIZE // 2)
    first.wait_size(SIZE)
    told = [first.finish(), second.finish()]
    assert publisher.stop() == 0, publisher.errors
    chunks = reference.finish()
    for outcome, recorder in zip(told, (first, second)):
        assert check_stream(recorder.path.read_bytes(), chunks) >= 2
        assert outcome["forged"] == outcome["lost"] == outcome["discontinuities"] == 0
        assert outcome["verified"] >= outcome["chunks"] - 2 > 0


def test_same_address(lab):
    """`ec subscribe` takes the address that `ec record` takes."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    publisher = lab(Publisher(tuner.channel(), relay))
    uri = relay.uri(publisher.wait_source(), track="chunks", publisher=publisher.node)
    dump = lab(Process("subscribe", uri, "--json", "--objects", "20"))
    assert dump.join() == 0, dump.errors
    assert [line["kind"] for line in dump.lines].count("object") == 20
    assert all(line["bytes"] % 188 == 0 for line in dump.lines if line["kind"] == "object")
    catalog = lab(Process("subscribe", relay.uri(publisher.source_name), "--json", "--objects", "1"))
    assert catalog.join() == 0, catalog.errors


def test_straight(lab, tmp_path):
    """Without a relay: the publisher is dialled."""
    tuner = lab(Tuner("127.0.0.2"))
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), options=["--listen", "127.0.0.1:0", "--name", "home/5.1"]))
    assert publisher.wait_source() == "home/5.1"
    place = publisher.wait_for("address", lambda line: line.get("addresses"))
    uri = f"moqt://{place['addresses'][0]}/home/5.1?hash={place['certificate_hashes'][0]}&publisher={publisher.node}"
    recorder = lab(Recorder(uri, tmp_path / "first.ts"))
    recorder.wait_size(SIZE // 2)
    # The publisher's end is the track's, and the subscriber's.
    assert publisher.stop() == 0, publisher.errors
    assert recorder.join() == 0, recorder.errors
    assert recorder.lines[-1]["forged"] == 0 and recorder.lines[-1]["verified"] >= 2
    assert check_stream(recorder.path.read_bytes(), reference.finish()) >= 2


def test_chunk_again(lab, tmp_path):
    """`ec chunk` of a broadcast: the same chunks, and as clean as the publisher says."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), relay))
    publisher.wait_source()
    name = publisher.wait_broadcast()
    again = lab(Process("chunk", relay.uri(name, publisher=publisher.node), "--json", "-n", "4", "--out", tmp_path / "again"))
    assert again.join() == 0, again.errors
    assert publisher.stop() == 0, publisher.errors
    chunks = reference.finish()
    for line in again.lines[1:]:
        assert line["clean"] and line["sync"] == "clock", line
        if line["index"] in chunks and chunks[line["index"]][0]:
            assert open(line["file"], "rb").read() == chunks[line["index"]][1]
    assert len(again.lines) == 4


def test_damage(lab, tmp_path):
    """A bad antenna: the broadcast's own name carries no damage, and the source's own fills what is missing there."""
    tuner, relay = lab(Tuner("127.0.0.2", "--loss", "0.0004")), lab(Relay())
    publisher = lab(Publisher(tuner.channel(), relay))
    source = publisher.wait_source()
    name = publisher.wait_broadcast()
    filled = lab(Recorder(relay.uri(name, source=source), tmp_path / "filled.ts"))
    everything = lab(Recorder(relay.uri(source), tmp_path / "everything.ts"))
    publisher.wait_for("a reset", lambda line: line.get("n_reset", 0) >= 2 and line["n_clean"] >= 3)
    filled.wait_size(SIZE // 2)
    outcomes = [filled.finish(), everything.finish()]
    assert publisher.stop() == 0, publisher.errors
    all_chunks = dict(split_chunks(everything.path.read_bytes())[:-1])
    got = split_chunks(filled.path.read_bytes())[:-1]
    common = [index for index, _ in got if index in all_chunks]
    assert len(common) >= 3
    for index, data in got:
        assert data == all_chunks.get(index, data)
    # Nothing is missing between the first and the last.
    assert common == [index for index in all_chunks if common[0] <= index <= common[-1]]
    assert outcomes[0]["filled"] > 0 and outcomes[0]["forged"] == outcomes[1]["forged"] == 0


def test_protected(lab):
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    publisher = lab(Publisher(tuner.channel("5.4"), relay))
    assert publisher.join() == 1
    assert "protected (DRM)" in "".join(publisher.errors)


def test_comes_back(lab, tmp_path):
    """The only publisher is killed, and started again: the subscriber waits, and goes on."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), relay))
    publisher.wait_source()
    name = publisher.wait_broadcast()
    recorder = lab(Recorder(relay.uri(name), tmp_path / "received.ts"))
    recorder.wait_size(SIZE // 4)
    publisher.kill()
    size = recorder.size()
    again = lab(Publisher(tuner.channel(), relay))
    recorder.wait_size(size + SIZE // 4)
    outcome = recorder.finish()
    assert again.stop() == 0, again.errors
    # Only the chunk that was open when it was killed is cut off.
    received, chunks = split_chunks(recorder.path.read_bytes()), reference.finish()
    cut = [index for index, data in received[:-1] if index in chunks and chunks[index][0] and data != chunks[index][1]]
    assert len(cut) <= 1 and check_stream(recorder.path.read_bytes(), {
        index: chunk for index, chunk in chunks.items() if index not in cut}, whole=False) >= 1
    assert outcome["lost"] >= 1 and outcome["reconnects"] >= 1, outcome
