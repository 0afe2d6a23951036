# SPDX-License-Identifier: GPL-2.0-only
"""Servers on loopback that do wrong what a test wants done wrong, each in a thread of its own."""
import itertools
import socket
import struct
import threading
import time


class Server(threading.Thread):
    """Answers each request with what answer() makes of it and of its number, from 1; None: not."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.start()

    def run(self):
        for number in itertools.count(1):
            request, sender = self.socket.recvfrom(2048)
            if reply := self.answer(number, request):
                self.socket.sendto(reply, sender)

    def answer(self, number, request):
        raise NotImplementedError


class Babbler(Server):
    """Answers, but not with what was sent."""

    def answer(self, number, request):
        return b"what?"


class Dropper(Server):
    """An echo server that leaves every fifth request unanswered."""

    def answer(self, number, request):
        return request if number % 5 else None


class Reflector(Server):
    """A stateful STAMP reflector that loses every 10th packet, and of its replies every 13th."""

    lost_forward = lost_return = counted = 0

    def answer(self, number, request):
        if number % 10 == 0:
            self.lost_forward += 1
            return None
        received = self.now()
        rest = request[14:16] + received + request[:14] + bytes(2) + b"\x40" + bytes(3)
        reply = struct.pack("!I", self.counted) + self.now() + b"\x3f\xff" + rest + request[44:]
        self.counted += 1
        if self.counted % 13 == 0:
            self.lost_return += 1
            return None
        return reply

    @staticmethod
    def now():
        return struct.pack("!Q", int((time.time() + 2208988800) * 2**32))
