#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Synthetic transport streams for the tests of ts-canonical-1, the same for the same seed.

    python3 tsgen.py --kind atsc|dvb|isdb|none --video mpeg2|h264|hevc|audio --seconds N --seed S
                     [--anomalies a,b,…] [--stride 188|192|204] [--fuzz] -o FILE

`--fuzz` takes kind, video, stride and anomalies from the seed (what is given besides still holds).
Anomalies that change what the station sends: see STATION; those of the way to the receiver: see WAY.
"""

import argparse
import random

from canonical import PACKET, crc32

PMT_PID, VIDEO_PID, AUDIO_PID, AUDIO2_PID, PCR_PID, DATA_PID, OTHER_PID = (
    0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x200)
PROGRAM, OTHER_PROGRAM = 3, 4
TSID, ONID = 0x0815, 0x2114
UNIX = 1_772_366_400            # 2026-03-01 12:00:00 UTC
GPS_EPOCH = 315_964_800
RATE = 330                      # packets a second
FPS = 25

STATION = {
    "wrap": "time stamps pass 2^33",
    "back": "time stamps jump back by 10 s, once",
    "back-small": "time stamps jump back by half a second, now and then",
    "forward": "time stamps jump forward by 20 s, once",
    "clock-step": "the time tables step by +3 s",
    "clock-back": "the time tables step by -2 s and later by -20 s",
    "clock-freeze": "the time tables repeat one time for a third of the stream",
    "clock-pause": "no time tables for a third of the stream",
    "clock-late": "no time table in the first 6 s",
    "clock-bad": "time tables that are none",
    "pmt-version": "the PMT changes, the lead stays",
    "pmt-move": "the PMT goes to another PID",
    "pmt-big": "a PMT of several packets",
    "lead-change": "the lead goes to another PID",
    "lead-none": "for some seconds a PMT without a lead",
    "tsid-change": "another transport_stream_id from half way on",
    "late-pid": "the second audio stream begins late",
    "no-stamps": "some PES starts without time stamp or with an odd header",
    "far": "codes that decide a RAP far behind the PES start",
    "packed": "sections packed behind one another, across packets",
    "pcr-alone": "the PCR on a PID of its own, in packets without payload",
    "pcr-uneven": "the same, not evenly spaced",
    "pcr-bare": "every second PCR in a packet without payload on the lead's PID",
    "pcr-few": "now and then a PCR in a packet without payload on the lead's PID",
    "bare-audio": "packets without payload on an audio PID",
}
WAY = {
    "dup": "legal duplicates",
    "dup-pcr": "duplicates with another PCR",
    "dup-late": "duplicates some packets later",
    "dup-thrice": "a packet three times",
    "loss": "single packets lost",
    "loss-bare": "packets without payload lost",
    "burst": "runs of packets lost",
    "tei": "transport_error_indicator",
    "scrambled": "scrambled packets",
    "garbage": "bytes put in between packets",
    "bytes-lost": "bytes lost inside packets",
    "bad-sync": "sync bytes overwritten",
    "flips": "bits flipped behind the sync byte",
    "counter": "a continuity_counter that is wrong",
    "cut-tail": "an incomplete packet at the end",
    "head-garbage": "bytes in front of the first packet",
}
ANOMALIES = {**STATION, **WAY}


# ---------------------------------------------------------------------------------------------------
# Packets and sections


def u16(n):
    return n.to_bytes(2, "big")


def with_crc(body):
    return body + crc32(body).to_bytes(4, "big")


def long_section(table, extension, version, body, syntax=0xB0):
    size = len(body) + 9
    return with_crc(bytes((table, syntax | size >> 8, size & 0xFF)) + u16(extension)
                    + bytes((0xC1 | (version & 31) << 1, 0, 0)) + body)


def packet(pid, payload=b"", unit_start=False, pcr=None, control=None, stuff=True):
    """A packet with counter 0; what the payload leaves is stuffed with an adaptation field."""
    field = b""
    if pcr is not None:
        base, extension = divmod(pcr % (2**33 * 300), 300)
        field = b"\x10" + (base << 15 | 0x7E00 | extension).to_bytes(6, "big")
    room = PACKET - 4 - len(payload)
    if pcr is not None or room > 0:
        length = room - 1
        field = (field or (b"\0" if length else b"")).ljust(length, b"\xFF") if stuff else field
        field = bytes((len(field),)) + field
        kind = 0x30 if payload else 0x20
    else:
        kind = 0x10
    head = bytes((0x47, (0x40 if unit_start else 0) | pid >> 8, pid & 0xFF, control if control is not None else kind))
    result = head + field + payload
    assert len(result) == PACKET, len(result)
    return bytearray(result)


NULL = bytearray(b"\x47\x1F\xFF\x10" + b"\xFF" * 184)


def section_packets(pid, *sections):
    """Sections one behind the other, with pointer_fields where one begins."""
    stream = b"".join(sections)
    begins, at = [], 0
    for section in sections:
        begins.append(at)
        at += len(section)
    packets, at = [], 0
    while at < len(stream):
        here = [b for b in begins if at <= b < at + 183]
        if here:
            payload = bytes((here[0] - at,)) + stream[at:at + 183]
            at += 183
        else:
            payload = stream[at:at + 184]
            if any(b == at + 183 for b in begins):
                payload = payload[:183]     # the next section must begin behind a pointer_field
            at += len(payload)
        if len(payload) == 183:
            packets.append(packet(pid, payload, bool(here)))
        else:
            packets.append(packet(pid, payload.ljust(184, b"\xFF"), bool(here)))
    return packets


def pat(tsid, programs, version=0):
    body = b"".join(u16(number) + u16(0xE000 | pid) for number, pid in programs)
    return long_section(0x00, tsid, version, body)


def pmt(program, pcr_pid, streams, version=0, info=b""):
    body = u16(0xE000 | pcr_pid) + u16(0xF000 | len(info)) + info
    for stream_type, pid, descriptors in streams:
        body += bytes((stream_type,)) + u16(0xE000 | pid) + u16(0xF000 | len(descriptors)) + descriptors
    return long_section(0x02, program, version, body)


def stt(system_time, offset=18):
    return long_section(0xCD, 0, 0, b"\0" + (system_time & 0xFFFFFFFF).to_bytes(4, "big") + bytes((offset, 0x60, 0)),
                        0xF0)


def mjd(unix):
    day, second = divmod(int(unix), 86_400)
    digits = "%02d%02d%02d" % (second // 3600, second // 60 % 60, second % 60)
    return u16(day + 40_587) + bytes.fromhex(digits)


def tdt(unix):
    return b"\x70\x70\x05" + mjd(unix)


def tot(unix):
    body = mjd(unix) + b"\xF0\x00"
    return with_crc(b"\x73\x70" + bytes((len(body) + 4,)) + body)


def tvct(tsid, filler=0):
    return long_section(0xC8, tsid, 0, bytes((0, 0)) + u16(0xFC00 | filler) + b"\xAA" * filler, 0xF0)


def sdt(tsid, onid, filler=0):
    loop = u16(PROGRAM) + b"\xFC" + u16(0x8000 | filler) + b"\xAA" * filler
    return long_section(0x42, tsid, 0, u16(onid) + b"\xFF" + loop, 0xF0)


# ---------------------------------------------------------------------------------------------------
# Pictures


class Pictures:
    """Access units, good enough for the rules of random access."""

    def __init__(self, rng, video, far):
        self.rng, self.video, self.far = rng, video, far

    def noise(self, size):
        return self.rng.randbytes(size).replace(b"\0", b"\x5A")

    def unit(self, kind, size):
        """kind: "rap", "odd" (looks like one, or is one in a rarer way), "p"."""
        noise = self.noise(size)
        far = self.noise(self.rng.choice((0, 40, 400, 3000, 7000))) if self.far and kind != "p" else b""
        return getattr(self, self.video)(kind, far) + noise

    def mpeg2(self, kind, far):
        header = b"\0\0\1\xB3" + self.noise(8) + b"\0\0\1\xB5" + self.noise(6)
        picture = {"I": b"\0\0\1\0\x12\x0F\xFF\xF8", "P": b"\0\0\1\0\x12\x17\xFF\xF8"}
        user = b"\0\0\1\xB2" + far
        if kind == "rap":
            return header + user + b"\0\0\1\xB8" + self.noise(4) + picture["I"] + b"\0\0\1\1"
        if kind == "odd":
            return self.rng.choice((user + picture["I"], header + user + picture["P"], header + b"\0\0\1\1",
                                    header + user)) + b"\0\0\1\1"
        return picture["P"] + b"\0\0\1\1"

    def h264(self, kind, far):
        access = b"\0\0\0\1\x09\xF0"
        sps = b"\0\0\0\1\x67\x64\0\x28\xAC\0\0\3\0\1" + self.noise(6) + b"\0\0\1\x68" + self.noise(4)
        filler = b"\0\0\1\x0C" + far
        timing = b"\0\0\1\x06\x01\x02" + self.noise(2) + b"\x80"
        recovery = b"\0\0\1\x06\x05\xFF\x02" + b"\x11" * 257 + b"\x06\x01\xC4\x80"
        idr, p_slice, i_slice = b"\0\0\1\x65\x88", b"\0\0\1\x41\x9A", b"\0\0\1\x41\x88"
        if kind == "rap":
            return access + sps + filler + self.rng.choice((idr, timing + idr, recovery + p_slice, i_slice))
        if kind == "odd":
            return access + self.rng.choice((idr, i_slice, recovery + i_slice, sps + filler + p_slice,
                                             sps + timing + p_slice, sps + b"\0\0\1\x41\0\0\3\0\0\3\0\0\3" + b"\x80",
                                             sps + b"\0\0\1\x06\x05\xC8\x06\x06" + filler + p_slice, sps + filler))
        return access + p_slice

    def hevc(self, kind, far):
        access = b"\0\0\0\1\x46\x01\x50"
        sets = b"\0\0\1\x40\x01" + self.noise(8) + b"\0\0\1\x42\x01" + self.noise(12) + b"\0\0\1\x44\x01" + self.noise(4)
        filler = b"\0\0\1\x4C\x01" + far
        trail = b"\0\0\1\x02\x01"
        if kind == "rap":
            return access + sets + filler + self.rng.choice((b"\0\0\1\x26\x01", b"\0\0\1\x2A\x01", b"\0\0\1\x20\x01"))
        if kind == "odd":
            return access + self.rng.choice((b"\0\0\1\x26\x01", sets + trail, sets + filler))
        return access + trail


STREAM_TYPES = {"mpeg2": 0x02, "h264": 0x1B, "hevc": 0x24}


def stamp(prefix, ts):
    ts %= 2**33
    return bytes((prefix << 4 | ts >> 30 << 1 | 1,)) + u16(ts >> 14 & 0xFFFE | 1) + u16(ts << 1 & 0xFFFE | 1)


def pes(stream_id, pts, dts, data, stuffing=0, flags=None):
    fields = b""
    if pts is not None:
        fields = stamp(3 if dts is not None else 2, pts) + (stamp(1, dts) if dts is not None else b"")
    if flags is None:
        flags = 0 if pts is None else 2 if dts is None else 3
    fields += b"\xFF" * stuffing
    return b"\0\0\1" + bytes((stream_id, 0, 0, 0x84, flags << 6, len(fields))) + fields + data


def pes_packets(pid, data, pcr=None):
    packets, at = [], 0
    while at < len(data):
        size = min(176 if pcr is not None else 184, len(data) - at)
        packets.append(packet(pid, data[at:at + size], at == 0, pcr))
        at, pcr = at + size, None
    return packets


# ---------------------------------------------------------------------------------------------------
# The station


class Station:
    def __init__(self, kind="atsc", video="mpeg2", seconds=20, seed=0, anomalies=()):
        self.rng = random.Random(f"station {seed}")
        self.kind, self.video, self.seconds = kind, video, seconds
        self.on = set(anomalies)
        self.events = []                # (time, order, packet)
        self.first_stamp = self.rng.randrange(2**32)
        if "wrap" in self.on:
            self.first_stamp = 2**33 - int(90_000 * seconds * self.rng.uniform(0.2, 0.8))

    def add(self, at, packets, spread=0.0):
        for i, one in enumerate(packets):
            self.events.append((at + spread * i / len(packets), len(self.events), one))

    def pcr_alone(self):
        return "pcr-alone" in self.on or "pcr-uneven" in self.on

    def pcr_packets(self, pid, at, number):
        """The PCR that a PES start on the lead's PID carries, if it does; others are sent before it."""
        if self.pcr_alone():
            return None
        pcr = self.ts(at) * 300
        if "pcr-bare" in self.on and number % 2 or "pcr-few" in self.on and number % 48 == 25:
            self.add(at, [packet(pid, pcr=pcr)])
            return None
        return pcr

    def third(self, at):
        """0, 1 or 2."""
        return min(2, int(3 * at / self.seconds))

    def ts(self, at):
        ts = self.first_stamp + round(at * 90_000)
        if "back" in self.on and at > 0.55 * self.seconds:
            ts -= 900_000
        if "forward" in self.on and at > 0.4 * self.seconds:
            ts += 1_800_000
        if "back-small" in self.on:
            ts -= 45_000 * int(at / 7.3)
        return ts

    def table_time(self, at):
        now = UNIX + 0.37 + at
        if "clock-freeze" in self.on and self.third(at) == 1:
            now = UNIX + self.seconds / 3
        if "clock-step" in self.on and at > 0.5 * self.seconds:
            now += 3
        if "clock-back" in self.on:
            now -= 2 if 0.3 < at / self.seconds < 0.7 else 20 if at > 0.7 * self.seconds else 0
        return now

    def lead_pid(self, at):
        return DATA_PID if "lead-change" in self.on and at > 0.6 * self.seconds else VIDEO_PID

    def pmt_pid(self, at):
        return PMT_PID + 0x40 if "pmt-move" in self.on and at > 0.45 * self.seconds else PMT_PID

    def tables(self):
        rng, at = self.rng, rng_start(self.rng, 0.1)
        while at < self.seconds:
            tsid = TSID + 1 if "tsid-change" in self.on and at > self.seconds / 2 else TSID
            programs = [(0, 0x10), (PROGRAM, self.pmt_pid(at)), (OTHER_PROGRAM, 0x300)]
            self.add(at, section_packets(0, pat(tsid, programs)))
            at += rng.uniform(0.1, 0.4)
        at = rng_start(rng, 0.3)
        while at < self.seconds:
            self.add(at, section_packets(self.pmt_pid(at), self.make_pmt(at)), 0.05)
            at += rng.uniform(0.2, 0.4)
        at = rng_start(rng, 0.5)
        while at < self.seconds:
            filler = rng.choice((0, 30, 170, 400))
            if self.kind == "atsc":
                self.add(at, section_packets(0x1FFB, tvct(TSID, filler)), 0.02)
            elif self.kind in ("dvb", "isdb"):
                self.add(at, section_packets(0x11, sdt(TSID, ONID, filler)), 0.02)
            at += rng.uniform(0.5, 1.5)

    def make_pmt(self, at):
        version, info = 0, b""
        if "pmt-big" in self.on:
            info = b"\x05\x40" + b"GA94" * 16 + b"\xC0\xFA" + b"\x55" * 250
        streams = []
        if self.video != "audio":
            streams.append((STREAM_TYPES[self.video], self.lead_pid(at), b""))
            streams.append((0x81, AUDIO_PID, b"\x0A\x04eng\0"))
        else:
            streams.append((0x06, VIDEO_PID, b"\x0A\x04eng\0\x6A\x01\0"))
        if "lead-none" in self.on and 0.4 < at / self.seconds < 0.6:
            streams, version = [(0x86, AUDIO_PID, b"")], 5
        streams.append((0x06, AUDIO2_PID, b"\x0A\x04deu\0"))
        if "pmt-version" in self.on:
            version += int(at / 4.1)
            if version & 1:
                streams.append((0x0D, DATA_PID, b""))
        pcr = PCR_PID if self.pcr_alone() else self.lead_pid(at)
        return pmt(PROGRAM, pcr, streams, version, info)

    def times(self):
        rng = self.rng
        at = rng_start(rng, 1.0) if "clock-late" not in self.on else 6 + rng.random()
        if self.kind == "none":
            return
        while at < self.seconds:
            if not ("clock-pause" in self.on and self.third(at) == 1):
                now = self.table_time(at)
                bad = "clock-bad" in self.on and rng.random() < 0.3
                if self.kind == "atsc":
                    table = stt(int(now) + 18 - GPS_EPOCH)
                    if bad:
                        table = table[:8] + b"\1" + table[9:]
                    more = (tvct(TSID, rng.choice((0, 165, 300))),) if "packed" in self.on else ()
                    self.add(at, section_packets(0x1FFB, *rng.sample((table, *more), 1 + len(more))), 0.02)
                else:
                    table = tdt(now) if self.kind == "dvb" else tot(now)
                    if bad:
                        table = table[:5] + b"\x2A" + table[6:]
                    more = ()
                    if "packed" in self.on:
                        more = (tot(now + 1) if self.kind == "dvb" else b"\x72\x70\x90" + b"\0" * 144,)
                    self.add(at, section_packets(0x14, *more, table), 0.02)
            at += {"atsc": 1.0, "dvb": 2.0, "isdb": 1.5}[self.kind] + rng.uniform(-0.2, 0.2)

    def video_stream(self):
        rng = self.rng
        pictures = Pictures(rng, self.video, "far" in self.on)
        number, until_rap = 0, 0
        for number in range(int(self.seconds * FPS)):
            at = number / FPS
            kind, size = "p", rng.randint(100, 1300)
            if until_rap == 0:
                kind, size, until_rap = "rap", rng.randint(800, 2500), rng.choice((6, 12, 12, 12, 25))
            elif rng.random() < 0.05:
                kind = "odd"
            until_rap -= 1
            dts = self.ts(at) + 9_000
            pts = dts + rng.choice((0, 3_600, 7_200))
            stuffing, flags = 0, None
            if "no-stamps" in self.on and rng.random() < 0.1:
                what = rng.randrange(4)
                if what == 0:
                    pts = dts = None
                elif what == 1:
                    dts, flags = None, 3
                elif what == 2:
                    stuffing = rng.choice((150, 160, 170, 200))
                else:
                    flags = 1
            elif pts == dts:
                dts = None
            data = pes(0xE0, pts, dts, pictures.unit(kind, size), stuffing, flags)
            pcr = self.pcr_packets(self.lead_pid(at), at, number)
            self.add(at, pes_packets(self.lead_pid(at), data, pcr), 0.9 / FPS)

    def audio_stream(self, pid, begin, every, stream_id):
        rng, at = self.rng, begin
        number = 0
        while at < self.seconds:
            content = rng.randbytes(rng.randint(90, 700)).replace(b"\0", b"\x5A")
            data = pes(stream_id, self.ts(at) + 12_000, None, content)
            pcr = self.pcr_packets(pid, at, number) if pid == VIDEO_PID else None
            self.add(at, pes_packets(pid, data, pcr), 0.8 * every)
            if pid == AUDIO2_PID and "bare-audio" in self.on and rng.random() < 0.15:
                self.add(at + 0.5 * every, [packet(pid, control=rng.choice((0x20, 0x20, 0x20, 0x00)))])
            at += every
            number += 1

    def packets(self):
        """The packets of the station's multiplex, null packets included."""
        rng = self.rng
        self.tables()
        self.times()
        if self.video == "audio":
            self.audio_stream(VIDEO_PID, 0.02, 0.096, 0xBD)
        else:
            self.video_stream()
            self.audio_stream(AUDIO_PID, 0.011, 0.128, 0xBD)
        self.audio_stream(AUDIO2_PID, 0.6 * self.seconds if "late-pid" in self.on else 0.017, 0.2, 0xC0)
        self.audio_stream(OTHER_PID, 0.013, 0.03, 0xE1)         # of another program
        if "pmt-version" in self.on:
            self.audio_stream(DATA_PID, 0.3, 0.7, 0xBF)
        if self.pcr_alone():
            # Unevenly: 30 and 60 ms in turn, give or take a bit.
            for i in range(int(self.seconds * (22 if "pcr-uneven" in self.on else 20))):
                at = 0.045 * (i + i % 2 / 3) + rng.uniform(0, 0.003) if "pcr-uneven" in self.on else i / 20
                self.add(at, [packet(PCR_PID, pcr=self.ts(at) * 300)])
        self.events.sort(key=lambda event: event[:2])
        result, counters = [], {}
        slot = 0
        for at, _, one in self.events:
            while slot / RATE < at:
                result.append(bytearray(NULL))
                slot += 1
            slot += 1
            pid = (one[1] & 0x1F) << 8 | one[2]
            counter = counters.get(pid)
            if counter is None:
                counter = rng.randrange(16)
            elif one[3] & 0x10:
                counter = counter + 1 & 15
            counters[pid] = counter
            one[3] = one[3] & 0xF0 | counter
            result.append(one)
        return result


