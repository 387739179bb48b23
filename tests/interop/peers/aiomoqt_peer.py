# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs in aiomoqt's own Python: publishes, subscribes or fetches with it, over nothing but its public API.

    aiomoqt_peer.py publish   URL DRAFT NAMESPACE TRACK GROUPS OBJECTS
    aiomoqt_peer.py subscribe URL DRAFT NAMESPACE TRACK OBJECTS-IN-ALL OBJECTS-OF-A-GROUP
    aiomoqt_peer.py join      URL DRAFT NAMESPACE TRACK OBJECTS-IN-ALL
    aiomoqt_peer.py fetch     URL DRAFT NAMESPACE TRACK FIRST-GROUP LAST-GROUP OBJECTS-IN-ALL

Prints a line of JSON for each object: group, object, bytes, sha256."""

import asyncio
import hashlib
import json
import sys
import urllib.parse

from aiomoqt.client import MOQTClient
from aiomoqt.track import PublishedTrack

SECONDS = 20


def payload(group, number):
    block = hashlib.sha256(b"%d/%d" % (group, number)).digest()
    size = [1, 100, 1400, 20000, 3][(group + number) % 5]
    return (block * (size // len(block) + 1))[:size]


def say(**what):
    print(json.dumps(what), flush=True)


class Numbers(PublishedTrack):
    groups, objects = 0, 0

    async def produce(self, out):
        for group in range(self.groups):
            for number in range(self.objects):
                await out.write(group, number, payload(group, number), group_start=number == 0)
            await asyncio.sleep(0.2)
        say(published=self.groups * self.objects)


async def publish(session, space, name, groups, objects):
    track = Numbers(session, space, name)
    track.groups, track.objects = int(groups), int(objects)
    await track.publish()
    say(ready=True)
    await asyncio.wait_for(track.wait_closed(), SECONDS)


class Count:
    """Of the objects that come; `done` when there are `total`."""

    def __init__(self, session, total):
        self.done, self.seen, self.total = asyncio.get_running_loop().create_future(), set(), int(total)
        session.on_object_received = session.on_fetch_object = self.on_object

    def on_object(self, message, size, received, group_id=None, subgroup_id=None):
        if getattr(message, "status", 0):
            return  # the end of a group, or of the track: no object
        # Of a fetch it is the request id that comes as `group_id`; the object says its own.
        group_id = getattr(message, "group_id", group_id)
        data = bytes(message.payload or b"")
        say(group=group_id, object=message.object_id, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        self.seen.add((group_id, message.object_id))
        self.check()

    def check(self):
        if len(self.seen) >= self.total and not self.done.done():
            self.done.set_result(None)

    async def wait(self):
        self.check()
        await asyncio.wait_for(self.done, SECONDS)


async def subscribe(session, space, name, total, of_a_group):
    count = Count(session, total)
    ok = await session.subscribe(space, name, wait_response=True)
    # The filter is “largest object”: what was there before does not come (MOQT §5.1.2).
    skipped = ok.largest_group_id * int(of_a_group) + ok.largest_object_id + 1 if ok.content_exists else 0
    count.total -= skipped
    say(ready=True, skipped=skipped)
    await count.wait()


async def join(session, space, name, total):
    count = Count(session, total)
    await session.join(space, name, joining_start=0, wait_response=True)
    say(ready=True)
    await count.wait()


async def fetch(session, space, name, first, last, total):
    count = Count(session, total)
    # The end's object 0 is the whole group (MOQT §10.12.1 “End Location”).
    await session.fetch(space, name, start_group=int(first), start_object=0, end_group=int(last), end_object=0,
                        wait_response=True)
    say(ready=True)
    await count.wait()


async def main(what, url, draft, *arguments):
    parts = urllib.parse.urlsplit(url)
    client = MOQTClient(parts.hostname, parts.port, path=parts.path, use_quic=parts.scheme == "moqt", verify_tls=False,
                        supported_drafts=int(draft))
    async with client.connect() as session:
        await session.client_session_init()
        await {"publish": publish, "subscribe": subscribe, "join": join, "fetch": fetch}[what](session, *arguments)


asyncio.run(main(*sys.argv[1:]))
