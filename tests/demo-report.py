#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Of “./dev demo”: holds what two subscribers received against what `ec chunk` made of the tuner, and tells the delays.

    demo-report.py FOLDER

In FOLDER: a.json, b.json (`ec chunk --json` at two antennas), times (`ec publish --times`), quic.json and quic.ts (`ec subscribe --json`),
web.json and web.ts (`ec record --json`). picture.ts is written: a chunk that was received.
"""

import json
import pathlib
import sys

PACKET = 188
TAG = bytes.fromhex("47400030 0d820b") + b"EC1"     # the head of a chunk, ECP-0002 §6.2


def split(data):
    starts = [at for at in range(0, len(data), PACKET) if data[at : at + len(TAG)] == TAG]
    return {int.from_bytes(data[at + 10 : at + 18], "big"): data[at:end]
            for at, end in zip(starts, [*starts[1:], len(data)])}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]


def clean(path):
    found = {line["index"]: line for line in lines(path) if line["clean"]}
    for line in lines(path):
        if line.get("revoked"):
            found.pop(line["index"], None)
    return found


def percentile(values, percent):
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def compare(name, received, reference):
    """The last one was cut off by the end."""
    whole = dict(sorted(received.items())[:-1])
    common = [index for index in whole if index in reference]
    equal = [index for index in common if whole[index] == pathlib.Path(reference[index]["file"]).read_bytes()]
    print(f"    {name}: {len(whole)} chunks; {len(common)} of them clean at `ec chunk`, too, {len(equal)} the same byte for byte")
    return len(common) > 0 and len(equal) == len(common)


def delays(folder):
    captured = {}
    for line in (folder / "times").read_text().splitlines():
        group, part, time, _ = map(int, line.split())
        captured[group, part] = time
    taken = []
    for line in lines(folder / "quic.json"):
        if "object" in line and (line["group"], line["object"]) in captured and "bytes" in line:
            taken.append((line["group"], line["arrival_us"] - captured[line["group"], line["object"]]))
    # What was there before the subscriber came waited for it.
    joined = min(group for group, _ in taken)
    return [delay / 1000 for group, delay in taken if group > joined]


def main():
    folder = pathlib.Path(sys.argv[1])
    a, b = clean(folder / "a.json"), clean(folder / "b.json")
    both = a.keys() & b.keys()
    same = [index for index in both if a[index]["hash"] == b[index]["hash"]]
    print(f"    two antennas that never talked to each other: {len(both)} chunks clean at both, {len(same)} the same")
    good = len(both) > 0 and len(same) == len(both)

    quic, web = split((folder / "quic.ts").read_bytes()), split((folder / "web.ts").read_bytes())
    good = compare("over QUIC        ", quic, a) and good
    good = compare("over WebTransport", web, a) and good
    outcome = lines(folder / "web.json")[-1]
    print(f"    by the publisher's signed manifests: {outcome['verified']} verified, {outcome['unverified']} not (yet), "
          f"{outcome['forged']} forged, {outcome['lost']} lost")
    good = good and outcome["verified"] > 0 and outcome["forged"] == outcome["lost"] == 0

    late = delays(folder)
    print(f"    from the tuner's bytes to the subscriber, through the relay, {len(late)} parts: "
          f"p50 {percentile(late, 50):.1f} ms, p99 {percentile(late, 99):.1f} ms")
    index = sorted(web)[len(web) // 2]
    (folder / "picture.ts").write_bytes(web[index])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
