# SPDX-License-Identifier: LGPL-2.1-or-later
import faulthandler
import itertools

import pytest

from harness import Certificate, Process, Relay, free_port, need, our_relay, wait_bound

numbers = itertools.count()


@pytest.fixture(autouse=True)
def bounded_in_time():
    """Whatever hangs: the run ends, and says where."""
    faulthandler.dump_traceback_later(180, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return Certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def space():
    """A namespace that no other test uses."""
    return f"interop/test/{next(numbers)}"


@pytest.fixture(scope="module")
def ec_relay():
    with our_relay() as relay:
        yield relay


@pytest.fixture(scope="module")
def moq_relay(certificate):
    """moq-dev's, with every name open to all."""
    [program] = need("bin/moq-relay")
    port = free_port()
    process = Process([program, "--listen", f"[::]:{port}", "--listen-tls-cert", certificate.cert, "--listen-tls-key",
                       certificate.key, "--auth-public", "**"])
    with Relay(process, port, certificate.hash, name="moq-relay") as relay:
        process.wait_line(lambda line: "listening" in line)
        wait_bound(port)
        yield relay


@pytest.fixture(scope="module")
def aiomoqt_relay(certificate):
    [program] = need("aiomoqt/bin/moq-interop-relay")
    port = free_port()
    process = Process([program, "--bind", "127.0.0.1", "--port", port, "--cert", certificate.cert, "--key", certificate.key,
                       "--dual", "--draft", "18,16"])
    with Relay(process, port, certificate.hash, name="aiomoqt") as relay:
        process.wait_line(lambda line: str(port) in line)
        wait_bound(port)
        yield relay


@pytest.fixture(scope="module", params=["ec_relay", "moq_relay", "aiomoqt_relay"])
def any_relay(request):
    return request.getfixturevalue(request.param)
