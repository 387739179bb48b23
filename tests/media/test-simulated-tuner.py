#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated tuner from outside: its HTTP interface, its streams, and the vendor's own client.

Usage: test-simulated-tuner.py EC_TOOL [TEST…]
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree

EC = None
PATIENCE = 20  # seconds for anything that should happen at once
NEXT_ADDRESS = [os.getpid() % 60000 + 256]


def fresh_address():
    """A loopback address that no other test uses, so that standard ports are free."""
    NEXT_ADDRESS[0] += 1
    number = NEXT_ADDRESS[0]
    return f'127.{64 + (number >> 15 & 63)}.{number >> 7 & 255}.{number % 127 + 1}'


class Device:
    def __init__(self, *options, full=False):
        self.address = fresh_address()
        command = [EC, 'tuner', '--json', '--address', self.address, *options]
        if not full:
            command.append('--lite')
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f'the device did not start: {command}')
        self.ready = json.loads(line)
        self.base = self.ready['base_url']
        self.stream = f'http://{self.address}:{self.ready["stream_port"]}'

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()
        return status

    def get(self, path):
        with urllib.request.urlopen(self.base + path, timeout=PATIENCE) as reply:
            return reply.read()

    def json(self, path):
        return json.loads(self.get(path))

    def post(self, query):
        request = urllib.request.Request(f'{self.base}/lineup.post?{query}', data=b'')
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            return reply.status

    def open(self, path):
        return urllib.request.urlopen(self.stream + path, timeout=PATIENCE)

    def refusal(self, path):
        """(HTTP status, leading number of X-HDHomeRun-Error)"""
        try:
            self.open(path).close()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, int(error.headers['X-HDHomeRun-Error'].split()[0])
        return None

    def busy(self):
        return [tuner for tuner in self.json('/status.json') if 'TargetIP' in tuner]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f'never happened: {what}')


def read_packets(reply, count):
    data = reply.read(count * 188)
    assert len(data) == count * 188, 'the stream ended early'
    return [data[i:i + 188] for i in range(0, len(data), 188)]


def pid(packet):
    assert packet[0] == 0x47
    return (packet[1] & 0x1f) << 8 | packet[2]


