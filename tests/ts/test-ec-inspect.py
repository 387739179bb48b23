#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`ec inspect` from outside: what it prints, what it exits with, a live source."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

EC = sys.argv.pop(1)
TSGEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python", "tsgen.py")


def ec(*arguments, **options):
    return subprocess.run([EC, "inspect", *arguments], capture_output=True, timeout=120, **options)


class Inspect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.stream = os.path.join(cls.folder.name, "dvb.ts")
        subprocess.run([sys.executable, TSGEN, "--kind", "dvb", "--video", "h264", "--seconds", "10",
                        "--seed", "1", "-o", cls.stream], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def file(self, name, data):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_json(self):
        done = ec(self.stream, "--json")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count(b"\n"), 1)
        report = json.loads(done.stdout)
        self.assertEqual(report["programs"][0]["stream_id"], "ec/v1/dvb/8468/2069/3/ts-canonical-1")
        self.assertEqual(report["bytes"], os.path.getsize(self.stream))

    def test_text(self):
        done = ec(self.stream, "--program", "3")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[:2], ["dvb.ts", "An MPEG transport stream"])
        self.assertIn("Program 3", lines)
        self.assertNotIn("Program 4", lines)

    def test_bytes(self):
        with open(self.stream, "rb") as file:
            done = ec("-", "--json", "--bytes", "188000", stdin=file)
        self.assertEqual(json.loads(done.stdout)["packets"], 1000)

    def test_no_stream(self):
        for path in (self.file("empty.ts", b""), self.file("text", b"Good morning\n" * 10000),
                     os.path.join(self.folder.name, "missing.ts")):
            done = ec(path)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertTrue(done.stderr.startswith(b"ec inspect: "))
        done = ec(self.stream, "--program", "9")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"The stream has no program 9. It has 3, 4.", done.stderr)

    def test_usage(self):
        for arguments in ((), (self.stream, self.stream), (self.stream, "--program", "70000"),
                          (self.stream, "--bytes", "-1"), (self.stream, "--nonsense")):
            self.assertEqual(ec(*arguments).returncode, 2)

    def test_live(self):
        with open(self.stream, "rb") as file:
            data = file.read()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        done = threading.Event()

        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                while not done.is_set():
                    for at in range(0, len(data) - 1315, 1316):
                        try:
                            sender.sendto(data[at:at + 1316], ("127.0.0.1", port))
                        except ConnectionRefusedError:
                            pass
                        if done.wait(0.002):
                            break

        thread = threading.Thread(target=send)
        thread.start()
        try:
            result = ec(f"udp://127.0.0.1:{port}", "--duration", "3", "--json")
        finally:
            done.set()
            thread.join()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertGreaterEqual(json.loads(result.stdout)["duration_ms"], 3000)


if __name__ == "__main__":
    unittest.main()
