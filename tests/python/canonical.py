#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ts-canonical-1 in plain Python: a second implementation of ECP-0002, written from its text.

    python3 canonical.py [--program N] [--no-hash] FILE

prints one JSON object a line for each chunk, in the order of their openings, as it stands when all
of the input has been read. Numbers in comments (§4.3) are sections of ECP-0002 unless another ECP is
named. The input is read twice: `Receiver` walks over the packets and finds out where chunks begin,
which gaps there are and when tables come; `cut` and `judge` then make the chunks of it.
"""

import argparse
import bisect
import json
import sys
import time
import zlib
from dataclasses import dataclass

from blake3_plain import blake3

PACKET = 188
SYNC = 0x47
STRIDES = (188, 192, 204)
PID_PAT, PID_SDT, PID_TDT, PID_PSIP, PID_NULL = 0x0000, 0x0011, 0x0014, 0x1FFB, 0x1FFF
SECOND = 90_000
INDEX_TICKS = 180_000           # §5.1
LOOK_BACK = 360_000             # §5.2, §5.3
LOOK_BACK_STARTS = 1_024        # §5.3
WINDOW_PACKETS = 32             # §3.3
WINDOW_GAPS = 256               # §3.3
REMEMBERED_GAPS = 1024          # §7.4
REMEMBERED_CHUNKS = 512         # §7.5
PCR_CYCLE = 2**33 * 300         # §7.7
PART_LIMIT = 33_554_432         # §6.4
CHUNK_LIMIT = 134_217_728       # §6.4
GPS_EPOCH = 315_964_800         # §4.3
PROBE_TICKS = 270_000           # §4.7
PROBE_PACKETS = 65_536          # §4.7
WAITING = 16                    # §7.6
AUDIO_PART = 16                 # §6.3
CANONICAL = bytes.fromhex("47 40 00 30 0D 82 0B 45 43 31")      # §6.2, §8
FOREVER = float("inf")


# ---------------------------------------------------------------------------------------------------
# §1.1 Framing


def find_lock(data, begin):
    """Where an unlocked receiver locks from `begin` on: (offset, stride), or None."""
    size = len(data)
    o = data.find(SYNC, begin)
    while o >= 0:
        for stride in STRIDES:
            if o + 4 * stride < size and all(data[o + k * stride] == SYNC for k in range(5)):
                return o, stride
        o = data.find(SYNC, o + 1)
    # The end of input: fewer are accepted.
    o = data.find(SYNC, begin)
    while o >= 0 and o + PACKET <= size:
        for stride in STRIDES:
            if all(data[i] == SYNC for i in range(o, size, stride)):
                return o, stride
        o = data.find(SYNC, o + 1)
    return None


def frame(data):
    """The offsets of the whole packets, and the set of those packet numbers before which sync was lost."""
    offsets, losses = [], set()
    size, begin = len(data), 0
    while True:
        lock = find_lock(data, begin)
        if lock is None:
            return offsets, losses
        o, stride = lock
        while o < size and data[o] == SYNC:
            if o + PACKET <= size:
                offsets.append(o)
            o += stride
        if o >= size:
            return offsets, losses
        losses.add(len(offsets))
        begin = o


# ---------------------------------------------------------------------------------------------------
# §2 Tables


MIRROR = bytes(int(f"{i:08b}"[::-1], 2) for i in range(256))


def crc32(data):
    """zlib's CRC reads each byte from its lowest bit, and inverts the result."""
    mirrored = zlib.crc32(data.translate(MIRROR)) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(MIRROR), "big")


def u16(data, at):
    return data[at] << 8 | data[at + 1]


def payload_offset(packet):
    """§1.3: where the payload begins; 188 if the packet has none."""
    control = packet[3] >> 4 & 3
    if control == 1:
        return 4
    if control == 3:
        return min(5 + packet[4], PACKET)
    return PACKET


def read_pcr(packet):
    """The program_clock_reference, or None."""
    if packet[3] & 0x20 and packet[4] >= 7 and packet[5] & 0x10:
        field = int.from_bytes(packet[6:12], "big")
        return (field >> 15) * 300 + (field & 0x1FF)
    return None


class Sections:
    """§2.1: sections of one PID."""

    def __init__(self):
        self.progress = None        # the bytes of the section in progress so far

    def gap(self):
        self.progress = None

    def packet(self, payload, unit_start):
        """The sections that are complete with this payload."""
        if not unit_start:
            return self.go_on(payload)
        pointer = payload[0]
        if 1 + pointer > len(payload):
            self.progress = None
            return []
        done = self.go_on(payload[1:1 + pointer])
        self.progress = None
        at = 1 + pointer
        while at < len(payload) and payload[at] != 0xFF:
            size = self.size(payload[at:])
            if size is None or at + size > len(payload):
                self.progress = payload[at:]
                break
            done.append(payload[at:at + size])
            at += size
        return done

    def go_on(self, more):
        """More bytes of the section in progress; what lies behind it is ignored."""
        if self.progress is None:
            return []
        self.progress += more
        size = self.size(self.progress)
        if size is None or size > len(self.progress):
            return []
        section, self.progress = self.progress[:size], None
        return [section] if size <= 4096 else []

    @staticmethod
    def size(head):
        return 3 + (u16(head, 1) & 0x0FFF) if len(head) >= 3 else None


def valid(section, shortest):
    """§2.1: long enough for its fixed fields and CRC, and "valid CRC"."""
    return len(section) >= shortest and section[1] & 0x80 and crc32(section) == 0


def current(section):
    return section[5] & 1


VIDEO = (0x01, 0x02, 0x1B, 0x24)
AUDIO = (0x03, 0x04, 0x0F, 0x11, 0x81, 0x87)


