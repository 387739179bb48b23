#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our relay and moq-dev's, under the same loads: ours (ec bench relay) and theirs (moq-bench).

    compare-relays.py --ec EC --moq-relay MOQ-RELAY [--moq-bench MOQ-BENCH] [-n 100,400] [-s 16384] [-b 2] [-r 3]

Printed are payload bytes delivered a second of the relay's CPU time (Gbit), medians of the runs, and the ratio of both relays.
moq-bench and moq-relay come from https://github.com/moq-dev/moq; openssl makes the certificates.
"""

import argparse
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ec", required=True)
    parser.add_argument("--moq-relay", required=True)
    parser.add_argument("--moq-bench")
    parser.add_argument("--moq-version", default="moq-transport-16", help="what moq-bench speaks to ours")
    parser.add_argument("-n", "--subscribers", default="100,400")
    parser.add_argument("-s", "--object-size", default="16384")
    parser.add_argument("-b", "--bit-rate", type=float, default=2, help="Mb/s of each subscriber")
    parser.add_argument("-d", "--duration", type=float, default=5)
    parser.add_argument("-r", "--repeat", type=int, default=3)
    return parser.parse_args()


def make_certificates(folder):
    def run(*command):
        subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench",
        "-addext", "basicConstraints=critical,CA:TRUE")
    run("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="ascii")
    run("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
        "-extfile", "names", "-out", "certificate.pem")


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_relay(kind, args, folder):
    port = free_port()
    pair = [str(folder / "certificate.pem"), str(folder / "key.pem")]
    if kind == "ours":
        command = [args.ec, "relay", "--listen", f"127.0.0.1:{port}", "--certificate", pair[0], "--key", pair[1],
                   "--drain", "0"]
    else:
        command = [args.moq_relay, "--listen", f"127.0.0.1:{port}", "--listen-tls-cert", pair[0],
                   "--listen-tls-key", pair[1], "--auth-public", "**"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    if process.poll() is not None:
        raise SystemExit(f"{command[0]} has ended; run it by hand to see why: {' '.join(command)}")
    return process, port


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def our_load(args, folder, relay, port, subscribers, size):
    """Gbit a CPU-second, lost groups, delay p99 in ms."""
    output = subprocess.run(
        [args.ec, "bench", "relay", "--json", "--uri", f"moqt://127.0.0.1:{port}", "--ca", str(folder / "ca.pem"),
         "--pid", str(relay.pid), "-n", str(subscribers), "-s", str(size), "-b", str(args.bit_rate),
         "-d", str(args.duration)],
        check=True, capture_output=True, text=True).stdout
    row = json.loads(output.splitlines()[-1])
    return row["bytes_per_cpu_second"] * 8e-9, row["lost_groups"], row["delay_p99_us"] / 1000


def last_stats(path):
    return json.loads(path.read_text(encoding="utf-8").strip().splitlines()[-1])


def their_load(args, folder, relay, port, subscribers, size):
    """Gbit a CPU-second, lost groups; moq-bench does not measure delays.

    To moq-relay it speaks what the two like best: in draft 16 a twentieth of the frames came through it (moq-relay 0.17.10).
    """
    rate = max(1, round(args.bit_rate * 1e6 / 8 / size))
    common = [args.moq_bench, "--client-connect", f"https://127.0.0.1:{port}/", "--client-tls-disable-verify",
              "--fps", str(rate), "--frame-size", str(size),
              "--group-size", "29", "--report", "200ms", "--log-level", "error"]
    if relay.args[0] == args.ec:
        common += ["--client-version", args.moq_version]
    output = folder / "stats.jsonl"
    loads = [
        [*common, "--connections", "1", "--broadcasts", "1", "--subscribe", "0", "--startup", "10ms"],
        [*common, "--connections", str(subscribers), "--broadcasts", "0", "--subscribe", "1", "--startup", "2s",
         "--output", str(output)],
    ]
    processes = [subprocess.Popen(load, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for load in loads]
    try:
        time.sleep(8)  # two ramps of --startup, and their first groups
        before, cpu = last_stats(output), cpu_seconds(relay.pid)
        time.sleep(args.duration)
        after, cpu = last_stats(output), cpu_seconds(relay.pid) - cpu
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
    received = after["bytes_recv"] - before["bytes_recv"]
    expected = subscribers * rate * size * args.duration
    if received < 0.5 * expected:
        print(f"  (only {received / expected:.0%} of what was to be delivered came)")
    lost = after["groups_expected"] - after["groups_present"]
    return received * 8e-9 / max(cpu, 0.01), lost, None


def main():
    args = arguments()
    loads = {"ec bench": our_load}
    if args.moq_bench:
        loads["moq-bench"] = their_load
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_certificates(folder)
        for size in map(int, args.object_size.split(",")):
            for subscribers in map(int, args.subscribers.split(",")):
                for load, measure in loads.items():
                    medians = {}
                    runs = {"ours": [], "moq-relay": []}
                    for _ in range(args.repeat):
                        for kind, rows in runs.items():
                            relay, port = start_relay(kind, args, folder)
                            try:
                                rows.append(measure(args, folder, relay, port, subscribers, size))
                            finally:
                                relay.kill()
                                relay.wait()
                    for kind, rows in runs.items():
                        medians[kind] = statistics.median(row[0] for row in rows)
                        delays = [row[2] for row in rows if row[2] is not None]
                        print(f"{load:9} {kind:9} {subscribers:4} subscribers, {size:6} bytes: "
                              f"{medians[kind]:6.2f} Gbit a CPU-second, "
                              f"lost {sum(row[1] for row in rows):.0f}"
                              + (f", p99 {statistics.median(delays):.1f} ms" if delays else ""), flush=True)
                    print(f"{load:9} ours / moq-relay: {medians['ours'] / medians['moq-relay']:.2f}", flush=True)


if __name__ == "__main__":
    main()
