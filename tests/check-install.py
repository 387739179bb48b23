#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs into a temporary folder and uses what lies there as a stranger would.

    check-install.py layout|c|vala SOURCE-ROOT BUILD-ROOT [COMPILER…]

layout: what is installed, and where. c, vala: a program that is compiled with nothing but the flags
that pkg-config tells, run on a stream, and held against `ec chunk`.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
LAYOUT = (
    "bin/ec",
    "include/libec-1.0/ec.h",
    "include/libec-1.0/ec-version.h",
    "include/libec-1.0/base/ec-macros.h",
    "include/libec-1.0/chunk/ec-chunker.h",
    "include/libec-1.0/source/ec-source.h",
    "LIBDIR/libec-1.0.so",
    "LIBDIR/libec-1.0.so.0",
    "LIBDIR/girepository-1.0/Ec-1.typelib",
    "LIBDIR/pkgconfig/libec-1.0.pc",
    "share/gir-1.0/Ec-1.gir",
    "share/man/man1/ec.1",
    "share/man/man1/ec-chunk.1",
    "share/vala/vapi/libec-1.0.deps",
    "share/vala/vapi/libec-1.0.vapi",
)
NO_MORE = ("bin", "include", "LIBDIR", "share")


class Installed:
    def __init__(self, build, folder):
        self.folder = folder
        run(["meson", "install", "-C", str(build), "--no-rebuild", "--quiet", "--destdir", str(folder / "dest")])
        config = next((folder / "dest").rglob("libec-1.0.pc"))
        variables = dict(line.split("=", 1) for line in config.read_text(encoding="utf-8").splitlines() if "=" in line)
        self.prefix = folder / "dest" / variables["prefix"].lstrip("/")
        self.libdir = config.parent.parent
        # pkg-config cannot be told of a DESTDIR without taking it for everything's: a copy says where it is.
        (folder / "pkgconfig").mkdir()
        text = config.read_text(encoding="utf-8").replace("prefix=" + variables["prefix"], f"prefix={self.prefix}", 1)
        (folder / "pkgconfig" / config.name).write_text(text, encoding="utf-8")
        path = os.pathsep.join(filter(None, (str(folder / "pkgconfig"), os.environ.get("PKG_CONFIG_PATH"))))
        self.env = dict(os.environ, PKG_CONFIG_PATH=path, LD_LIBRARY_PATH=str(self.libdir))

    def flags(self, which):
        return run(["pkg-config", which, "libec-1.0"], env=self.env).split()


def run(command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}failed with status {done.returncode}")
    return done.stdout


def make_stream(source, path):
    run([sys.executable, str(source / "tests/python/tsgen.py"), "--seconds", "14", "-o", str(path)])


def check_layout(installed):
    libdir = str(installed.libdir.relative_to(installed.prefix))
    wanted = [item.replace("LIBDIR", libdir) for item in LAYOUT]
    missing = [item for item in wanted if not (installed.prefix / item).exists()]
    tops = {str(item).replace("LIBDIR", libdir).split("/")[0] for item in NO_MORE}
    odd = sorted(p.name for p in installed.prefix.iterdir() if p.name not in tops)
    private = sorted(p.name for p in (installed.prefix / "include").rglob("*-private.h"))
    for what, items in (("missing", missing), ("unexpected", odd), ("private, but installed", private)):
        for item in items:
            print(f"{what}: {item}")
    return 1 if missing or odd or private else 0


def check_result(installed, source, program):
    stream = installed.folder / "a stream.ts"
    make_stream(source, stream)
    got = run([str(program), str(stream)], env=installed.env).splitlines()
    lines = run([str(installed.prefix / "bin/ec"), "chunk", "--json", str(stream)], env=installed.env).splitlines()
    want = ["{index} {hash}".format(**json.loads(line)) for line in lines]
    print(f"{len(got)} chunks")
    if len(want) < 4 or got != want:
        sys.exit(f"the program says\n{got}\nec chunk says\n{want}")


def check_moq(installed, program):
    got = run([str(program)], env=installed.env, timeout=60).splitlines()
    if got != ["1 0 hello []", "1 1 hello [(14336, <uint64 7>)]", "end"]:
        sys.exit(f"the program says {got}")


def check_headers(installed, compiler):
    """Every installed header refuses to be included but through <ec.h>."""
    top = installed.prefix / "include/libec-1.0"
    for header in sorted(top.rglob("*.h")):
        name = header.relative_to(top)
        if str(name) in ("ec.h", "ec-version.h"):
            continue
        code = f"#include <{name}>\n"
        done = subprocess.run(
            [*compiler, *installed.flags("--cflags"), "-x", "c", "-fsyntax-only", "-"],
            input=code, capture_output=True, text=True, check=False)
        if "Only <ec.h> can be included directly." not in done.stderr:
            sys.exit(f"<{name}> can be included by itself:\n{done.stderr}")


def check_c(installed, source, compiler):
    strict = ["-std=gnu11", "-Wall", "-Wextra", "-Wstrict-prototypes", "-Wundef", "-Werror"]
    for name in ("chunk-file", "moq"):
        run([*compiler, *strict, *installed.flags("--cflags"), str(source / f"tests/install/{name}.c"),
             "-o", str(installed.folder / name), *installed.flags("--libs")])
    check_headers(installed, compiler)
    if shutil.which("g++"):
        run(["g++", "-Wall", "-Wextra", "-Werror", *installed.flags("--cflags"), "-x", "c++", "-fsyntax-only", "-"],
            input="#include <ec.h>\n")
    check_result(installed, source, installed.folder / "chunk-file")
    check_moq(installed, installed.folder / "moq")


def check_vala(installed, source):
    if not shutil.which("valac"):
        print("skipped: valac is not installed")
        sys.exit(SKIP)
    for name in ("chunk-file", "moq"):
        run(["valac", "--fatal-warnings", "--vapidir", str(installed.prefix / "share/vala/vapi"), "--pkg", "libec-1.0",
             "-d", str(installed.folder), "-o", name, "-X", "-w", str(source / f"tests/install/{name}.vala")],
            env=installed.env)
    check_result(installed, source, installed.folder / "chunk-file")
    check_moq(installed, installed.folder / "moq")


def main():
    what, source, build, *compiler = sys.argv[1:]
    source = pathlib.Path(source).resolve()
    with tempfile.TemporaryDirectory(prefix="ec-install-") as folder:
        installed = Installed(pathlib.Path(build), pathlib.Path(folder))
        if what == "layout":
            return check_layout(installed)
        if what == "c":
            return check_c(installed, source, compiler)
        return check_vala(installed, source)


if __name__ == "__main__":
    sys.exit(main())