class Pmt:
    def __init__(self, section, pid):
        """§2.3, §2.4, §2.5. Raises ValueError if a loop does not fit."""
        self.section, self.pid = section, pid
        end = len(section) - 4
        self.pcr_pid = u16(section, 8) & 0x1FFF
        at = 12 + (u16(section, 10) & 0x0FFF)
        if at > end:
            raise ValueError("program_info does not fit")
        streams = []
        while at < end:
            if at + 5 > end or at + 5 + (u16(section, at + 3) & 0x0FFF) > end:
                raise ValueError("a stream does not fit")
            after = at + 5 + (u16(section, at + 3) & 0x0FFF)
            streams.append((section[at], u16(section, at + 1) & 0x1FFF, section[at + 5:after]))
            at = after
        self.kept = frozenset(p for p in [self.pcr_pid] + [s[1] for s in streams]
                              if p > 0x1F and p not in (PID_PSIP, PID_NULL, pid))
        self.lead_type = self.lead_pid = None
        for wanted in (self.is_video, self.is_audio):
            for stream_type, stream_pid, descriptors in streams:
                if self.lead_pid is None and stream_pid in self.kept and wanted(stream_type, descriptors):
                    self.lead_type, self.lead_pid = stream_type, stream_pid

    @staticmethod
    def is_video(stream_type, _descriptors):
        return stream_type in VIDEO

    @staticmethod
    def is_audio(stream_type, descriptors):
        if stream_type == 0x06:
            at = 0
            while at + 2 <= len(descriptors):
                if descriptors[at] in (0x6A, 0x7A):
                    return True
                at += 2 + descriptors[at + 1]
        return stream_type in AUDIO


def read_pmt(section, pid, program):
    """§2.3: a Pmt, or None."""
    if not (valid(section, 16) and section[0] == 2 and current(section) and u16(section, 3) == program
            and len(section) - 3 <= 1021):
        return None
    try:
        return Pmt(section, pid)
    except ValueError:
        return None


def read_mjd(five):
    """§4.2: seconds since 1970 of MJD and BCD, or None."""
    digits = [n for byte in five[2:5] for n in (byte >> 4, byte & 15)]
    if max(digits) > 9:
        return None
    hour, minute, second = (10 * digits[i] + digits[i + 1] for i in (0, 2, 4))
    if hour > 23 or minute > 59 or second > 59:
        return None
    return (u16(five, 0) - 40_587) * 86_400 + hour * 3_600 + minute * 60 + second


# ---------------------------------------------------------------------------------------------------
# §3 Lead PES starts


def is_pes_start(packet, at):
    """§3.1 but for the PID; `at` is the payload's offset."""
    return packet[1] & 0x40 and not packet[3] & 0xC0 and packet[at:at + 3] == b"\0\0\1"


def read_stamp(p):
    return (p[0] >> 1 & 7) << 30 | p[1] << 22 | p[2] >> 1 << 15 | p[3] << 7 | p[4] >> 1


def time_stamps(p):
    """§3.2: (PTS, ts) of a PES start's payload, or None."""
    if len(p) < 9 or p[6] & 0xC0 != 0x80:
        return None
    flags = p[7] >> 6
    if flags == 2 and p[8] >= 5 and len(p) >= 14:
        return read_stamp(p[9:14]), read_stamp(p[9:14])
    if flags == 3 and p[8] >= 10 and len(p) >= 19:
        return read_stamp(p[9:14]), read_stamp(p[14:19])
    return None


def start_codes(window):
    """Offsets of the bytes behind each 00 00 01."""
    at = window.find(b"\0\0\1")
    while 0 <= at < len(window) - 3:
        yield at + 3
        at = window.find(b"\0\0\1", at + 3)


def unescape(data):
    return data.replace(b"\0\0\3", b"\0\0")


def read_ue(data, bit):
    """(value, next bit); (None, …) if it has more than 31 leading zeros. IndexError if incomplete."""
    def get(at):
        return data[at >> 3] >> (7 - (at & 7)) & 1

    zeros = 0
    while not get(bit):
        zeros += 1
        bit += 1
        if zeros > 31:
            return None, bit
    value = 0
    for _ in range(zeros + 1):
        value = value << 1 | get(bit)
        bit += 1
    return value - 1, bit


def judge_mpeg2(window):
    sequence = False
    for at in start_codes(window):
        code = window[at]
        if code == 0xB3:
            sequence = True
        elif code == 0x00:
            if at + 2 >= len(window):
                return None
            return sequence and window[at + 2] >> 3 & 7 == 1
        elif code <= 0xAF:
            return False
    return None


def judge_slice(data):
    """The slice header of nal_unit_type 1 or 2: is it I or SI?"""
    try:
        first, bit = read_ue(unescape(data), 0)
        if first is None:
            return False
        slice_type, _ = read_ue(unescape(data), bit)
    except IndexError:
        return None
    return slice_type is not None and slice_type % 5 in (2, 4)


def has_recovery_point(data):
    """Has the SEI a message of payloadType 6?"""
    data = unescape(data)
    at = 0
    while len(data) - at >= 2:
        fields = []
        for _ in range(2):
            value = 0
            while at < len(data) and data[at] == 0xFF:
                value += 255
                at += 1
            if at >= len(data):
                return False
            fields.append(value + data[at])
            at += 1
        at += fields[1]
        if at > len(data):
            return False
        if fields[0] == 6:
            return True
    return False


def judge_h264(window):
    sps = False
    for at in start_codes(window):
        kind = window[at] & 0x1F
        if kind == 7:
            sps = True
        elif kind == 5:
            return sps
        elif kind in (1, 2):
            return sps and judge_slice(window[at + 1:])
        elif kind == 6 and sps:
            end = window.find(b"\0\0\1", at + 1)
            if end < 0:
                return None
            if has_recovery_point(window[at + 1:end]):
                return True
    return None