class DeviceCase(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.device = Device(*cls.options)

    @classmethod
    def tearDownClass(cls):
        status = cls.device.close()
        assert status == 0, f'exit status {status}'

    def tearDown(self):
        wait_for(lambda: not self.device.busy(), 'all tuners are free')


class TestPages(DeviceCase):
    def test_discover(self):
        page = self.device.json('/discover.json')
        self.assertEqual(set(page), {'FriendlyName', 'ModelNumber', 'FirmwareName',
                                     'FirmwareVersion', 'DeviceID', 'DeviceAuth', 'BaseURL',
                                     'LineupURL', 'TunerCount'})
        self.assertEqual(page['DeviceID'], self.device.ready['device_id'])
        self.assertEqual(page['BaseURL'], self.device.base)
        self.assertEqual(page['LineupURL'], self.device.base + '/lineup.json')
        self.assertEqual(page['TunerCount'], 4)

    def test_lineup(self):
        lineup = self.device.json('/lineup.json')
        self.assertEqual([c['GuideNumber'] for c in lineup], ['5.1', '5.2', '5.3', '5.4', '9.1'])
        self.assertEqual(lineup[0]['VideoCodec'], 'MPEG2')
        self.assertEqual(lineup[0]['AudioCodec'], 'AC3')
        self.assertEqual(lineup[0]['HD'], 1)
        self.assertNotIn('HD', lineup[1])
        self.assertEqual(lineup[2]['VideoCodec'], 'H264')
        self.assertEqual((lineup[3]['DRM'], lineup[3]['Tags']), (1, 'drm'))
        for channel in lineup:
            self.assertEqual(channel['URL'],
                             f'{self.device.stream}/auto/v{channel["GuideNumber"]}')

    def test_lineup_in_other_forms(self):
        root = ElementTree.fromstring(self.device.get('/lineup.xml'))
        self.assertEqual([e.text for e in root.iter('GuideNumber')],
                         ['5.1', '5.2', '5.3', '5.4', '9.1'])
        lines = self.device.get('/lineup.m3u').decode().splitlines()
        self.assertEqual(lines[0], '#EXTM3U')
        self.assertEqual(lines[2], f'{self.device.stream}/auto/v5.1')

    def test_favorites(self):
        for command, want in (('%2B5.2', 1), ('-5.2', None), ('+5.2', 1), ('-5.2', None)):
            self.assertEqual(self.device.post('favorite=' + command), 200)
            channel = self.device.json('/lineup.json')[1]
            self.assertEqual(channel.get('Favorite'), want)
            self.assertEqual('favorite' in channel.get('Tags', ''), bool(want))
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.device.post('favorite=+77.1')
        caught.exception.close()

    def test_status_idle(self):
        self.assertEqual(self.device.json('/status.json'),
                         [{'Resource': f'tuner{i}'} for i in range(4)])

    def test_unknown_page(self):
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.device.get('/nothing.html')
        self.assertEqual(caught.exception.code, 404)
        caught.exception.close()

    def test_connections_are_let_go(self):
        def descriptors():
            return len(os.listdir(f'/proc/{self.device.process.pid}/fd'))

        self.device.json('/status.json')
        before = descriptors()
        for _ in range(40):
            self.device.json('/status.json')
            self.device.open('/auto/v5.1').close()
        wait_for(lambda: descriptors() <= before + 2, 'closed connections are forgotten')


class TestScan(DeviceCase):
    options = ('--scan-duration', '1')

    def test_scan(self):
        self.assertEqual(self.device.json('/lineup_status.json'),
                         {'ScanInProgress': 0, 'ScanPossible': 1, 'Source': 'Antenna',
                          'SourceList': ['Antenna']})
        self.device.post('scan=start&source=Antenna')
        status = self.device.json('/lineup_status.json')
        self.assertEqual(status['ScanInProgress'], 1)
        self.assertLess(status['Progress'], 100)
        self.assertEqual(self.device.refusal('/auto/ch563000000'), (503, 803))
        wait_for(lambda: not self.device.json('/lineup_status.json')['ScanInProgress'],
                 'the scan ends')
        self.assertEqual(len(self.device.json('/lineup.json')), 5)

    def test_abort(self):
        self.device.post('scan=start')
        self.device.post('scan=abort')
        self.assertEqual(self.device.json('/lineup_status.json')['ScanInProgress'], 0)
        self.assertLess(len(self.device.json('/lineup.json')), 5)
        self.device.post('scan=start')
        wait_for(lambda: len(self.device.json('/lineup.json')) == 5, 'a scan finds all again')


class TestStreams(DeviceCase):
    options = ('--speed', '20')

    def test_program_forms(self):
        for path, resource in (('/auto/v5.1', 'tuner0'), ('/tuner2/v5.1', 'tuner2'),
                               ('/auto/ch563000000-3', 'tuner0'),
                               ('/tuner1/ch563000000-3', 'tuner1')):
            with self.subTest(path), self.device.open(path) as reply:
                self.assertEqual(reply.headers['X-HDHomeRun-Resource'], resource)
                self.assertEqual(reply.headers['Content-Type'], 'video/mpeg')
                packets = read_packets(reply, 2000)
                self.assertEqual({pid(p) for p in packets}, {0, 0x30, 0x31, 0x34})
                pat = next(p for p in packets if pid(p) == 0)
                self.assertEqual(pat[5:8], b'\x00\xb0\x0d')
                self.assertEqual(pat[13:17], b'\x00\x03\xe0\x30')
            wait_for(lambda: not self.device.busy(), 'the tuner is free again')

    def test_whole_mux(self):
        with self.device.open('/auto/ch563000000') as reply:
            pids = {pid(p) for p in read_packets(reply, 4000)}
        self.assertLessEqual({0, 0x30, 0x31, 0x34, 0x41, 0x51, 0x61, 0x1ffb, 0x1fff}, pids)

    def test_duration(self):
        with self.device.open('/auto/v5.2?duration=0.5') as reply:
            data = reply.read()
        self.assertGreater(len(data), 0)
        self.assertEqual(len(data) % 188, 0)

    def test_status_busy(self):
        with self.device.open('/tuner1/v5.2') as reply:
            read_packets(reply, 100)
            tuner = self.device.json('/status.json')[1]
            self.assertEqual(tuner['VctNumber'], '5.2')
            self.assertEqual(tuner['VctName'], 'KEC-SD')
            self.assertEqual(tuner['Frequency'], 563000000)
            self.assertGreater(tuner['SignalStrengthPercent'], 60)
            self.assertEqual(tuner['TargetIP'].split('.')[0], '127')

    def test_no_transcoder(self):
        self.assertEqual(self.device.refusal('/auto/v5.1?transcode=mobile'), (503, 802))
        self.device.open('/auto/v5.1?transcode=none').close()

    def test_refusals(self):
        for path, want in (('/auto/v77.1', (404, 801)), ('/auto/x', (404, 801)),
                           ('/tuner9/v5.1', (404, 801)), ('/auto/ch563000000-99', (404, 801)),
                           ('/auto/ch12', (404, 801)), ('/', (404, 801)),
                           ('/auto/ch599000000', (503, 806)), ('/auto/v9.1', (503, 807)),
                           ('/auto/ch605000000', (503, 807)), ('/auto/v5.4', (503, 811))):
            with self.subTest(path):
                self.assertEqual(self.device.refusal(path), want)

    def test_slow_reader(self):
        slow = socket.create_connection((self.device.address, self.device.ready['stream_port']))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b'GET /auto/ch563000000 HTTP/1.1\r\nHost: x\r\n\r\n')
        with self.device.open('/auto/ch563000000') as reply:
            packets = read_packets(reply, 60000)
        self.assertEqual(len(packets), 60000)
        slow.settimeout(PATIENCE)
        got = b''
        while len(got) < 40000:
            got += slow.recv(65536)
        body = got[got.index(b'\r\n\r\n') + 4:]
        self.assertEqual({body[i] for i in range(0, len(body), 188)}, {0x47})
        slow.close()


