#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Clients in Python for tests/clients: sockets, and scapy's STAMP as a sender we did not write.

Usage: tests/clients.py echo ADDRESS PORT COUNT [TRIES]   each reply must be its request; any size
       tests/clients.py scapy-echo ADDRESS PORT SOURCE_PORT
       tests/clients.py stamp ADDRESS PORT SOURCE_PORT [stateful]
       tests/clients.py sockperf-relay ADDRESS PORT           until it is killed; see sockperf_relay()
Prints "ok NAME" or "FAIL NAME: WHY" a line; `echo` prints how many were answered, all of them right, each
within TRIES (1): beside other load requests may get lost.
"""
import os
import socket
import sys
import time


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def echo(address, port, count, tries=1):
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as client:
        client.settimeout(60 if tries == 1 else 2)
        client.connect((address, port))
        right = 0
        repeated = set()  # whose spare replies may come late
        for i in range(count):
            request = os.urandom(1 + i * 37 % 1400)
            for attempt in range(tries):
                if attempt:
                    repeated.add(request)
                client.send(request)
                try:
                    while (reply := client.recv(65536)) != request and reply in repeated:
                        pass
                except socket.timeout:
                    continue
                if reply != request:
                    sys.exit(f"reply {i} is not its request")
                right += 1
                break
    print(right)


def sockperf_relay(address, port):
    """What a plain echo lacks as a server of sockperf's: bit 0 of the flags, at byte 9, cleared."""
    server = socket.socket(family_of(address), socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", port))
    echo = socket.socket(family_of(address), socket.SOCK_DGRAM)
    echo.settimeout(0.5)
    echo.connect((address, port))
    while True:
        request, client = server.recvfrom(65536)
        try:
            echo.send(request)
            reply = bytearray(echo.recv(65536))
        except socket.timeout:
            continue
        reply[9] &= 0xFE
        server.sendto(reply, client)


def check(name, wanted, got):
    print(f"ok    {name}" if wanted == got else f"FAIL  {name}: wanted {wanted!r}, got {got!r}")


def check_between(name, low, high, got):
    print(
        f"ok    {name}"
        if low <= got <= high
        else f"FAIL  {name}: wanted {low!r} to {high!r}, got {got!r}"
    )


class Scapy:
    """Raw datagrams to and from ADDRESS:PORT; a socket holds the source port meanwhile."""

    def __init__(self, address, port, source_port):
        import logging

        logging.getLogger("scapy").setLevel(logging.ERROR)
        from scapy.config import conf
        from scapy.layers.inet import IP, UDP
        from scapy.layers.inet6 import IPv6
        from scapy.sendrecv import sr1

        conf.verb = 0
        self.v6 = ":" in address
        self.holder = socket.socket(family_of(address), socket.SOCK_DGRAM)
        self.holder.bind(("", source_port))
        self.sr1 = sr1
        self.udp = UDP
        network = IPv6(dst=address, hlim=77) if self.v6 else IP(dst=address, ttl=77)
        self.header = network / UDP(sport=source_port, dport=port)

    def ask(self, payload):
        """The reply from its UDP header on. Scapy checks no checksum: it is worked out again."""
        reply = self.sr1(self.header / payload, timeout=60)
        if reply is None:
            sys.exit("FAIL  scapy: no reply")
        sum_received = reply[self.udp].chksum
        again = reply.copy()
        del again[self.udp].chksum
        sum_right = type(reply)(bytes(again))[self.udp].chksum
        check("scapy: UDP checksum", sum_right, sum_received)
        return reply[self.udp]


def scapy_echo(address, port, source_port):
    payload = bytes(range(256)) * 4
    check("scapy: echo", payload, bytes(Scapy(address, port, source_port).ask(payload).payload))


def ntp(seconds):
    return int((seconds + 2208988800) * 2**32)


def stamp(address, port, source_port, stateful):
    """Byte by byte: RFC 8762 section 4.3.1, RFC 8972 sections 3 and 4."""
    from scapy.contrib.stamp import (
        ErrorEstimate,
        STAMPSessionReflectorTestUnauthenticated,
        STAMPSessionSenderTestUnauthenticated,
        STAMPTestTLV,
    )

    scapy = Scapy(address, port, source_port)
    for i in range(3):
        sequence = 1000 + 10 * i
        request = STAMPSessionSenderTestUnauthenticated(
            seq=sequence,
            ts=time.time(),
            err_estimate=ErrorEstimate(S=1, scale=3, multiplier=9),
            ssid=0xABCD,
            tlv_objects=[
                STAMPTestTLV(flags="U", type=1, len=2, value=b"pp"),
                STAMPTestTLV(flags="U", type=3, len=4, value=b"\0\0\0\0"),
            ],
        )
        sent = bytes(request)
        begin = ntp(time.time())
        udp = scapy.ask(request)
        end = ntp(time.time())
        raw = bytes(udp.payload)
        name = "RFC 8762 4.3.1"
        check("RFC 8762 4.3: size is symmetric", len(sent), len(raw))
        check(f"{name}: sequence number", i if stateful else sequence, int.from_bytes(raw[0:4], "big"))
        t3, t2 = int.from_bytes(raw[4:12], "big"), int.from_bytes(raw[16:24], "big")
        # The guest's clock was set from this one's when it booted, to a second.
        check_between(f"{name}: receive timestamp", begin - (60 << 32), end + (60 << 32), t2)
        check_between(f"{name}: timestamp, after it", t2, t2 + end - begin, t3)
        check(f"{name}: error estimate", b"\x3f\xff", raw[12:14])
        check("RFC 8972 3: SSID", sent[14:16], raw[14:16])
        check(f"{name}: sender's sequence number, timestamp, error estimate", sent[:14], raw[24:38])
        check(f"{name}: MBZ", bytes(2), raw[38:40])
        check(f"{name}: sender's TTL", 77, raw[40])
        check(f"{name}: MBZ at the end", bytes(3), raw[41:44])
        check(
            "RFC 8972 4: TLVs, with U where not understood",
            bytes.fromhex("00010002") + b"pp" + bytes.fromhex("80030004") + bytes(4),
            raw[44:],
        )
        # What scapy itself makes of it; it takes the packet's length from what is around it.
        reply = STAMPSessionReflectorTestUnauthenticated(raw, _parent=udp)
        check("scapy dissects it: sender's sequence number", sequence, reply.seq_sender)
        check("scapy dissects it: TTL", 77, reply.ttl_sender)
        check("scapy dissects it: TLV types", [1, 3], [tlv.type for tlv in reply.tlv_objects])


def main(words):
    if words[:1] == ["echo"] and len(words) in (4, 5):
        echo(words[1], *map(int, words[2:]))
    elif words[:1] == ["scapy-echo"] and len(words) == 4:
        scapy_echo(words[1], int(words[2]), int(words[3]))
    elif words[:1] == ["stamp"] and len(words) in (4, 5):
        stamp(words[1], int(words[2]), int(words[3]), words[4:] == ["stateful"])
    elif words[:1] == ["sockperf-relay"] and len(words) == 3:
        sockperf_relay(words[1], int(words[2]))
    else:
        sys.stderr.write(__doc__)
        return 0 if words == ["--help"] else 64
    return 0


sys.exit(main(sys.argv[1:]))
