#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the seeds of the fuzz targets, the same at every run.

    make-seeds.py FOLDER        one folder a target
"""

import json
import pathlib
import random
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))

import canonical    # noqa: E402
import tsgen        # noqa: E402

# Small stations: a fuzzer sees what there is in a stream by how often it can run it.
tsgen.RATE, tsgen.FPS = 24, 4
KINDS, VIDEOS = ("atsc", "dvb", "isdb", "none"), ("mpeg2", "h264", "hevc", "audio")


class Station(tsgen.Station):
    def audio_stream(self, pid, begin, every, stream_id):
        super().audio_stream(pid, begin, every * (1 if self.video == "audio" else 8), stream_id)


class Pictures(tsgen.Pictures):
    def noise(self, size):
        return super().noise(size // 8 + 1 if size > 100 else size)


tsgen.Station, tsgen.Pictures = Station, Pictures


def thin(data):
    """Without null packets and the other program, where the framing is plain: a third is left."""
    packets = [data[at:at + 188] for at in range(0, len(data), 188)]
    if any(one[0] != 0x47 or len(one) != 188 for one in packets):
        return data[:120_000]
    return b"".join(one for one in packets if tsgen.pid_of(one) not in (0x1FFF, tsgen.OTHER_PID))


def streams():
    """Name and bytes of streams that open chunks, each with something odd about it."""
    for number, anomaly in enumerate((None, None, *sorted(tsgen.ANOMALIES))):
        rng = random.Random(f"seed {number}")
        kind, video = KINDS[number % 4], rng.choice(VIDEOS)
        stride = 188 if number % 8 else rng.choice((192, 204))
        anomalies = (anomaly,) if anomaly else ()
        yield anomaly or f"plain-{number}", thin(tsgen.generate(kind, video, 14, number, anomalies, stride))


def chunker():
    """Four bytes that say how to feed it, then the stream: see fuzz-chunker.c."""
    for number, (name, data) in enumerate(streams()):
        yield name, bytes((number, 0x82 if number % 6 == 5 else 0, 0, 0)) + data
    chunks = canonical.chunks(next(streams())[1])
    yield "canonical", b"\0\0\0\0" + b"".join(b"".join(chunk.parts) for chunk in chunks)


def framer():
    for number, (name, data) in enumerate(streams()):
        if number % 5 == 0:
            yield name, bytes((number, 0)) + data[:4000]


def section():
    """Sections one behind the other with two bytes of flags and length each: see fuzz-ts-section.c."""
    tables = [
        (0x100, tsgen.pat(5, [(3, 0x100), (4, 0x200)])),
        (0x100, tsgen.pmt(3, 0x101, [(2, 0x101, b""), (6, 0x102, b"\x6A\x00"), (0x81, 0x103, b"\x0A\x04eng\0")])),
        (0x1FFB, tsgen.stt(1_456_401_618)), (0x1FFB, tsgen.tvct(5, 40)),
        (0x11, tsgen.sdt(5, 0x2114, 20)), (0x14, tsgen.tdt(tsgen.UNIX)), (0x14, tsgen.tot(tsgen.UNIX)),
    ]
    for number, (pid, table) in enumerate(tables):
        which = {0x100: 0, 0x1FFB: 1, 0x11: 2, 0x14: 3}[pid]
        one = bytes((which | 0x80 | len(table) >> 8 << 3, len(table) & 0xFF)) + table
        yield str(number), b"\x01" + one + one
    packets = b"".join(bytes(one) for one in tsgen.section_packets(0x100, tables[1][1] * 3, tables[0][1]))
    yield "packets", b"\x00" + packets


def rap():
    for number, text in enumerate((
            "|B3 11 |B8 22 |00 00 08", "|B3 11 |00 00 10", "|67 11 |65", "|67 11 |41 88", "|67 11 |06 06 01 C4 80 |41 9A",
            "|67 11 |06 01 04 00 00 03 00 11 06 01 C4 80 |", "|42 01 11 |26", "|40 01 |42 01 |44 01 |4E |2A")):
        data = bytes.fromhex(text.replace("|", "000001"))
        yield str(number), bytes((number % 4, 9)) + data


def pes():
    yield "video", bytes(tsgen.pes_packets(0x101, tsgen.pes(0xE0, 90_000, 86_400, b"\0\0\1\xB3"), 27_000_000)[0])
    yield "audio", bytes(tsgen.pes_packets(0x102, tsgen.pes(0xBD, 2**33 - 1, None, b"\x0B\x77"))[0])


def manifest():
    for number, (_, data) in zip(range(4), streams()):
        for chunk in canonical.chunks(data)[2:4]:
            yield f"{number}-{chunk.index}", chunk.manifest().encode()


def jws():
    yield "empty", b"\0"
    for mode in range(4):
        yield f"mode-{mode}", bytes((mode, 17)) + b'{"format":"ts-canonical-1"}'


def token():
    """ECP-0006 without its signature, which fuzz-token.c makes."""
    prefix = b"\2\0\2ec\0\2v1"
    head = bytes(32) + (1893456000).to_bytes(8, "big") + prefix
    yield "raw", b"\0ECT1\1" + head
    yield "delegation", b"\1ECT1\1" + head + bytes(32)
    yield "proof", b"\1ECT1\2" + head + b"\0\5a.b:1"


def identity():
    yield "key", bytes(range(32)).hex().encode() + b"\n"
    yield "raw", bytes(range(32))


def rtp():
    packets = b"\x47\x1F\xFF\x10" + b"\xFF" * 184
    data = b""
    for sequence in (65_534, 65_535, 1, 0, 2, 2, 60):
        one = bytes((0x80, 33)) + sequence.to_bytes(2, "big") + bytes(8) + packets
        data += len(one).to_bytes(2, "big") + one
    yield "overtaken", data


def hdhr():
    """A byte that says which answer of a device it is, then the answer: see fuzz-hdhr.c."""
    yield "packet", b"\0" + bytes.fromhex("00030018010400000001020410a12347100102") + b"\x2a\x09http://a/"
    yield "discover", b"\1" + json.dumps({
        "FriendlyName": "T", "ModelNumber": "HDHR5-4US", "DeviceID": "10A12347", "BaseURL": "http://192.168.1.5",
        "LineupURL": "http://192.168.1.5/lineup.json", "TunerCount": 4}).encode()
    yield "lineup", b"\2" + json.dumps([{
        "GuideNumber": "5.1", "GuideName": "KEC", "VideoCodec": "MPEG2", "HD": 1, "SignalStrength": 90,
        "Tags": "favorite,drm", "URL": "http://192.168.1.5:5004/auto/v5.1"}, {"GuideNumber": 9, "DRM": "1"}]).encode()
    yield "status", b"\3" + json.dumps({"ScanInProgress": 1, "Progress": "50", "Found": 3}).encode()
    yield "tuners", b"\4" + json.dumps([{"Resource": "tuner0", "VctNumber": "5.1", "Frequency": 473000000}]).encode()


def psi_peek():
    for number, (name, data) in enumerate(streams()):
        if number % 6 == 0:
            yield name, data[:8000]


def moqt_message():
    """A byte for the draft (0: the newest) and who sends, then messages: see fuzz-moqt-message.c."""
    for number, text in enumerate((
            "20001b0601022f6101406401050301746f6b0150000103683a3102026563",
            "1500024064",
            "1a00024064",
            "070009010208671001020a03",
            "050007011043e9026e6f",
            "0300270101046c69766505766964656f0702538801050301746f6b0d001040c80104040a031401021007",
            "04000d01050109020a03025388090178",
            "0200050301011001",
            "0a000101",
            "1d00190101046c69766505766964656f40400209020a0307010e4080",
            "1e00050101204040",
            "0b0006010605026e6f",
            "0b000b0105ffffffffffffffff00",
            "160016020101046c69766505766964656f0503140001204080",
            "1600050402020300",
            "1600050603020500",
            "18000802010a0300046710",
            "17000102",
            "0d000e0101046c69766505766964656f00",
            "0600080101046c69766500",
            "08000601046c697665",
            "0e000100",
            "09000101",
            "0c00050101026e6f",
            "1100090101046c6976650200",
            "1100090101046c6976650000",
            "11000401000100",
            "06000a0101046c697665011007",
            "400a000480000001",
            "050005017fff0000",
            "050007010000036eff6f")):
        yield f"1-{number}", bytes((1,)) + bytes.fromhex(text)
    for number, text in enumerate((
            "21000401024064",
            "1000020175")):
        yield f"3-{number}", bytes((3,)) + bytes.fromhex(text)
    for number, text in enumerate((
            "af00001701022f6102050301746f6b0190000103683a3102026563",
            "100003000503",
            "07000a0208a710010a0304a710",
            "1e0003012040",
            "0500061083e9026e6f",
            "03002a0101046c69766505766964656f0902938801050301746f6b010002050a0010c80104040a030a01021007",
            "04000b0501090a03029388090178",
            "02000b030210012401046c697665",
            "1d00180101046c69766505766964656f808002090a0307010e8080",
            "0b00050505026e6f",
            "0b000b06ff3fffffffffffffff00",
            "160017020101046c69766505766964656f05031400020a051680",
            "1600050402020300",
            "1600050603020500",
            "180007010a030004a710",
            "0d000e0101046c69766505766964656f00",
            "0600080101046c69766500",
            "060003010000",
            "08000601046c697665",
            "0e000100",
            "5000080101046c69766500",
            "51000a0101046c697665011000",
            "0f000c01046c69766505766964656f")):
        yield f"0-{number}", bytes((0,)) + bytes.fromhex(text)
    for number, text in enumerate((
            "af000000",
            "af00000c0205809b02abcd0001010105",
            "100005017583e804",
            "100004017583e8",
            "050011340000017501046c69766505766964656f",
            "050006340000000000",
            "05000b3400000001046c69766500")):
        yield f"2-{number}", bytes((2,)) + bytes.fromhex(text)


def moqt_stream():
    """A byte for the draft, the order, and datagrams, then heads without payloads: see fuzz-moqt-stream.c."""
    for number, (flags, text) in enumerate((
            (1, "100105800001020003"),
            (1, "3d0540640307033c41010100000000"),
            (1, "120103800501000004"),
            (1, "05041c0500800100013f0609020702040100404c070000"),
            (1, "0504408c050a410c06001c07018000"),
            (1, "05001f01020304000100020014090500"),
            (0, "500105800001020003"),
            (0, "7d05640307033c81010100000000"),
            (0, "05041c0500800100013f0009020702040100440300"),
            (2, "05041c050080000c010000"),
            (0, "05041c05048000080000"),
            (0, "0504808c050a810c06001c00018000"),
            (0, "f0132b3e28"),
            (5, "0001020380eeee"),
            (5, "0f404002020405ee"),
            (5, "200102058003"),
            (5, "2c010204"),
            (4, "0001020380eeee"),
            (4, "0f808002020405ee"),
            (4, "200102058003"))):
        yield str(number), bytes((flags,)) + bytes.fromhex(text)


def moqt_catalog():
    """Catalogs, one a line."""
    track = {"name": "chunks", "namespace": "a/b", "packaging": "m2ts", "isLive": True, "targetLatency": 4000,
             "role": "video", "mimeType": "video/mp2t", "framerate": 29.97, "bitrate": 6000000, "m2tsPacketSize": 188,
             "m2tsProgramNumber": 3, "m2tsSiPids": [17, 18], "m2tsRandomAccess": True, "initRef": "i"}
    root = json.dumps({"version": "draft-01", "generatedAt": 1746104606044, "tracks": [track, dict(track, name="b")],
                       "initDataList": [{"id": "i", "type": "inline", "data": "AAA="}]})
    deltas = [{"op": "add", "tracks": [dict(track, name="c", packaging="new")]},
              {"op": "clone", "tracks": [{"parentName": "b", "parentNamespace": "a/b", "name": "d", "width": 1280}]},
              {"op": "update", "tracks": [{"parentName": "c", "parentNamespace": "a/b", "bitrate": 5, "initData": "BBB="}]},
              {"op": "remove", "tracks": [{"name": "b", "namespace": "a/b"}]}]
    yield "root", root.encode()
    yield "complete", b'{"version":1,"isComplete":true,"tracks":[]}'
    for number, delta in enumerate(deltas):
        yield f"delta-{number}", "\n".join((root, json.dumps({"deltaUpdate": [delta]}))).encode()
    yield "all", "\n".join((root, json.dumps({"generatedAt": 1, "deltaUpdate": deltas}), root)).encode()


def address():
    yield "moqt", b"moqt://relay.example:4443/ec/v1/atsc/2065/3/ts-canonical-1?hash=" + b"0f" * 32
    yield "https", b"https://[fe80::1%25eth0]:1/ec/v1/a?publisher=" + b"ab" * 32 + b"&source=ec%2Fv1%2Fb&path=/x&ca=c.pem"
    yield "track", b"https://127.0.0.1/live/one?track=video"
    yield "name", b"ec/v1/source/%00%ff/10A12347/5.1/1746104606044"


def webtransport():
    """A byte of flags, then commands: see fuzz-webtransport.c."""
    def send(stream, hexadecimal, what=0):
        data = bytes.fromhex(hexadecimal)
        return bytes((stream | what << 3 | 7 << 5, len(data))) + data

    connect = ("011b0000cfd7500161c12f00b95d8749c87a3f89f058d360ea4567b13f")
    settings = "00040733 01ab60374201"
    yield "by-hand", b"\0" + send(1, settings) + send(0, connect) + send(3, "6869", 1) + send(2, "6f6b", 1)
    yield "early", b"\2" + send(3, "6869", 1) + send(2, "40410068", 2) + send(1, settings) + send(2, connect)
    yield "close", b"\1" + send(3, "6869", 1) + send(0, "000a 684307 00000102 627965", 2)
    yield "drain-and-reset", b"\3" + send(2, "78", 1) + send(0, "0005 800078ae00") + send(0, "", 3)
    yield "grease", b"\1" + send(3, "21aabb") + send(1, settings + "2103aabbcc800f070003 00753d 070104")
    yield "get", b"\1" + send(2, "01090000d1d75001 61c1", 2)


def counted(*pieces):
    return b"".join((len(piece) | flags).to_bytes(2, "big") + piece for piece, flags in pieces)


def quic_datagrams():
    """Lengths with flags in their high bits: see fuzz-quic-datagrams.c."""
    ids = b"\x08" + bytes(range(8)) + b"\x04abcd"
    initial = b"\xc3" + bytes((0, 0, 0, 1)) + ids + b"\x00" + b"\x44\x90" + bytes(range(64))
    yield "initial", counted((initial, 0xC000), (initial, 0xC000))
    yield "retry", counted((initial, 0xE000), (initial.replace(b"abcd\x00", b"abcd\x05\xb6tokn"), 0xE000))
    yield "version", counted((b"\xc0\xba\xba\xba\xba" + ids, 0x8000))
    yield "short", counted((b"\x40" + bytes(range(60)), 0), (b"\x40" + bytes(7), 0), (b"\xc0", 0))


def quic_frames():
    """The plaintexts of packets: see fuzz-quic-frames.c. Of several frames the first of a kind stands for all."""
    yield "stream", counted((b"\x0a\x00\x05hello", 0), (b"\x0f\x00\x05\x03end", 0), (b"\x0a\x02\x01r", 0))
    yield "gap", counted((b"\x0e\x06\x80\x3f\xff\xff\x01x", 0), (b"\x0a\x06\x01s", 0))
    yield "stop", counted((b"\x05\x03\x07", 0), (b"\x04\x00\x07\x00", 0), (b"\x05\x00\x01\x01", 0))
    yield "limits", counted((b"\x10\x44\x00\x11\x03\x44\x00\x12\x08\x13\x08\x14\x00\x15\x00\x00\x16\x00\x17\x00", 0))
    yield "ids", counted((b"\x18\x01\x00\x08" + bytes(range(24)) + b"\x19\x01", 0), (b"\x1a12345678\x1b12345678", 0))
    yield "ack", counted((b"\x02\x02\x00\x00\x02\x01", 0), (b"\x03\x03\x00\x01\x00\x01\x00\x01\x01\x01", 0))
    yield "datagram", counted((b"\x31\x03abc\x30rest", 0))
    yield "close", counted((b"\x1d\x05\x03\xff\xfe!", 0))
    yield "crypto", counted((b"\x06\x00\x04\x18\x00\x00\x01\x07\x02ab", 0))


TARGETS = {
    "address": address,
    "chunker": chunker,
    "hdhr": hdhr,
    "identity": identity,
    "inspector": chunker,
    "jws": jws,
    "token": token,
    "manifest": manifest,
    "moqt-catalog": moqt_catalog,
    "moqt-message": moqt_message,
    "moqt-stream": moqt_stream,
    "psi-peek": psi_peek,
    "quic-datagrams": quic_datagrams,
    "quic-frames": quic_frames,
    "rtp": rtp,
    "ts-framer": framer,
    "ts-pes": pes,
    "ts-rap": rap,
    "ts-section": section,
    "webtransport": webtransport,
}


def main():
    top = pathlib.Path(sys.argv[1])
    shutil.rmtree(top, ignore_errors=True)
    for target, seeds in TARGETS.items():
        (top / target).mkdir(parents=True)
        for name, data in seeds():
            (top / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
