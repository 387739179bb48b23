# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our publisher and our subscriber on either side of relays, ours and foreign ones."""

import pytest
from gi.repository import Ec, GLib

import exchange
from harness import DRAFTS, SCHEMES, connect

ENDS = [(scheme, draft) for draft in DRAFTS for scheme in SCHEMES]


@pytest.fixture(params=ENDS, ids=lambda end: "-".join(end))
def end(request):
    return request.param


@pytest.fixture(params=ENDS, ids=lambda end: "to-" + "-".join(end))
def other_end(request):
    return request.param


def test_carry(any_relay, end, other_end, space):
    exchange.carry(any_relay, end, other_end, space)


def test_late_join(any_relay, end, space):
    exchange.late_join(any_relay, end, end, space)


def test_fetch(any_relay, end, space):
    # moq-relay takes a FETCH of one group only: README.md.
    exchange.fetch_past(any_relay, end, end, space, last=30 if any_relay.name == "moq-relay" else 31)


def test_listed(any_relay, end, space):
    exchange.listed(any_relay, end, end, space)


def test_nothing_there(any_relay, end):
    session = connect(any_relay.uri(end[0]), any_relay.hash, end[1])
    with pytest.raises(GLib.Error) as caught:
        session.subscribe("interop/nothing", "there", Ec.MoqStart.CURRENT_GROUP, None)
    assert caught.value.matches(Ec.MoqError.quark(), Ec.MoqError.NOT_FOUND), caught.value
    assert session.get_state() == Ec.MoqSessionState.OPEN
    session.close()