def rng_start(rng, most):
    return rng.uniform(0, most)


# ---------------------------------------------------------------------------------------------------
# The way to the receiver


def pid_of(one):
    return (one[1] & 0x1F) << 8 | one[2]


class Way:
    """Does things to packets; about `rate` of each kind in a thousand packets."""

    def __init__(self, seed, anomalies, rate=0.7, spare=0.0):
        self.rng = random.Random(f"way {seed}")
        self.on = set(anomalies)
        self.rate, self.spare = rate, spare     # nothing happens in the first `spare` of the packets

    def chosen(self, packets, what, factor=1.0):
        """Indices for an anomaly."""
        if what not in self.on:
            return []
        first = int(len(packets) * self.spare)
        count = max(1, round(factor * self.rate * (len(packets) - first) / 1000))
        eligible = range(first, len(packets))
        return sorted(self.rng.sample(eligible, min(count, len(eligible))))

    def travel(self, packets):
        rng = self.rng
        packets = [bytearray(one) for one in packets]
        for i in self.chosen(packets, "counter"):
            packets[i][3] = packets[i][3] & 0xF0 | rng.randrange(16)
        for i in self.chosen(packets, "scrambled"):
            for one in packets[i:i + rng.choice((1, 1, 1, 40))]:
                if pid_of(one) >= 0x100 and pid_of(one) != 0x1FFF:
                    one[3] |= rng.choice((0x80, 0xC0))
        for i in self.chosen(packets, "flips"):
            packets[i][rng.randrange(1, PACKET)] ^= 1 << rng.randrange(8)
        for i in self.chosen(packets, "tei"):
            packets[i][1] |= 0x80
        for what, gap, times in (("dup", 0, 1), ("dup-pcr", 0, 1), ("dup-late", 6, 1), ("dup-thrice", 0, 2)):
            for i in reversed(self.chosen(packets, what, 3)):
                copy = bytearray(packets[i])
                if what == "dup-pcr":
                    with_pcr = [k for k in range(i, min(i + 200, len(packets)))
                                if packets[k][3] & 0x20 and packets[k][4] >= 7 and packets[k][5] & 0x10]
                    if not with_pcr:
                        continue
                    i = with_pcr[0]
                    copy = bytearray(packets[i])
                    copy[10] ^= 0x80
                for _ in range(times):
                    packets.insert(i + 1 + (rng.randint(0, gap) if gap else 0), bytearray(copy))
        for i in reversed(self.chosen(packets, "loss")):
            del packets[i]
        if "loss-bare" in self.on:
            bare = [i for i, one in enumerate(packets) if not one[3] & 0x10 and i >= len(packets) * self.spare]
            count = min(len(bare), max(1, round(3 * self.rate * len(packets) / 1000)))
            for i in sorted(rng.sample(bare, count), reverse=True):
                del packets[i]
        for i in reversed(self.chosen(packets, "burst", 0.3)):
            del packets[i:i + rng.choice((2, 5, 20, 120))]
        return packets

    def frame(self, packets, stride):
        """The packets as bytes, in a stride."""
        rng = self.rng
        units = []
        for i, one in enumerate(packets):
            if stride == 192:
                units.append((i * 4501 & 0x3FFFFFFF).to_bytes(4, "big") + bytes(one))
            elif stride == 204:
                units.append(bytes(one) + bytes(rng.randrange(256) for _ in range(16)))
            else:
                units.append(bytes(one))
        for i in self.chosen(units, "bytes-lost", 0.3):
            unit, at = units[i], rng.randrange(1, len(units[i]))
            units[i] = unit[:at] + unit[at + rng.randint(1, 30):]
        for i in self.chosen(units, "bad-sync", 0.3):
            at = 4 if stride == 192 else 0
            units[i] = units[i][:at] + b"\x46" + units[i][at + 1:]
        for i in reversed(self.chosen(units, "garbage", 0.3)):
            units.insert(i, self.garbage(rng.choice((1, 7, 187, 188, 189, 500))))
        if "head-garbage" in self.on:
            units.insert(0, self.garbage(rng.randint(1, 700)))
        if "cut-tail" in self.on:
            units[-1] = units[-1][:rng.randrange(1, 187)]
        return b"".join(units)

    def garbage(self, size):
        """Bytes with more 0x47 in them than chance would have."""
        return bytes(0x47 if self.rng.random() < 0.1 else self.rng.randrange(256) for _ in range(size))


