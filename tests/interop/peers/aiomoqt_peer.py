# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs in aiomoqt's own Python: publishes, subscribes or fetches with it, over nothing but its public API.

    aiomoqt_peer.py publish   URL DRAFT NAMESPACE TRACK GROUPS OBJECTS
    aiomoqt_peer.py subscribe URL DRAFT NAMESPACE TRACK OBJECTS-IN-ALL
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


def count(session, total):
    done = asyncio.get_running_loop().create_future()
    seen = set()

    def on_object(message, size, received, group_id=None, subgroup_id=None):
        if getattr(message, "status", 0):
            return  # the end of a group, or of the track: no object
        # Of a fetch it is the request id that comes as `group_id`; the object says its own.
        group_id = getattr(message, "group_id", group_id)
        data = bytes(message.payload or b"")
        say(group=group_id, object=message.object_id, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
        seen.add((group_id, message.object_id))
        if len(seen) == total and not done.done():
            done.set_result(None)

    session.on_object_received = session.on_fetch_object = on_object
    return done


async def subscribe(session, space, name, total):
    done = count(session, int(total))
    await session.subscribe(space, name, wait_response=True)
    say(ready=True)
    await asyncio.wait_for(done, SECONDS)


async def join(session, space, name, total):
    done = count(session, int(total))
    await session.join(space, name, joining_start=0, wait_response=True)
    say(ready=True)
    await asyncio.wait_for(done, SECONDS)


async def fetch(session, space, name, first, last, total):
    done = count(session, int(total))
    # The end's object 0 is the whole group (MOQT §10.12.1 “End Location”).
    await session.fetch(space, name, start_group=int(first), start_object=0, end_group=int(last), end_object=0,
                        wait_response=True)
    say(ready=True)
    await asyncio.wait_for(done, SECONDS)


async def main(what, url, draft, *arguments):
    parts = urllib.parse.urlsplit(url)
    client = MOQTClient(parts.hostname, parts.port, path=parts.path, use_quic=parts.scheme == "moqt", verify_tls=False,
                        supported_drafts=int(draft))
    async with client.connect() as session:
        await session.client_session_init()
        await {"publish": publish, "subscribe": subscribe, "join": join, "fetch": fetch}[what](session, *arguments)


asyncio.run(main(*sys.argv[1:]))
