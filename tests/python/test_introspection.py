# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library from Python, through introspection: what README.md shows is done here.

GI_TYPELIB_PATH and LD_LIBRARY_PATH must lead to the build, EC_BUILD_DIR names it.
"""

import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tsgen    # noqa: E402

gi = pytest.importorskip("gi")
try:
    gi.require_version("Ec", "1")
except ValueError as error:
    pytest.skip(f"no typelib: {error}", allow_module_level=True)

from gi.repository import Ec, Gio, GLib      # noqa: E402


@pytest.fixture(scope="module", name="stream")
def make_stream(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "stream.ts"
    path.write_bytes(tsgen.generate(seconds=20, seed=7))
    return path


def chunk_file(name):
    """The README's example."""
    source = Ec.Source.new_for_uri(name)
    source.open(None)
    chunker = Ec.Chunker.new(source.get_program_number())
    while (block := source.read(None))[0]:
        chunker.push(block[0])
    chunker.finish()
    while chunk := chunker.pop():
        yield chunk


def test_file(stream):
    chunks = list(chunk_file(str(stream)))
    assert len(chunks) > 6 and sum(chunk.get_clean() for chunk in chunks) > 2
    assert [c.get_index() for c in chunks] == sorted({c.get_index() for c in chunks})
    tool = os.path.join(os.environ.get("EC_BUILD_DIR", ""), "ec-tools", "ec")
    lines = subprocess.run([tool, "chunk", "--json", str(stream)], check=True, capture_output=True, text=True).stdout
    told = [json.loads(line) for line in lines.splitlines()]
    assert [(c.get_index(), c.get_hash(), c.get_clean()) for c in chunks] == \
        [(line["index"], line["hash"], line["clean"]) for line in told]


def test_parts_and_manifest(stream):
    chunk = [c for c in chunk_file(str(stream)) if c.get_clean()][0]
    manifest = chunk.get_manifest()
    data = chunk.dup_data().get_data()
    assert data[:4] == b"\x47\x40\0\x30" and len(data) == manifest.get_n_bytes()
    assert data == b"".join(chunk.get_part(i).get_data() for i in range(chunk.get_n_parts()))
    assert manifest.get_sync() == Ec.ChunkSync.CLOCK
    assert json.loads(manifest.to_text())["hash"] == chunk.get_hash()
    assert Ec.Manifest.new_from_text(manifest.to_text(), -1).to_text() == manifest.to_text()


def test_asynchronously(stream):
    loop, blocks = GLib.MainLoop(), []
    source = Ec.Source.new_for_uri(str(stream))

    def on_read(source, result):
        block, _ = source.read_finish(result)
        if block is None:
            loop.quit()
        else:
            blocks.append(block.get_data())
            source.read_async(None, on_read)

    def on_open(source, result):
        assert source.open_finish(result)
        source.read_async(None, on_read)

    source.open_async(None, on_open)
    GLib.timeout_add_seconds(30, loop.quit)
    loop.run()
    assert b"".join(blocks) == stream.read_bytes()
    assert source.get_state() == Ec.SourceState.ENDED


def test_errors_have_domains_and_codes(tmp_path):
    with pytest.raises(GLib.Error) as caught:
        Ec.Source.new_for_uri("gopher://example.org/")
    assert caught.value.matches(Ec.SourceError.quark(), Ec.SourceError.BAD_URI)
    with pytest.raises(GLib.Error) as caught:
        Ec.Source.new_for_uri(str(tmp_path / "none.ts")).open(None)
    assert caught.value.matches(Ec.SourceError.quark(), Ec.SourceError.NOT_FOUND)
    with pytest.raises(GLib.Error) as caught:
        Ec.Manifest.new_from_text("{}", -1)
    assert caught.value.matches(Ec.ChunkError.quark(), Ec.ChunkError.BAD_MANIFEST)