def judge_hevc(window):
    sps = False
    for at in start_codes(window):
        kind = window[at] >> 1 & 0x3F
        if kind == 33:
            sps = True
        elif 16 <= kind <= 21:
            return sps
        elif kind < 32:
            return False
    return None


JUDGES = {0x01: judge_mpeg2, 0x02: judge_mpeg2, 0x1B: judge_h264, 0x24: judge_hevc}


def judge_window(lead_type, window):
    """§3.3: True, False, or None for undecided."""
    return JUDGES[lead_type](window) if lead_type in JUDGES else True


# ---------------------------------------------------------------------------------------------------
# What the receiver remembers


@dataclass
class Start:
    """A lead PES start that has a time stamp."""
    position: int
    pts: int
    ts: int
    elapsed: int
    pmt: Pmt
    tsid: int
    clock: int = None           # None: not known now and never before
    known: bool = False
    synced: bool = False
    timeline: int = 0
    kind: str = None
    gps_utc_offset: int = None
    clock_pids: frozenset = frozenset()     # §7.1
    moving: bool = False        # §5.5: the PMT is looked for elsewhere than the one in force came from


@dataclass
class Rap:
    start: Start
    held: int
    complete: bool


@dataclass
class Opening:
    start: Start
    index: int
    certain: bool
    decided: int                # the position of the packet that decided it


@dataclass
class Gap:
    """§7: what one packet shows, or one loss. `pid` None: on all by itself. `all_first`: first position of the
    gap on all that it is or (§7.4) is part of. `counted`: the PID is of §7.1, and the gap is not that of a PID's
    first packet."""
    found: int
    pid: int
    first: int
    last: int
    all_first: int
    counted: bool
    joins: bool                 # takes part in §7.4

    def earliest(self):
        """First position as a gap on a counted PID or on all, or None if it is neither."""
        return self.first if self.counted else self.all_first


class Pid:
    """The previous packet of a PID (§1.6)."""

    __slots__ = ("position", "offset", "control", "duplicated", "good")

    def __init__(self):
        self.good = 0           # packets without a gap up to here (§7.4)


class NoTimeTable(Exception):
    """§4.7: the receiver decides to chunk by time stamps."""


class Clock:
    """§4.3, §4.4: what the time tables say. `elapsed` and the starts are the receiver's."""

    def __init__(self):
        self.kind = None
        self.tots = 0               # before the kind is decided
        self.gapped = False         # unknown by a gap, until the next time table
        self.time = None            # what the last time table said, in ticks
        # ATSC
        self.system_time = self.gps_utc_offset = self.later = None
        # DVB, ISDB
        self.anchor = None          # (position of the start, position of the table, E0)
        self.anchors = 0
        self.stepped = False        # a step since the anchor's start
        self.steps = []             # steps behind the last table
        self.growths = []           # between consecutive anchors, those that count for I

    def interval(self):
        """I of §4.4."""
        return min(self.growths, default=2_700_000)

    def pids(self):
        """§7.1: those whose gaps count for the clock."""
        if self.kind is None:
            return frozenset((PID_PSIP, PID_TDT))
        return frozenset((PID_PSIP,)) if self.kind == "atsc" else frozenset((PID_TDT,))

    def accepted(self):
        return self.time is not None

    def known(self, elapsed):
        if self.time is None or self.gapped:
            return False
        if self.kind == "atsc":
            return elapsed - self.later <= 900_000
        return elapsed - self.anchor[2] <= 2 * self.interval()

    def value(self, elapsed):
        return self.time if self.kind == "atsc" else self.time + elapsed - self.anchor[2]


# ---------------------------------------------------------------------------------------------------
# The receiver


