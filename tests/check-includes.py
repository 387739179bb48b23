#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks who includes whom: the folders' order, I/O in sans-I/O folders, the public headers.

    check-includes.py SOURCE-ROOT

The table is that of the design; each folder's own #include lines are held against it, so a
dependency that is not named there is an error where it is written, not where it hurts.
"""

import pathlib
import re
import sys

# Folder of libec/ -> folders that it may include, besides itself.
TABLE = {
    "base": (),
    "ts": ("base",),
    "chunk": ("base", "ts"),
    "seal": ("base",),
    "moqt": ("base",),
    "source": ("base", "ts"),
    "transport": ("base",),
    "quic": ("base", "transport"),
    "webtransport": ("base", "transport", "quic"),
    "node": ("base", "seal", "quic"),
    "session": ("base", "seal", "moqt", "transport"),
    "share": ("base", "chunk", "seal", "source", "moqt", "session", "transport", "node"),
    "relay": ("base", "seal", "moqt", "session", "transport"),
    "media": ("base", "ts", "chunk", "source"),
    "gateway": ("base", "moqt", "session", "chunk", "source", "share", "media"),
    "gst": (),      # public headers only: <ec.h>
}

# Single files that may include more than their folder.
EXTRA = {
    # The two places that know how a session's transport comes about.
    "session/ec-session-dial.c": ("quic", "webtransport", "node"),
    "session/ec-session-listen.c": ("quic", "webtransport", "node"),
}

# Only these know how to reach GStreamer, libsoup, QUIC and the like.
ONLY_IN = {
    r"gst/.*": {"media", "gst"},
    r"ngtcp2/.*|nghttp3/.*|gnutls/.*": {"quic", "webtransport", "node"},
    r"libsoup/.*": {"source", "node", "gateway", "media"},
    r"gtk/.*|adwaita\.h": set(),
}

SANS_IO = ("ts", "chunk", "seal", "moqt")

SANS_IO_HEADERS = re.compile(
    r"(gio/|gst/|libsoup/|glib/gstdio|glib-unix|sys/|netinet/|arpa/|net/|linux/"
    r"|(stdio|unistd|fcntl|poll|signal|time|pthread|threads|netdb|errno)\.h)")

SANS_IO_WORDS = re.compile(
    r"\b(g_get_(real|monotonic|current)_time|g_date_time_new_now\w*|g_time_val\w*|g_usleep|g_timer_\w+"
    r"|clock_gettime|gettimeofday|time|sleep|usleep|nanosleep"
    r"|g_random_\w+|g_rand_\w+|g_uuid_\w+|randombytes\w*|crypto_\w+_keypair|crypto_\w+_keygen|random|rand|getrandom"
    r"|g_thread_\w+|g_mutex_\w+|g_rec_mutex_\w+|g_cond_\w+|g_async_queue_\w+|pthread_\w+"
    r"|g_timeout_\w+|g_idle_\w+|g_main_\w+|g_source_\w+|g_task_\w+"
    r"|g_socket_\w+|g_io_\w+|g_(in|out)put_stream_\w+|g_file_\w+|g_mapped_file_\w+|g_dir_\w+|g_(f?open|unlink|stat|mkdir)\w*"
    r"|socket|bind|connect|sendto|sendmsg|recvfrom|recvmsg|open|openat|read|write|fopen|fread|fwrite|printf|g_print"
    r"|gst_\w+|soup_\w+)\s*\(")

# Sans-I/O but for one thing each.
SANS_IO_EXEMPT = {
    "seal/ec-identity.c": "keeps the secret key in a file, and makes new ones: the edge of seal/",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)

problems = []


def complain(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def blank(match):
    """Comments and strings go, line numbers stay."""
    return "\n" * match.group().count("\n") or " "


def includes(text):
    for match in INCLUDE.finditer(re.sub(r"/\*.*?\*/", blank, text, flags=re.S)):
        yield text.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h", ".inc") and p.is_file())


def check_internal(root, path, folder, line, name):
    where = path.relative_to(root.parent)
    target = name.split("/")[0] if "/" in name else ""
    if not (root / name).exists() and name != "ec-version.h":
        return complain(where, line, f"“{name}” is no path from libec/: includes spell their folder")
    if folder == "" or name == "ec-version.h":     # generated, three numbers: nobody's
        return None
    if folder == "gst":
        return complain(where, line, "gst/ uses the public headers: <ec.h>") if target != "gst" else None
    allowed = {folder, *TABLE[folder], *EXTRA.get(str(path.relative_to(root)), ())}
    if target not in allowed:
        return complain(where, line, f"{folder}/ may not include {target or 'libec'}/ (“{name}”)")
    return None


def check_external(root, path, folder, line, name):
    where = path.relative_to(root.parent)
    if (root / name).exists() and not (folder == "gst" and name == "ec.h"):
        complain(where, line, f"<{name}> is ours: write \"{name}\"")
    for pattern, folders in ONLY_IN.items():
        if re.fullmatch(pattern, name) and folder and folder not in folders:
            complain(where, line, f"{folder}/ may not include <{name}>")


def check_sans_io(root, path, text):
    where = path.relative_to(root.parent)
    if str(path.relative_to(root)) in SANS_IO_EXEMPT:
        return
    for line, quoted, name in includes(text):
        if not quoted and SANS_IO_HEADERS.match(name):
            complain(where, line, f"<{name}> in a folder without I/O")
    code = CODE.sub(blank, text)
    for match in SANS_IO_WORDS.finditer(code):
        if code[:match.start()].endswith(("->", ".")):      # a member of that name
            continue
        complain(where, code.count("\n", 0, match.start()) + 1,
                 f"{match.group(1)}() in a folder without I/O, clock or random source")


def check_library(root):
    for path in sources(root):
        parts = path.relative_to(root).parts
        folder = parts[0] if len(parts) > 1 else ""
        text = path.read_text(encoding="utf-8")
        if folder and folder not in TABLE:
            complain(path.relative_to(root.parent), 1, f"the folder {folder}/ is not in the design's table")
            continue
        for line, quoted, name in includes(text):
            (check_internal if quoted else check_external)(root, path, folder, line, name)
        if folder in SANS_IO:
            check_sans_io(root, path, text)


def check_users(root):
    """ec-tools, ec-viewer and bindings use the library as anyone does."""
    for folder in ("ec-tools", "ec-viewer", "bindings"):
        for path in sources(root / folder):
            for line, quoted, name in includes(path.read_text(encoding="utf-8")):
                where = path.relative_to(root)
                own = not name.startswith(".") and (path.parent / name).exists()
                if quoted and not own:
                    complain(where, line, f"“{name}” is not of {folder}/: users of the library include <ec.h> only")
                elif not quoted and name != "ec.h" and (root / "libec" / name).exists():
                    complain(where, line, f"<{name}> is inside the library: include <ec.h>")


def check_umbrella(root):
    """What <ec.h> reaches refuses to be included otherwise, by ec-macros.h, and ec.h names all of it."""
    library = root / "libec"
    named = [name for _, quoted, name in includes((library / "ec.h").read_text(encoding="utf-8")) if quoted]

    def closure(name, seen):
        path = library / name
        if name in seen or not path.exists():
            return seen
        seen.add(name)
        for _, quoted, inner in includes(path.read_text(encoding="utf-8")):
            if quoted:
                closure(inner, seen)
        return seen

    for name in named:
        reached = closure(name, set())
        if name != "ec-version.h" and "base/ec-macros.h" not in reached:
            complain(f"libec/{name}", 1, "a public header without base/ec-macros.h, so without the guard")
        for other in sorted(reached - set(named)):
            complain("libec/ec.h", 1, f"{name} needs {other}, which ec.h does not name")
    guard = (library / "base/ec-macros.h").read_text(encoding="utf-8")
    if "Only <ec.h> can be included directly." not in guard:
        complain("libec/base/ec-macros.h", 1, "the guard is gone")
    for path in sources(library):
        if path.suffix == ".h" and not re.search(r"^#pragma once$", path.read_text(encoding="utf-8"), re.M):
            complain(path.relative_to(root), 1, "no “#pragma once”")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    check_library(root / "libec")
    check_users(root)
    check_umbrella(root)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