def test_identity(tmp_path):
    identity = Ec.Identity.load(str(tmp_path / "station.key"), True)
    signed = identity.sign_text("example+json", '{"a":1}')
    assert Ec.Identity.verify_text(identity.get_node_id(), "example+json", signed) == '{"a":1}'
    assert Ec.Identity.load(str(tmp_path / "station.key"), False).get_node_id() == identity.get_node_id()
    with pytest.raises(GLib.Error) as caught:
        Ec.Identity.verify_text(identity.get_node_id(), "example+json", signed[:-4] + "AAAA")
    assert caught.value.matches(Ec.IdentityError.quark(), Ec.IdentityError.BAD_SIGNATURE)


def test_cancelling():
    cancellable = Gio.Cancellable()
    cancellable.cancel()
    with pytest.raises(GLib.Error) as caught:
        Ec.Source.new_for_uri("http://127.0.0.1:9/").open(cancellable)
    assert caught.value.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)


@pytest.fixture(name="tuner")
def start_tuner():
    tool = os.path.join(os.environ.get("EC_BUILD_DIR", ""), "ec-tools", "ec")
    command = [tool, "tuner", "--lite", "--json", "--http-port", "0", "--stream-port", "0", "--control-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def test_channels(tuner):
    """The README's other example, and a few seconds of a channel."""
    device = Ec.Device.new_for_host(tuner["base_url"].removeprefix("http://").rstrip("/"))
    device.load(None)
    channels = {channel.get_number(): channel for channel in device.get_channels()}
    assert [f"{c.get_number()} {c.get_name()}" for c in channels.values()] == tuner["channels"]
    assert device.get_device_id() == tuner["device_id"]
    source = Ec.Source.new_for_uri(channels["5.1"].get_uri())
    source.open(None)
    chunker = Ec.Chunker.new(source.get_program_number())
    chunk = None
    while not chunk:
        chunker.push(source.read(None)[0])
        chunk = chunker.pop()
    assert chunk.get_manifest().get_sync() == Ec.ChunkSync.CLOCK
    source.close()


def test_timelines_around_canonical_input(stream, tmp_path):
    """What follows canonical input begins afresh (ECP-0002 §8): names by timeline must differ."""
    data = stream.read_bytes()
    inside = b"".join(c.dup_data().get_data() for c in list(chunk_file(str(stream)))[2:5])
    mixed = tmp_path / "mixed.ts"
    mixed.write_bytes(data + inside + data[data.index(b"\x47\x40\0"):])
    timelines = [chunk.get_timeline() for chunk in chunk_file(str(mixed))]
    assert timelines == sorted(timelines) and sorted(set(timelines)) == [0, 1, 2]
    assert timelines.count(1) == 3


@pytest.mark.parametrize("text", (
    "", "0", "{", "}", '{"a":1}{"b":2}', '0{"a":1}', '[{"a":1}]', '{"a":"}"', '{"a":"\\"}', '{"a":' + "[" * 400_000))
def test_manifest_must_be_one_object(text):
    with pytest.raises(GLib.Error) as caught:
        Ec.Manifest.new_from_text(text, -1)
    assert caught.value.matches(Ec.ChunkError.quark(), Ec.ChunkError.BAD_MANIFEST)


def test_no_name_hides_what_every_object_has():
    """A method “connect” would keep Python from a class's signals."""
    gi.require_version("GIRepository", "2.0")
    from gi.repository import GIRepository, GObject     # noqa: E402

    # What MOQT calls properties is what it says of tracks and objects; few miss GObject's.
    known = {"get_properties"}
    repository = GIRepository.Repository.get_default()
    hidden = []
    for i in range(repository.get_n_infos("Ec")):
        info = repository.get_info("Ec", i)
        if info.get_type() != GIRepository.InfoType.OBJECT:
            continue
        hidden += [f"{info.get_name()}.{method.get_name()}"
                   for method in (GIRepository.object_info_get_method(info, n)
                                  for n in range(GIRepository.object_info_get_n_methods(info)))
                   if hasattr(GObject.Object, method.get_name()) and method.get_name() not in known]
    assert not hidden