def generate(kind="atsc", video="mpeg2", seconds=20, seed=0, anomalies=(), stride=188, rate=0.7, spare=0.0):
    unknown = set(anomalies) - set(ANOMALIES)
    if unknown:
        raise ValueError("no such anomaly: " + ", ".join(sorted(unknown)))
    way = Way(seed, anomalies, rate, spare)
    return way.frame(way.travel(Station(kind, video, seconds, seed, anomalies).packets()), stride)


def fuzz_case(seed):
    """Arguments for generate(), from the seed."""
    rng = random.Random(f"fuzz {seed}")
    count = rng.choice((0, 1, 1, 2, 2, 3, 4, 6, 10, 20))
    return {"kind": rng.choice(("atsc", "atsc", "dvb", "dvb", "isdb", "none")),
            "video": rng.choice(("mpeg2", "h264", "hevc", "audio")),
            "anomalies": sorted(rng.sample(sorted(ANOMALIES), count)),
            "stride": rng.choice((188, 188, 188, 192, 204)),
            "rate": rng.choice((0.05, 0.2, 0.7, 3.0)),
            "spare": rng.choice((0.0, 0.5))}


def main():
    parser = argparse.ArgumentParser(description="Synthetic transport streams.",
                                     epilog="Anomalies: " + "; ".join(f"{k}: {v}" for k, v in ANOMALIES.items()))
    parser.add_argument("--kind", choices=("atsc", "dvb", "isdb", "none"))
    parser.add_argument("--video", choices=("mpeg2", "h264", "hevc", "audio"))
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--anomalies", help="separated by commas")
    parser.add_argument("--stride", type=int, choices=(188, 192, 204))
    parser.add_argument("--rate", type=float, help="how many of each kind in a thousand packets")
    parser.add_argument("--fuzz", action="store_true")
    parser.add_argument("-o", dest="output", required=True)
    arguments = parser.parse_args()
    case = fuzz_case(arguments.seed) if arguments.fuzz else {}
    for name in ("kind", "video", "stride", "rate"):
        if getattr(arguments, name) is not None:
            case[name] = getattr(arguments, name)
    if arguments.anomalies is not None:
        case["anomalies"] = [name for name in arguments.anomalies.split(",") if name]
    try:
        data = generate(seconds=arguments.seconds, seed=arguments.seed, **case)
    except ValueError as error:
        parser.error(str(error))
    with open(arguments.output, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