class TestLimits(DeviceCase):
    options = ('--tuners', '2', '--faults', '5.2=806,5.3=808')

    def test_all_in_use(self):
        with self.device.open('/auto/v5.1'), self.device.open('/auto/v5.1'):
            self.assertEqual(self.device.refusal('/auto/v5.1'), (503, 805))
            self.assertEqual(self.device.refusal('/tuner1/v5.1'), (503, 804))
        wait_for(lambda: not self.device.busy(), 'both are free')
        self.device.open('/auto/v5.1').close()

    def test_faults(self):
        self.assertEqual(self.device.refusal('/auto/v5.2'), (503, 806))
        self.assertEqual(self.device.refusal('/auto/v5.3'), (503, 808))

    def test_connection_limit(self):
        device = Device('--connection-limit', '1')
        try:
            with device.open('/auto/v5.1'):
                self.assertEqual(device.refusal('/auto/v5.1'), (503, 809))
        finally:
            device.close()

    def test_pace_and_rate(self):
        with self.device.open('/auto/ch563000000') as reply:
            read_packets(reply, 200)
            start = time.monotonic()
            read_packets(reply, 2000)
            self.assertAlmostEqual(time.monotonic() - start, 2, delta=0.7)
            tuner = wait_for(lambda: next((t for t in self.device.busy() if t['NetworkRate']),
                                          None), 'a rate is measured')
            self.assertAlmostEqual(tuner['NetworkRate'], 1504000, delta=300000)

    def test_stops_while_streaming(self):
        device = Device()
        with device.open('/auto/v5.1') as reply:
            read_packets(reply, 10)
            self.assertEqual(device.close(), 0)