class Receiver:
    """Reads one input (or as much of one as §8 leaves to §§1–7) and remembers what the chunks need."""

    def __init__(self, data, offsets, losses, program, unsynced):
        self.data, self.offsets, self.losses = data, offsets, losses
        self.program = program
        self.probing = not unsynced     # §4.7: not decided yet
        self.synced = not unsynced
        self.packets = []               # (position, offset, PID) of every packet that was not dropped
        self.pids = {}
        self.counted_at = {}            # PID: position of the last packet that was counted when it came
        self.sections = {p: Sections() for p in (PID_PAT, PID_SDT, PID_TDT, PID_PSIP)}
        self.pmt_sections = None        # of the PID on which the PMT is looked for
        self.tsid = self.pmt_pid = self.pmt = None
        self.clock = Clock()
        self.elapsed = 0
        self.starts = []                # all of them
        self.timeline = 0
        self.timeline_begin = 0         # in starts
        self.previous_rap = None
        self.window = None              # of the PES start that is not decided
        self.openings = []
        self.gaps = []
        self.tables = {"vct": [], "sdt": []}    # what they said: (position, …) each
        self.update_counted()

    def update_counted(self):
        """§7.1."""
        counted = {PID_PAT} | self.clock.pids()
        if self.pmt_pid is not None:
            counted.add(self.pmt_pid)
        if self.pmt:
            counted |= self.pmt.kept
        if self.openings:
            counted |= self.openings[-1].start.pmt.kept
        self.counted = counted

    # -- packets

    def run(self):
        data, losses = self.data, self.losses
        for position, offset in enumerate(self.offsets):
            if position in losses and position > 0:
                self.gap_on_all(position, position - 1)                         # §7.3
            if self.probing and position >= PROBE_PACKETS:
                self.end_probe()
            flags = data[offset + 1]
            pid = (flags & 0x1F) << 8 | data[offset + 2]
            if flags & 0x80:
                self.gap_on_all(position, position)                             # §1.4
            elif pid != PID_NULL:                                               # §1.5
                self.packet(position, offset, pid)
        end = len(self.offsets)
        if end in losses and end > 0:
            self.gap_on_all(end, end - 1)
        if self.probing:
            self.end_probe()

    def end_probe(self):
        self.probing = False
        if not self.clock.accepted():
            raise NoTimeTable

    def packet(self, position, offset, pid):
        packet = self.data[offset:offset + PACKET]
        control = packet[3]
        previous = self.pids.get(pid)
        gap = False
        if previous is None:
            previous = self.pids[pid] = Pid()
            if position > 0:
                self.gap_of_first(position, pid)
            previous.good = 1
        else:
            if control & 0x10 and previous.control & 0x1F == control & 0x1F and not previous.duplicated:
                twin = self.twin(packet, previous)
                if twin is not None:                                            # §1.6
                    previous.duplicated = True
                    if twin or any(q != pid and at > previous.position
                                   for q, at in self.counted_at.items()):
                        self.gap_on_pid(position, pid, previous)
                    return
            counter = previous.control + 1 if control & 0x10 else previous.control
            if (counter ^ control) & 15:                                        # §7.2
                gap = True
                self.gap_on_pid(position, pid, previous)
                previous.good = 0
            else:
                previous.good += 1
        previous.position, previous.offset, previous.control, previous.duplicated = position, offset, control, False
        self.packets.append((position, offset, pid))
        if pid in self.counted:
            self.counted_at[pid] = position

        at = payload_offset(packet)
        pmt = self.pmt
        if pmt and pid == pmt.lead_pid and at < PACKET:
            self.lead_packet(position, packet, at)
        for sections, use in ((self.pmt_sections if pid == self.pmt_pid else None, self.pmt_section),
                              (self.sections.get(pid), self.section)):
            if sections:
                if gap:
                    sections.gap()
                if at < PACKET and not control & 0xC0:
                    for section in sections.packet(packet[at:], packet[1] & 0x40):
                        use(position, pid, section)

    def twin(self, packet, previous):
        """§1.6: None if the packets differ; else whether only their program_clock_references do."""
        other = self.data[previous.offset:previous.offset + PACKET]
        if packet == other:
            return False
        if packet[:6] == other[:6] and packet[12:] == other[12:] and read_pcr(packet) is not None:
            return True
        return None

    # -- §7 gaps

    def gap_on_all(self, found, position):
        self.gap(Gap(found, None, position, position, position, False, False))

    def gap_of_first(self, position, pid):
        """§7.2, end: it only damages."""
        self.gaps.append(Gap(position, pid, 0, position - 1, None, False, False))

    def gap_on_pid(self, position, pid, previous):
        counted = pid in self.counted
        joins = counted or previous.good >= 8
        first = previous.position
        all_first = None
        if joins:                                                               # §7.4
            left = REMEMBERED_GAPS
            for other in reversed(self.gaps):       # the last positions never fall in that list
                if other.last < first or left == 0:
                    break
                left -= other.joins
                if other.joins and other.pid != pid:
                    common = max(first, other.first)
                    all_first = common if all_first is None else min(all_first, common)
        self.gap(Gap(position, pid, first, position - 1, all_first, counted, joins))

    def gap(self, gap):
        self.gaps.append(gap)
        if self.window:                                                         # §3.3
            self.window.gaps += gap.counted
            if (gap.all_first is not None or gap.pid == self.window.start.pmt.lead_pid
                    or self.window.gaps > WINDOW_GAPS):
                self.window = None
        if gap.counted:
            self.gap_for_clock(gap.pid, gap.first, gap.last)
        if gap.all_first is not None:
            self.gap_for_clock(None, gap.all_first, gap.last)

    def gap_for_clock(self, pid, first, last):
        clock = self.clock
        if pid is None or pid == PID_TDT:
            clock.tots = 0                                                      # §4.2
        unknown = pid is None or pid in clock.pids()                            # §4.3 (b), §4.4 (b)
        if clock.kind in ("dvb", "isdb") and clock.anchor:
            begin, end, elapsed = clock.anchor
            for low, high in [(begin, end)] + clock.steps:                      # §4.4 (a)
                if first <= high and low <= last:
                    unknown = True
            if self.elapsed - elapsed > clock.interval() - 90_000 or clock.anchors == 1:
                unknown = True                                                  # §4.4 (d)
        if unknown:
            self.make_unknown(first)

    def make_unknown(self, first):
        """A gap that is found makes the clock unknown. §4.5."""
        self.clock.gapped = True
        for start in reversed(self.starts):
            if start.position < first:
                break
            if start.synced:
                start.known = False

    def gap_overlaps(self, low, high):
        """§4.4 (a): does a gap (on a counted PID, or on all) that is found already overlap low…high?"""
        for gap in reversed(self.gaps):
            if gap.last < low:
                return False
            begin = gap.earliest()
            if begin is not None and begin <= high:
                return True
        return False

    # -- §2 tables, §4.2 time tables

    def section(self, position, pid, section):
        table = section[0]
        if pid == PID_PAT and table == 0x00 and valid(section, 12) and current(section):
            self.pat(section)
        if pid == PID_PSIP:
            if table == 0xCD and valid(section, 20) and current(section) and section[8] == 0:
                self.stt(section)
            if table in (0xC8, 0xC9) and valid(section, 16) and current(section):
                self.tables["vct"].append((position, u16(section, 3)))
        if pid == PID_SDT and table == 0x42 and valid(section, 15) and current(section):
            self.tables["sdt"].append((position, u16(section, 3), u16(section, 8)))
        if pid == PID_TDT:
            if table == 0x70 and len(section) == 8:
                self.tdt(position, section)
            if table == 0x73 and len(section) >= 14 and crc32(section) == 0:
                self.tot(position, section)

    def pmt_section(self, _position, pid, section):
        pmt = read_pmt(section, pid, self.program)
        if pmt:
            self.new_pmt(pmt)

    def pat(self, section):
        """§2.2."""
        self.tsid = u16(section, 3)
        listed = [(u16(section, at), u16(section, at + 2) & 0x1FFF) for at in range(8, len(section) - 7, 4)]
        listed = [entry for entry in listed if entry[0] != 0]
        if self.program is None and listed:
            self.program = listed[0][0]
        for program, pid in listed:
            if program == self.program:
                if pid != self.pmt_pid:
                    self.pmt_pid, self.pmt_sections = pid, Sections()
                    self.update_counted()
                return

    def new_pmt(self, pmt):
        """§2.3; §3.3 for what it does to the window."""
        if self.pmt is None or pmt.section != self.pmt.section or pmt.pid != self.pmt.pid:
            if self.window:
                lead = self.window.start.pmt
                if (lead.lead_pid, lead.lead_type) != (pmt.lead_pid, pmt.lead_type):
                    self.window = None
            self.pmt = pmt
            self.update_counted()

    def decide_kind(self, kind):
        if self.clock.kind is None:
            self.clock.kind = kind
            self.update_counted()

    def stt(self, section):
        """§4.3."""
        self.decide_kind("atsc")
        clock = self.clock
        if clock.kind != "atsc":
            return
        system_time = int.from_bytes(section[9:13], "big")
        if clock.system_time is None or system_time > clock.system_time:
            clock.later = self.elapsed
        clock.system_time, clock.gps_utc_offset = system_time, section[13]
        clock.time = SECOND * (system_time + GPS_EPOCH)
        clock.gapped = False
        self.accepted()

    def tdt(self, position, section):
        second = read_mjd(section[3:8])
        if second is None:
            return
        self.decide_kind("dvb")
        if self.clock.kind == "dvb":
            self.anchor(position, second)

    def tot(self, position, section):
        second = read_mjd(section[3:8])
        if second is None:
            return
        self.clock.tots += 1
        if self.clock.tots == 2:
            self.decide_kind("isdb")
        if self.clock.kind == "isdb":
            self.anchor(position, second)

    def anchor(self, position, second):
        """§4.4."""
        clock = self.clock
        if not self.starts:
            return
        begin = self.starts[-1].position
        if clock.anchor and not clock.stepped:
            growth = self.elapsed - clock.anchor[2]
            if growth >= 45_000:
                clock.growths.append(growth)
        clock.anchor = (begin, position, self.elapsed)
        clock.anchors += 1
        clock.stepped, clock.steps = False, []
        clock.time = SECOND * second
        clock.gapped = self.gap_overlaps(begin, position)
        self.accepted()

    def accepted(self):
        self.probing = False

    # -- §3 lead packets

    def lead_packet(self, position, packet, at):
        payload = packet[at:]
        if packet[3] & 0xC0:
            self.window = None
            return
        if is_pes_start(packet, at):
            self.window = None
            stamps = time_stamps(payload)
            if stamps is None:
                return
            start = self.start(position, *stamps)
            header = 9 + payload[8]
            if header > len(payload):
                return
            self.window = Window(start)
            payload = payload[header:]
        if self.window:
            window = self.window
            window.data += payload
            window.packets += 1
            verdict = judge_window(window.start.pmt.lead_type, window.data)
            if verdict is not None or window.packets == WINDOW_PACKETS:
                self.window = None
            if verdict:
                self.rap(position, window.start)

    def start(self, position, pts, ts):
        """§4.1, §4.6, §4.7, §5.2: a start and its clock."""
        clock = self.clock
        former = self.starts[-1] if self.starts else None
        growth = 0
        if former:
            growth = (ts - former.ts) % 2**33
            if growth > 90_000:                                                 # a step
                growth = 0
                step = (former.position, position)
                clock.stepped = True
                clock.steps.append(step)
                if clock.anchor and self.gap_overlaps(*step):
                    clock.gapped = True                                         # §4.4 (a)
        self.elapsed += growth
        if self.probing and self.elapsed > PROBE_TICKS:
            self.end_probe()
        start = Start(position, pts, ts, self.elapsed, self.pmt, self.tsid, kind=clock.kind,
                      gps_utc_offset=clock.gps_utc_offset, clock_pids=clock.pids(), moving=self.pmt_pid != self.pmt.pid)
        known = clock.known(self.elapsed)
        fresh = False
        if not self.synced and known:
            self.synced = fresh = True
        start.synced = self.synced
        if not self.synced:
            start.known = True
            start.clock = ts
            if former:
                start.clock = former.clock + (ts - former.ts + 2**32) % 2**33 - 2**32
        elif known:
            start.known = True
            start.clock = clock.value(self.elapsed)
        elif former and former.clock is not None:
            start.clock = former.clock + growth                                 # §4.6
        if former and former.clock is not None and start.clock < former.clock - LOOK_BACK:
            fresh = True
            if not self.synced:
                start.clock = ts
        if fresh:                                                               # §5.2
            self.timeline += 1
            self.timeline_begin = len(self.starts)
            self.previous_rap = None
        start.timeline = self.timeline
        self.starts.append(start)
        return start

    # -- §5 openings

    def rap(self, position, start):
        if start.clock is None:
            return
        held, complete = start.clock // INDEX_TICKS, False
        known = start.known
        for i in range(len(self.starts) - 2, max(self.timeline_begin - 1, len(self.starts) - 2 - LOOK_BACK_STARTS), -1):
            other, behind = self.starts[i], self.starts[i + 1]
            if other.clock is None:
                break
            jump = behind.clock - other.clock > behind.elapsed - other.elapsed + LOOK_BACK
            known = known and other.known and not jump
            if other.clock <= start.clock - LOOK_BACK:
                complete = known
                break
            held = max(held, other.clock // INDEX_TICKS)
        former, self.previous_rap = self.previous_rap, Rap(start, held, complete)
        if held < 0 or former and held <= former.held:                          # §5.4
            return
        certain = bool(former and former.complete and complete) and not start.moving    # §5.5
        if certain:
            for gap in reversed(self.gaps):
                if gap.found <= former.start.position:
                    break
                first = gap.earliest()
                if first is not None and first < start.position:
                    certain = False
        self.openings.append(Opening(start, held, certain, position))
        self.update_counted()


@dataclass
class Window:
    """§3.3."""
    start: Start
    data: bytes = b""
    packets: int = 0
    gaps: int = 0               # on counted PIDs


# ---------------------------------------------------------------------------------------------------
# §6 The bytes


def make_head(index, tsid, program, pmt):
    """§6.2."""
    version = (pmt.pid ^ pmt.pid >> 5 ^ pmt.pid >> 10) & 31
    pat = bytes((0x00, 0xB0, 0x0D, tsid >> 8, tsid & 0xFF, 0xC1 | version << 1, 0, 0,
                 program >> 8, program & 0xFF, 0xE0 | pmt.pid >> 8, pmt.pid & 0xFF))
    pat += crc32(pat).to_bytes(4, "big")
    head = [CANONICAL + index.to_bytes(8, "big") + b"\0" + pat]
    high, low = pmt.pid >> 8, pmt.pid & 0xFF
    head.append(bytes((SYNC, 0x40 | high, low, 0x30, 1, 0x80, 0)) + pmt.section[:181])
    for n, at in enumerate(range(181, len(pmt.section), 184), 1):
        head.append(bytes((SYNC, high, low, 0x10 | n & 15)) + pmt.section[at:at + 184])
    return [packet.ljust(PACKET, b"\xFF") for packet in head]


class Parts:
    """§6.3, §6.4: packets into parts."""

    def __init__(self, pmt, head):
        self.pmt = pmt
        self.audio = pmt is not None and pmt.lead_type is not None and pmt.lead_type not in VIDEO
        self.parts = [[*head]]
        self.packets = len(head)
        self.kept = 0

    def add(self, packet, limited=True):
        """False if the packet would break a limit: then it was not taken."""
        new = False
        if self.audio:
            new = self.kept > 0 and self.kept % AUDIO_PART == 0
        elif self.kept > 0 and self.pmt and (packet[1] & 0x1F) << 8 | packet[2] == self.pmt.lead_pid:
            new = is_pes_start(packet, payload_offset(packet))
        size = PACKET if new else (len(self.parts[-1]) + 1) * PACKET
        if limited and (size > PART_LIMIT or (self.packets + 1) * PACKET > CHUNK_LIMIT):
            return False
        if new:
            self.parts.append([])
        self.parts[-1].append(packet)
        self.packets += 1
        self.kept += 1
        return True

    def bytes(self):
        return [b"".join(part) for part in self.parts]


@dataclass
class Chunk:
    index: int
    program: int
    parts: list                         # the bytes of each
    packets: int
    start: int                          # position of the opening packet in the whole input
    timeline: object
    sync: str = "pts"
    clock: int = None
    kind: str = None
    gps_utc_offset: int = None
    pts: int = None
    duration: int = 0
    damaged: int = 0
    certain_open: bool = False
    certain_close: bool = False
    clean: bool = False
    stream_id: str = None

    @property
    def bytes(self):
        return sum(len(part) for part in self.parts)

    @property
    def utc(self):
        """ECP-0004 §1."""
        if self.sync != "clock" or self.kind == "isdb":
            return None
        ms = self.clock // 90
        if self.kind == "atsc":
            ms -= 1000 * self.gps_utc_offset
        t = time.gmtime(ms // 1000)
        return "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ" % (*t[:6], ms % 1000)

    def hash(self):
        return blake3(b"".join(self.parts)).hex()

    def record(self, with_hash=True):
        return {"index": self.index, "sync": self.sync, "clock": self.clock, "utc": self.utc,
                "gps_utc_offset": self.gps_utc_offset, "pts": self.pts, "duration": self.duration,
                "parts": [len(part) for part in self.parts], "bytes": self.bytes, "packets": self.packets,
                "clean": self.clean, "damaged": self.damaged, "certain_open": self.certain_open,
                "certain_close": self.certain_close, "hash": self.hash() if with_hash else None,
                "stream_id": self.stream_id, "timeline": self.timeline, "start": self.start}

    def manifest(self):
        """The text of ECP-0004 §1."""
        return json.dumps({"format": "ts-canonical-1", "program": self.program, "index": self.index,
                           "sync": self.sync, "clock": self.clock, "utc": self.utc,
                           "gps_utc_offset": self.gps_utc_offset, "pts": self.pts, "duration": self.duration,
                           "parts": [len(part) for part in self.parts], "bytes": self.bytes,
                           "damaged": self.damaged, "clean": self.clean, "hash": self.hash()},
                          separators=(",", ":"))


def cut(receiver, number):
    """The chunk of an opening with all that does not depend on the rest of the input, and the positions
    (first, last) of its extent."""
    opening = receiver.openings[number]
    following = receiver.openings[number + 1] if number + 1 < len(receiver.openings) else None
    start = opening.start
    first = start.position
    last = following.start.position - 1 if following else len(receiver.offsets) - 1
    parts = Parts(start.pmt, make_head(opening.index, start.tsid, receiver.program, start.pmt))
    cut_off = False
    for i in range(bisect.bisect_left(receiver.packets, (first,)), len(receiver.packets)):
        position, offset, pid = receiver.packets[i]
        if position > last:
            break
        if pid in start.pmt.kept and not parts.add(receiver.data[offset:offset + PACKET]):
            cut_off, last = True, position - 1                                  # §6.4
            break
    atsc = start.synced and start.kind == "atsc"
    chunk = Chunk(opening.index, receiver.program, parts.bytes(), parts.packets, first, start.timeline,
                  sync="clock" if start.synced else "pts", clock=start.clock,
                  kind=start.kind if start.synced else None, pts=start.pts,
                  gps_utc_offset=start.gps_utc_offset if atsc else None)
    chunk.duration = (following.start if following else receiver.starts[-1]).elapsed - start.elapsed
    chunk.certain_open = opening.certain
    chunk.certain_close = bool(following and following.certain) and not cut_off
    chunk.damaged = 1 if cut_off else 0
    return chunk, first, last


# ---------------------------------------------------------------------------------------------------
# §7.5, §7.6, §7.7 Damage; ECP-0003 §2


def damages(gap, first, last, start):
    """§7.5, for a chunk of the extent first…last."""
    if gap.all_first is not None and gap.all_first <= last and first <= gap.last:
        return True
    return (gap.pid is not None and gap.first <= last and first <= gap.last
            and (gap.pid in start.pmt.kept or gap.pid in (PID_PAT, start.pmt.pid) or gap.pid in start.clock_pids))


class Extents:
    """Packets by PID, for what §7.6 and §7.7 ask about a chunk of the extent first…last."""

    def __init__(self, receiver):
        self.receiver = receiver
        self.positions = {}             # PID: of its packets
        self.bare = []                  # (position, PID, has it a PCR?) of packets without payload
        self.pcrs = {}                  # PID: (position, PCR)
        data = receiver.data
        for position, offset, pid in receiver.packets:
            self.positions.setdefault(pid, []).append(position)
            control = data[offset + 3]
            pcr = read_pcr(data[offset:offset + 12]) if control & 0x20 else None
            if pcr is not None:
                self.pcrs.setdefault(pid, []).append((position, pcr))
            if not control & 0x10:
                self.bare.append((position, pid, pcr is not None))

    def bare_in(self, first, last, pmt):
        """§7.7: (PID, has it a PCR?) of the chunk's packets without payload."""
        begin, end = bisect.bisect_left(self.bare, (first,)), bisect.bisect_left(self.bare, (last + 1,))
        return [entry[1:] for entry in self.bare[begin:end] if entry[1] in pmt.kept]

    def settling(self, number, first, last):
        """§7.6: the position of the packet that settles a closed chunk, were it alone."""
        pmt = self.receiver.openings[number].start.pmt
        closing = self.receiver.openings[number + 1]
        behind = closing.decided
        for pid in pmt.kept:
            mine = self.positions.get(pid, [])
            i, j = bisect.bisect_left(mine, first), bisect.bisect_right(mine, last)
            if i < j:
                behind = max(behind, mine[j] if j < len(mine) else FOREVER)
        if self.bare_in(first, last, pmt):
            pcrs = self.pcrs.get(pmt.pcr_pid, [])
            j = bisect.bisect_left(pcrs, (last + 1,))
            behind = max(behind, pcrs[j][0] if j < len(pcrs) else FOREVER)
        starts = self.receiver.starts
        for start in starts[bisect.bisect_right(starts, last, key=lambda s: s.position):]:
            if start.elapsed - closing.start.elapsed >= 90_000:
                return min(behind, max(start.position, closing.decided))
        return behind

    def objection(self, first, last, pmt, now):
        """§7.7, as far as the packets up to `now` show it."""
        bare = self.bare_in(first, last, pmt)
        if not bare:
            return False
        if len(bare) < 8:
            return True
        if any(entry != (pmt.pcr_pid, True) for entry in bare):
            return True
        pcrs = self.pcrs[pmt.pcr_pid]
        begin, end = bisect.bisect_left(pcrs, (first,)), bisect.bisect_left(pcrs, (last + 1,))
        taken = [pcr for position, pcr in pcrs[max(0, begin - 1):end + 1] if position <= now]
        steps = [(b - a) % PCR_CYCLE for a, b in zip(taken, taken[1:])]
        return len(steps) < 2 or 2 * max(steps) > 3 * min(steps)


def last_table(receiver, name, position):
    """What the last such table said that was complete at a position."""
    table = receiver.tables[name]
    i = bisect.bisect_left(table, position, key=lambda entry: entry[0])
    return table[i - 1][1:] if i else None


def name_of(receiver, chunk, start):
    """ECP-0003 §2 but for clean and the indices claimed before."""
    if chunk.sync != "clock":
        return None
    if chunk.kind == "atsc":
        vct = last_table(receiver, "vct", start.position)
        if vct == (start.tsid,) and start.tsid not in (0, 1):
            return f"ec/v1/atsc/{start.tsid}/{receiver.program}/ts-canonical-1"
    else:
        sdt = last_table(receiver, "sdt", start.position)
        if sdt and sdt[0] == start.tsid and 0 < sdt[1] < 0xFF00:
            return f"ec/v1/{chunk.kind}/{sdt[1]}/{start.tsid}/{receiver.program}/ts-canonical-1"
    return None


def judge(receiver, claimed):
    """All chunks of a receiver that has read its input. `claimed` is the highest index claimed before."""
    extents = Extents(receiver)
    lasts = [gap.last for gap in receiver.gaps]
    result, said = [], -1               # said: where the receiver had an answer for all chunks before
    for number, opening in enumerate(receiver.openings):
        chunk, first, last = cut(receiver, number)
        result.append(chunk)
        forgotten = number + REMEMBERED_CHUNKS
        forgotten = receiver.openings[forgotten].decided if forgotten < len(receiver.openings) else FOREVER
        gaps = [gap for gap in receiver.gaps[bisect.bisect_left(lasts, first):]
                if gap.found <= forgotten and damages(gap, first, last, opening.start)]
        chunk.damaged += len(gaps)
        if not (chunk.certain_open and chunk.certain_close):
            continue
        settled = max(said, extents.settling(number, first, last))
        damaged = min((gap.found for gap in gaps), default=FOREVER)
        sixteenth = number + WAITING + 1        # the opening that closes it
        limit = receiver.openings[sixteenth].decided if sixteenth < len(receiver.openings) else FOREVER
        if gaps and damaged <= min(settled, limit):     # it will never be called clean, and holds up nothing
            said = max(said, damaged)
            continue
        said = min(settled, limit)
        if settled > limit or settled == FOREVER:       # it waited for too long, or the input ended before
            continue
        if extents.objection(first, last, opening.start.pmt, settled):
            continue
        chunk.clean = not gaps
        name = name_of(receiver, chunk, opening.start)
        if name and chunk.index > claimed:
            claimed = chunk.index
            chunk.stream_id = name if chunk.clean else None
    return result, claimed


# ---------------------------------------------------------------------------------------------------
# §8 Canonical input


def named_program(packet):
    """Program and PMT PID that the PAT packet of a chunk names; (0, None) if its section is no good."""
    for section in Sections().packet(packet[payload_offset(packet):], True):
        if section[0] == 0 and valid(section, 12) and current(section):
            for at in range(8, len(section) - 7, 4):
                if u16(section, at):
                    return u16(section, at), u16(section, at + 2) & 0x1FFF
    return 0, None


def canonical_chunk(packets, start):
    """One chunk of canonical input, and its starts (position, PTS, ts)."""
    first = packets[0]
    program, pid = named_program(first)
    sections, pmt, head = Sections(), None, 1
    for i, packet in enumerate(packets[1:], 1):
        at = payload_offset(packet)
        if (packet[1] & 0x1F) << 8 | packet[2] == pid and at < PACKET and not packet[3] & 0xC0:
            for section in sections.packet(packet[at:], packet[1] & 0x40):
                pmt = pmt or read_pmt(section, pid, program)
            if pmt:
                head = i + 1
                break
    parts = Parts(pmt, packets[:head])
    stamps = []
    for packet in packets[head:]:
        parts.add(packet, limited=False)
        at = payload_offset(packet)
        if pmt and (packet[1] & 0x1F) << 8 | packet[2] == pmt.lead_pid and at < PACKET and is_pes_start(packet, at):
            stamp = time_stamps(packet[at:])
            if stamp:
                stamps.append(stamp)
    chunk = Chunk(int.from_bytes(first[10:18], "big"), program, parts.bytes(), len(packets), start, None)
    chunk.pts = stamps[0][0] if stamps else None
    return chunk, stamps


def canonical_run(runs, timeline):
    """The chunks of neighbouring canonical packets."""
    result = []
    made = [canonical_chunk(packets, start) for start, packets in runs]
    for i, (chunk, stamps) in enumerate(made):
        chunk.timeline = timeline
        after = made[i + 1][1][:1] if i + 1 < len(made) else []
        ts = [stamp[1] for stamp in stamps + after]
        growths = [(b - a) % 2**33 for a, b in zip(ts, ts[1:])]
        chunk.duration = sum(growth for growth in growths if growth <= 90_000)
        result.append(chunk)
    return result


def segments(data, offsets):
    """§8: (canonical?, begin, end) in packet numbers."""
    result, begin, canonical = [], 0, False
    for i, offset in enumerate(offsets):
        if data[offset + 1] & 0x9F == 0 and data[offset + 2] == 0:              # PID 0, not in error
            magic = data.startswith(CANONICAL, offset)
            if magic != canonical:
                if i > begin:
                    result.append((canonical, begin, i))
                begin, canonical = i, magic
    if len(offsets) > begin:
        result.append((canonical, begin, len(offsets)))
    return result


# ---------------------------------------------------------------------------------------------------


def receive(data, offsets, losses, program):
    try:
        receiver = Receiver(data, offsets, losses, program, unsynced=False)
        receiver.run()
    except NoTimeTable:                                                         # §4.7
        receiver = Receiver(data, offsets, losses, program, unsynced=True)
        receiver.run()
    return receiver


def chunks(data, program=None):
    """The chunks of an input, in the order of their openings."""
    data = bytes(data)
    offsets, losses = frame(data)
    result, claimed = [], -1
    for number, (canonical, begin, end) in enumerate(segments(data, offsets)):
        if canonical:
            runs = []
            for i in range(begin, end):
                packet = data[offsets[i]:offsets[i] + PACKET]
                if packet.startswith(CANONICAL):
                    runs.append((i, []))
                if not packet[1] & 0x80 and (packet[1] & 0x1F) << 8 | packet[2] != PID_NULL:
                    runs[-1][1].append(packet)
            made = canonical_run(runs, (number, 0))
        else:
            inside = {i - begin for i in losses if begin < i <= end}
            made, claimed = judge(receive(data, offsets[begin:end], inside, program), claimed)
            for chunk in made:
                chunk.start += begin
                chunk.timeline = (number, chunk.timeline)
        result += made
    # Timelines are numbered in the order in which chunks of them come.
    numbers = {}
    for chunk in result:
        chunk.timeline = numbers.setdefault(chunk.timeline, len(numbers))
    return result


def main():
    parser = argparse.ArgumentParser(description="The ts-canonical-1 chunks of a transport stream.")
    parser.add_argument("--program", type=int)
    parser.add_argument("--no-hash", action="store_true")
    parser.add_argument("file")
    arguments = parser.parse_args()
    with open(arguments.file, "rb") as file:
        data = file.read()
    for chunk in chunks(data, arguments.program):
        print(json.dumps(chunk.record(not arguments.no_hash)))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
