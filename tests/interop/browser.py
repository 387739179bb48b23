# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headless Chromium on a page of ours, served on loopback; what the page posts is its result."""

import http.server
import json
import queue
import tempfile
import threading
import time

from harness import Process, need_program

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


class Browser:
    """Serves `folder`, and opens `page` of it; localhost, which is a secure context."""

    def __init__(self, folder, page):
        program = need_program("chromium")
        self.posts = queue.Queue()
        posts = self.posts

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=str(folder))

            def do_POST(self):
                posts.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.web.serve_forever, daemon=True).start()
        self.profile = tempfile.TemporaryDirectory(prefix="ec-interop-", ignore_cleanup_errors=True)
        self.process = Process([program, *FLAGS, f"--user-data-dir={self.profile.name}", "--enable-logging=stderr",
                                f"http://localhost:{self.web.server_port}/{page}"])

    def result(self, seconds=60):
        """The next thing that the page posted."""
        try:
            post = self.posts.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"the page posted nothing in {seconds} s:\n{self.process.text()}") from None
        assert "error" not in post, post["error"]
        return post

    def wait(self, seconds):
        """For so long, or until the page posts something."""
        end = time.monotonic() + seconds
        while self.posts.empty() and time.monotonic() < end:
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.end()
        self.web.shutdown()
        self.web.server_close()
        self.profile.cleanup()