class TestTown(unittest.TestCase):
    def test_two_antennas(self):
        devices = [Device('--seed', '7') for _ in range(2)]
        try:
            streams = [device.open('/auto/ch563000000') for device in devices]
            parts = [b''.join(read_packets(stream, 1500)) for stream in streams]
            for stream in streams:
                stream.close()
            start = parts[0].find(parts[1][:188 * 20])
            if start < 0:
                parts.reverse()
                start = parts[0].find(parts[1][:188 * 20])
            self.assertGreaterEqual(start, 0)
            common = len(parts[0]) - start
            self.assertGreater(common, 188 * 100)
            self.assertEqual(parts[0][start:], parts[1][:common])
        finally:
            for device in devices:
                device.close()

    def test_loss(self):
        device = Device('--loss', '0.2', '--speed', '20')
        try:
            with device.open('/auto/ch563000000') as reply:
                packets = read_packets(reply, 5000)
        finally:
            device.close()
        last, gaps = None, 0
        for packet in packets:
            if pid(packet) == 0x34:
                counter = packet[3] & 15
                gaps += last is not None and counter != (last + 1) & 15
                last = counter
        self.assertGreater(gaps, 10)


@unittest.skipUnless(shutil.which('hdhomerun_config'), 'hdhomerun_config is not installed')
class TestVendorClient(DeviceCase):
    def run_client(self, *arguments):
        result = subprocess.run(['hdhomerun_config', *arguments], capture_output=True, text=True,
                                timeout=60, check=False)
        return (result.stdout + result.stderr).strip()

    def get(self, name):
        return self.run_client(self.device.address, 'get', name)

    def set(self, name, value):
        return self.run_client(self.device.address, 'set', name, value)

    def tearDown(self):
        for i in range(4):
            self.set(f'/tuner{i}/channel', 'none')
        super().tearDown()

    def test_discover(self):
        self.assertEqual(self.run_client('discover', self.device.address),
                         f'hdhomerun device {self.device.ready["device_id"]} found at '
                         f'{self.device.address}')

    def test_get(self):
        self.assertEqual(self.get('/sys/model'), 'hdhomerun5_atsc')
        self.assertEqual(self.get('/sys/hwmodel'), 'HDHR5-4US')
        self.assertIn('us-bcast', self.get('/sys/features'))
        self.assertIn('/tuner<n>/channel', self.get('help'))
        self.assertIn('ERROR', self.get('/sys/nothing'))
        self.assertIn('ERROR', self.get('/tuner7/status'))
        self.assertEqual(self.get('/tuner0/status'),
                         'ch=none lock=none ss=0 snq=0 seq=0 bps=0 pps=0')

    def test_tune(self):
        for channel, shown in (('auto:563000000', 'auto:563000000'), ('8vsb:29', '8vsb:563000000'),
                               ('auto:29', 'auto:563000000')):
            self.set('/tuner0/channel', channel)
            self.assertEqual(self.get('/tuner0/channel'), shown)
            self.assertIn('lock=8vsb', self.get('/tuner0/status'))
        info = self.get('/tuner0/streaminfo').splitlines()
        self.assertEqual(info[0], '3: 5.1 KEC-HD')
        self.assertEqual(info[3], '6: 5.4 KEC-PAY (encrypted)')
        self.assertTrue(info[4].startswith('tsid=0x'))
        self.set('/tuner0/channel', 'auto:605000000')
        self.assertIn('lock=none', self.get('/tuner0/status'))
        self.assertIn('ERROR', self.set('/tuner0/channel', 'auto:1'))
        self.assertIn('ERROR', self.set('/tuner0/channel', 'rubbish'))

    def test_virtual_channel(self):
        self.set('/tuner0/vchannel', '5.3')
        self.assertEqual(self.get('/tuner0/program'), '5')
        self.assertIn('name=KEC-AVC', self.get('/tuner0/vstatus'))

    def test_lock(self):
        self.set('/tuner1/lockkey', '4711')
        self.assertIn('ERROR', self.set('/tuner1/channel', 'auto:29'))
        self.assertNotEqual(self.get('/tuner1/lockkey'), 'none')
        self.set('/tuner1/lockkey', 'force')
        self.set('/tuner1/channel', 'auto:29')
        self.assertEqual(self.get('/tuner1/channel'), 'auto:563000000')
        with self.device.open('/tuner2/v5.1'):
            self.assertIn('ERROR', self.set('/tuner2/channel', 'auto:29'))

    def receive(self, scheme, datagrams):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(('127.0.0.1', 0))
            udp.settimeout(PATIENCE)
            target = f'{scheme}://127.0.0.1:{udp.getsockname()[1]}'
            self.set('/tuner0/target', target)
            self.assertEqual(self.get('/tuner0/target'), target)
            got = [udp.recv(2048) for _ in range(datagrams)]
            self.set('/tuner0/target', 'none')
        return got

    def test_udp(self):
        self.set('/tuner0/channel', 'auto:29')
        self.set('/tuner0/program', '4')
        for datagram in self.receive('udp', 20):
            self.assertEqual(len(datagram), 7 * 188)
            for i in range(0, len(datagram), 188):
                self.assertIn(pid(datagram[i:i + 188]), (0, 0x40, 0x41, 0x44))

    def test_rtp(self):
        self.set('/tuner0/channel', 'auto:29')
        self.set('/tuner0/filter', '0x0000 0x1ffb')
        datagrams = self.receive('rtp', 4)
        for i, datagram in enumerate(datagrams):
            self.assertEqual(len(datagram), 12 + 7 * 188)
            self.assertEqual(datagram[:2], b'\x80\x21')
            self.assertEqual(int.from_bytes(datagram[2:4], 'big'), i)
            self.assertIn(pid(datagram[12:200]), (0, 0x1ffb))

    def test_save(self):
        self.set('/tuner0/channel', 'auto:29')
        command = ['hdhomerun_config', self.device.address, 'save', '/tuner0', '-']
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as saver:
            data = saver.stdout.read(188 * 700)
            saver.send_signal(signal.SIGINT)
            saver.stdout.read()
        self.assertEqual({data[i] for i in range(0, len(data), 188)}, {0x47})

    def test_scan(self):
        text = self.run_client(self.device.address, 'scan', '/tuner3')
        for line in ('LOCK: 8vsb', 'PROGRAM 3: 5.1 KEC-HD', 'PROGRAM 5: 5.3 KEC-AVC', 'TSID: 0x'):
            self.assertIn(line, text)
        self.assertEqual(text.count('PROGRAM'), 4)

    def test_rubbish(self):
        for data in (b'\x00', b'\x00\x04\xff\xff' + b'x' * 2000, b'\x00\x04\x00\x02\x03\x00\0\0\0\0'):
            with socket.create_connection((self.device.address, 65001), PATIENCE) as tcp:
                tcp.sendall(data)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b'\x00\x02\x00\x06\x01\x04', (self.device.address, 65001))
            # A request of the vendor's newer tool: several types at once.
            udp.settimeout(PATIENCE)
            udp.sendto(bytes.fromhex('0002000a2d0800000001000000054f63391f'),
                       (self.device.address, 65001))
            reply = udp.recv(2048)
        self.assertEqual(reply[:2], b'\x00\x03')
        self.assertIn(self.device.base.encode(), reply)
        self.assertEqual(self.get('/sys/model'), 'hdhomerun5_atsc')


if __name__ == '__main__':
    EC = sys.argv.pop(1)
    if 'G_TEST_BUILDDIR' in os.environ:  # the prepared broadcast is shared with the C tests
        os.environ['XDG_CACHE_HOME'] = os.environ['G_TEST_BUILDDIR'] + '/cache'
    unittest.main(verbosity=2)
