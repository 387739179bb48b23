# SPDX-License-Identifier: LGPL-2.1-or-later
"""`ec publish` through `ec relay`, and straight, to subscribers: byte for byte what `ec chunk` makes of the same tuner."""

import contextlib
import re
import signal
import socket
import subprocess
import time
import types

import pytest

from moqlab import (BUILD, CERTIFICATE, EC, Process, Publisher, Recorder, Reference, Relay, Tuner, check_stream,
                    split_chunks)

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


def test_publish_again(lab, tmp_path):
    """What is received is a source: it is published again with the same chunks, and so is a recording of it."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), relay))
    publisher.wait_source()
    uri = relay.uri(publisher.wait_broadcast(), publisher=publisher.node)
    again = lab(Publisher(uri, relay, options=["--name", "again/5.1"]))
    assert again.wait_source() == "again/5.1"
    relay.wait_for("the name", lambda line: line.get("name") == "again/5.1")
    live = lab(Recorder(relay.uri("again/5.1", publisher=again.node), tmp_path / "live.ts"))
    live.wait_size(150_000)
    outcome = live.finish()
    assert again.stop() == 0, again.errors
    assert publisher.stop() == 0, publisher.errors
    assert outcome["forged"] == outcome["lost"] == 0, outcome
    assert check_stream(live.path.read_bytes(), reference.finish()) >= 1
    file = lab(Publisher(live.path, relay, options=["--name", "file/5.1"]))
    assert file.wait_source() == "file/5.1"
    file.wait_for("a chunk", lambda line: line.get("n_chunks"))
    assert file.stop() == 0, file.errors


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


def check_cut(data, chunks):
    """Of what was received, only the chunk that was open when it broke off is cut off."""
    cut = [index for index, received in split_chunks(data)[:-1]
           if index in chunks and chunks[index][0] and received != chunks[index][1]]
    assert len(cut) <= 1
    return check_stream(data, {index: chunk for index, chunk in chunks.items() if index not in cut}, whole=False)


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
    assert check_cut(recorder.path.read_bytes(), reference.finish()) >= 1
    assert outcome["lost"] >= 1 and outcome["reconnects"] >= 1, outcome


def wait_error(process, text, seconds=60):
    deadline = time.monotonic() + seconds
    while not any(text in line for line in list(process.errors)):
        assert process.process.poll() is None and time.monotonic() < deadline, (text, process.errors)
        time.sleep(0.05)


def test_tells_losses(lab, tmp_path):
    """The relay is killed, and started again: the recorder says so once, each, and goes on."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay(*CERTIFICATE))
    publisher = lab(Publisher(tuner.channel(), relay))
    recorder = lab(Recorder(relay.uri(publisher.wait_source()), tmp_path / "received.ts"))
    recorder.wait_size(SIZE // 4)
    relay.kill()
    wait_error(recorder, "tried again and again")
    size = recorder.size()
    lab(Relay(*CERTIFICATE, listen=relay.address))
    recorder.wait_size(size + SIZE // 4)
    wait_error(recorder, "it goes on, after")
    outcome = recorder.finish()
    assert publisher.stop() == 0, publisher.errors
    assert len(recorder.errors) == 2 and all(line.startswith("ec record: ") for line in recorder.errors), recorder.errors
    assert "error" not in outcome and outcome["seconds"] == round(outcome["seconds"], 6)


@pytest.mark.parametrize("wrong", ["nobody", "certificate"])
def test_unreached(lab, wrong):
    """A publisher that reached nobody all the time failed, and says why; one that nobody visited did not."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = relay.address if wrong == "certificate" else "127.0.0.1:%d" % nobody.getsockname()[1]
        command = ["publish", tuner.channel(), "--relay", f"moqt://{address}", "--certificate-hash", "0" * 64]
        failed = lab(Process(*command, "--json", "--duration", "2"))
        assert failed.join() == 1
        also = subprocess.run([EC, *command, "--duration", "2"], capture_output=True, text=True, timeout=60)
    last = failed.lines[-1]
    assert last["type"] == "stopped" and 2 <= last["seconds"] < 30
    assert last["error"].startswith("nothing was published to anybody")
    assert last["error"] in "".join(failed.errors) and also.returncode == 1
    if wrong == "certificate":
        assert "did not prove who it is" in last["error"] and "did not prove who it is" in also.stderr.splitlines()[-1]
    alone = lab(Process("publish", tuner.channel(), "--listen", "127.0.0.1:0", "--json", "--duration", "1"))
    assert alone.join() == 0, alone.errors
    assert alone.lines[-1]["error"] is None and alone.lines[-1]["max_subscribers"] == 0


def test_summary(lab, tmp_path):
    """At the end it is said what was published, as text and as JSON."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    publisher = lab(Publisher(tuner.channel(), relay))
    recorder = lab(Recorder(relay.uri(publisher.wait_source()), tmp_path / "received.ts"))
    recorder.wait_size(SIZE // 2)
    publisher.wait_for("subscriber", lambda line: line.get("n_subscribers"))
    recorder.finish()
    assert publisher.stop() == 0, publisher.errors
    last = publisher.lines[-1]
    assert last["type"] == "stopped" and last["error"] is None
    assert last["n_chunks"] >= 1 and last["n_bytes"] >= SIZE // 2 and last["max_subscribers"] >= 1
    assert last["seconds"] == round(last["seconds"], 6) > 0
    told = subprocess.run([EC, "publish", tuner.channel(), "--duration", "2", "--relay", f"moqt://{relay.address}",
                           "--certificate-hash", relay.hash], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert re.search(r"^\d+ chunks, .* in \d+\.\d s, at most \d+ subscribers at a time$", told.stderr, re.MULTILINE)


def wait_relay(publisher, relay, what, matches):
    """News of one of its relays, from now on."""
    return publisher.next(what, lambda line: line.get("uri", "").endswith(relay.address) and matches(line))


def test_goes_elsewhere(lab, tmp_path):
    """A relay that sends its publishers elsewhere: there is another session, and who reads at the old one misses nothing."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay())
    count = 150
    old = lab(Process(f"moqt://{relay.address}", count, program=BUILD / "tests" / "share" / "leaver"))
    told = old.wait_for("address", lambda line: "address" in line)
    publisher = lab(Publisher(tuner.channel(), types.SimpleNamespace(**told),
                              options=["--certificate-hash", relay.hash, "--source-only", "--name", "home/5.1"]))
    assert publisher.wait_source() == "home/5.1"
    old.wait_for("goaway", lambda line: "goaway" in line)
    relay.wait_for("the name", lambda line: line.get("name") == "home/5.1")
    recorder = lab(Recorder(relay.uri("home/5.1", publisher=publisher.node), tmp_path / "new.ts"))
    recorder.wait_size(50_000)
    assert not any("enough" in line for line in old.lines), "it was not elsewhere while somebody read at the old one"
    old.wait_for("objects", lambda line: "enough" in line)
    # Once nobody reads there any more it leaves, long before it must.
    closed = old.wait_for("end", lambda line: "closed" in line, seconds=10)
    assert "GOAWAY_TIMEOUT" not in closed["closed"]
    objects = [(line["group"], line["object"]) for line in old.lines if "group" in line]
    assert len(objects) == 2 * count
    for before, after in zip(objects, objects[1:]):
        assert after in ((before[0], before[1] + 1), (after[0], 0)) and after > before, (before, after)
    outcome = recorder.finish()
    assert outcome["lost"] == outcome["forged"] == outcome["discontinuities"] == 0, outcome
    assert publisher.stop() == 0, publisher.errors
    assert len({line["source"] for line in publisher.lines if line.get("source")}) == 1


def test_drain(lab, tmp_path):
    """A relay that is stopped serves its viewers until it is over; when it is there again, all go on by themselves."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay(*CERTIFICATE, "--drain", "5"))
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), relay, options=["--source-only"]))
    name = publisher.wait_source()
    recorder = lab(Recorder(relay.uri(name), tmp_path / "received.ts"))
    recorder.wait_size(200_000)
    relay.process.send_signal(signal.SIGINT)
    wait_relay(publisher, relay, "word of it", lambda line: line["state"] == "waiting" and line["error"])
    size = recorder.size()
    recorder.wait_size(size + 100_000, seconds=5)
    assert relay.process.poll() is None
    assert relay.join() == 0, relay.errors
    size = recorder.size()
    drained = recorder.path.read_bytes()
    again = lab(Relay(*CERTIFICATE, listen=relay.address))
    wait_relay(publisher, again, "session", lambda line: line["state"] == "connected")
    recorder.wait_size(size + 150_000)
    outcome = recorder.finish()
    assert publisher.stop() == 0, publisher.errors
    assert publisher.source_name == name and outcome["reconnects"] >= 1
    chunks = reference.finish()
    assert check_stream(drained[: len(drained) // 188 * 188], chunks) >= 1
    assert check_cut(recorder.path.read_bytes(), chunks) >= 1


def test_two_relays(lab, tmp_path):
    """One of two relays dies and comes back: nobody at the other notices."""
    tuner = lab(Tuner("127.0.0.2"))
    relays = [lab(Relay(*CERTIFICATE)), lab(Relay())]
    reference = lab(Reference(tuner, tmp_path / "reference"))
    publisher = lab(Publisher(tuner.channel(), *relays))
    publisher.wait_source()
    name = publisher.wait_broadcast()
    steady = lab(Recorder(relays[1].uri(name), tmp_path / "steady.ts"))
    steady.wait_size(50_000)
    relays[0].kill()
    again = lab(Relay(*CERTIFICATE, listen=relays[0].address))
    wait_relay(publisher, again, "session", lambda line: line["state"] == "connected")
    second = lab(Recorder(again.uri(name), tmp_path / "second.ts"))
    second.wait_size(100_000)
    outcomes = [steady.finish(), second.finish()]
    assert publisher.stop() == 0, publisher.errors
    chunks = reference.finish()
    for recorder, outcome in zip((steady, second), outcomes):
        assert check_stream(recorder.path.read_bytes(), chunks) >= 1
        assert outcome["lost"] == outcome["reconnects"] == 0, outcome


def test_contested(lab, tmp_path):
    """Somebody serves the broadcast's name with other bytes: it stays that one's, and the source's own goes on."""
    tuner, there, here = lab(Tuner("127.0.0.2")), lab(Relay()), lab(Relay())
    reference = lab(Reference(tuner, tmp_path / "reference"))
    honest = lab(Publisher(tuner.channel(), there))
    honest.wait_source()
    name = honest.wait_broadcast()
    forger = lab(Process(f"moqt://{there.address}", there.hash, name, f"moqt://{here.address}", here.hash,
                         program=BUILD / "tests" / "share" / "forger"))
    forger.wait_for("objects", lambda line: line.get("group"))
    publisher = lab(Publisher(tuner.channel(), here))
    source = publisher.wait_source()
    # The first chunk of a run is not certain to be what others have.
    publisher.wait_for("a chunk", lambda line: line.get("n_chunks"))
    recorder = lab(Recorder(here.uri(source), tmp_path / "received.ts"))
    publisher.wait_for("claim", lambda line: line.get("claim") == "contested")
    told = publisher.wait_for("word of it", lambda line: line.get("contested"))
    assert told["broadcast"] is None and told["source"] == source
    size = recorder.size()
    recorder.wait_size(size + 100_000)
    outcome = recorder.finish()
    assert publisher.stop() == 0, publisher.errors
    assert not any(line.get("claim") == "granted" for line in publisher.lines)
    assert outcome["forged"] == outcome["lost"] == 0 and outcome["verified"] >= 1, outcome
    assert check_stream(recorder.path.read_bytes(), reference.finish()) >= 1


def node_id(path):
    return subprocess.run([EC, "id", "--new", "--file", path], capture_output=True, text=True, check=True).stdout.strip()


def token(path, *what):
    return subprocess.run([EC, "id", "--file", path, *what], capture_output=True, text=True, check=True).stdout.strip()


def test_refused(lab, tmp_path):
    """What a relay does not take is told, in words; what is no name is not tried at all."""
    tuner, relay = lab(Tuner("127.0.0.2")), lab(Relay("--allow", "home=none"))
    publisher = lab(Publisher(tuner.channel(), relay, options=["--name", "home/5.1", "--source-only"]))
    told = publisher.wait_for("refusal", lambda line: line.get("state") == "connected" and line["error"])
    assert "home/5.1 was refused (UNAUTHORIZED)" in told["error"]
    assert publisher.stop() == 0, publisher.errors
    for name in ("home//5.1", ""):
        bad = lab(Process("publish", tuner.channel(), "--json", "--listen", "127.0.0.1:0", "--name", name))
        assert bad.join() == 2 and "is no name to publish under" in "".join(bad.errors)


def two_antennas(lab, relay, first, second):
    """Two publishers of one station, each with its options; the first has the broadcast's name."""
    tuners = [lab(Tuner("127.0.0.2", "--device-id", "10A12347")), lab(Tuner("127.0.0.3", "--device-id", "10A1235C"))]
    publishers = [lab(Publisher(tuners[0].channel(), relay, options=first))]
    publishers[0].wait_source()
    name = publishers[0].wait_broadcast()
    publishers.append(lab(Publisher(tuners[1].channel(), relay, options=second)))
    publishers[1].wait_source()
    return tuners, publishers, name


def check_claims(publisher):
    """What is refused is never said to be used."""
    for line in publisher.drain():
        assert line.get("claim") != "granted" or line["error"] is None, line
        assert line.get("claim") != "refused" or "was refused (UNAUTHORIZED)" in line["error"], line


def test_claim_refused(lab):
    """Two publishers without a key at a relay that lets the first one in: the second is told, and has it once the first is gone."""
    relay = lab(Relay(allow=()))
    tuners, (first, second), name = two_antennas(lab, relay, [], [])
    told = second.wait_for("claim", lambda line: line.get("claim") == "refused")
    assert f"{name} was refused (UNAUTHORIZED): somebody else, who has shown no key," in told["error"]
    # In words, with what can be done about it.
    words = subprocess.run([EC, "publish", tuners[1].channel(), "--relay", f"moqt://{relay.address}", "--certificate-hash",
                            relay.hash, "--duration", "12"], capture_output=True, text=True, timeout=60)
    assert "the relay refuses it" in words.stderr and "published, too" not in words.stderr, words.stderr
    assert "Show the relay who you are with --identity" in words.stderr, words.stderr
    assert not any(line.get("claim") == "granted" for line in second.drain())
    assert first.stop() == 0, first.errors
    # It is asked again every half minute.
    second.wait_for("claim", lambda line: line.get("claim") == "granted")
    assert second.stop() == 0, second.errors
    for publisher in (first, second):
        check_claims(publisher)


def test_claim_refused_key(lab, tmp_path):
    """Likewise with keys; who has shown one already is not told to show one."""
    relay = lab(Relay(allow=()))
    paths = [tmp_path / "first", tmp_path / "second"]
    keys = [node_id(path) for path in paths]
    tuners, (first, second), _ = two_antennas(lab, relay, ["--identity", paths[0]], ["--identity", paths[1]])
    told = second.wait_for("claim", lambda line: line.get("claim") == "refused")
    assert "another key publishes this already" in told["error"]
    words = subprocess.run([EC, "publish", tuners[1].channel(), "--relay", f"moqt://{relay.address}", "--certificate-hash",
                            relay.hash, "--duration", "12", "--identity", paths[1]],
                           capture_output=True, text=True, timeout=60)
    assert f"ec relay --allow PREFIX={keys[1]}" in words.stderr, words.stderr
    assert "Show the relay who you are" not in words.stderr and "published, too" not in words.stderr, words.stderr
    assert second.stop() == first.stop() == 0, second.errors
    check_claims(second)


@pytest.mark.parametrize("way", ["keys", "anybody", "delegation"])
def test_claim_shared(lab, tmp_path, way):
    """The ways of letting both antennas in that ec-relay(1) names: either goes on without the other."""
    paths = [tmp_path / "first", tmp_path / "second"]
    keys = [node_id(path) for path in paths]
    options = [["--identity", path] for path in paths]
    if way == "delegation":
        options[1] += ["--token", token(paths[0], "--delegate", keys[1], "--prefix", "ec/v1")]
    relay = lab(Relay(allow={"keys": [f"ec/v1={key}" for key in keys], "anybody": ["ec/v1=any"], "delegation": []}[way]))
    if way == "anybody":
        options = [[], []]
    _, (first, second), name = two_antennas(lab, relay, *options)
    assert second.wait_broadcast() == name
    recorder = lab(Recorder(relay.uri(name), tmp_path / "received.ts"))
    recorder.wait_size(100_000)
    first.kill()
    recorder.wait_size(recorder.size() + 200_000)
    outcome = recorder.finish()
    assert outcome["lost"] == outcome["discontinuities"] == outcome["forged"] == 0, outcome
    assert second.stop() == 0, second.errors
    check_claims(second)


def test_token(lab, tmp_path):
    """Relays that want to know who it is: a delegate with its delegation, a secret, a subscriber's proof."""
    owner, delegate, secret = tmp_path / "owner", tmp_path / "delegate", tmp_path / "secret"
    secret.write_text("open sesame\n")
    who = node_id(owner)
    tuner = lab(Tuner("127.0.0.2"))
    relay = lab(Relay("--allow", f"home={who}", "--token", secret, "--allow-subscribe", f"home={who}"))
    delegation = token(owner, "--delegate", node_id(delegate), "--prefix", "home")
    options = ["--name", "home/5.1", "--source-only"]

    def refusal(*more):
        publisher = lab(Publisher(tuner.channel(), relay, options=[*options, *more]))
        publisher.wait_source()
        line = publisher.wait_for("answer", lambda line: line.get("state") == "connected" and line["error"])
        assert publisher.stop() == 0, publisher.errors
        return line["error"]

    assert "UNAUTHORIZED" in refusal("--identity", delegate)
    # Without a proof of whom it is for, a delegation is nobody's.
    assert "UNAUTHORIZED" in refusal("--token", delegation)
    assert "UNAUTHORIZED" in refusal("--token", "close sesame")
    for count, more in enumerate((["--identity", delegate, "--token", delegation], ["--token", f"@{secret}"]), 1):
        publisher = lab(Publisher(tuner.channel(), relay, options=[*options, *more]))
        publisher.wait_source()
        # It may have been published before its own publisher has said so.
        relay.wait_for("the name", lambda _: count <= sum(line["type"] == "namespace-published" and line["name"] == "home/5.1"
                                                          for line in relay.lines))
        if more[0] == "--token":
            break
        assert publisher.stop() == 0, publisher.errors

    proof = token(owner, "--prove", relay.address)
    dump = ["subscribe", relay.uri("home/5.1", track="chunks"), "--json", "--objects", "5"]
    stranger = lab(Process(*dump))
    assert stranger.join() == 1 and "UNAUTHORIZED" in "".join(stranger.errors)
    friend = lab(Process(*dump, "--token", proof))
    assert friend.join() == 0, friend.errors
    recorder = lab(Recorder(relay.uri("home/5.1", publisher=publisher.node, token=proof), tmp_path / "received.ts"))
    recorder.wait_size(50_000)
    assert recorder.finish()["forged"] == 0
    assert publisher.stop() == 0, publisher.errors
