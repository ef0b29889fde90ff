"""What might come in by UDP? A seeded stream of datagrams, from pure noise to nearly right."""

import random

from provisiond.boot.tftp_packet import ack, data, error, option_ack, read_request

_NAMES = (
    *("a.cfg", "big.rom", "slow.cfg", "broken.cfg", "none.cfg", "../../etc/passwd", "/a.cfg"),
    *(
        "..\\..\\boot.ini",
        "p/abcdefghijklmnopqrstuvwxyz/a.cfg",
        "%00",
        "x" * 300,
        "a.cfg;mode=octet",
    ),
)
_MODES = ("octet", "netascii", "OCTET", "mail", "binary", "", "octet" * 30)
_OPTIONS = ("blksize", "BLKSIZE", "tsize", "timeout", "windowsize", "rollover", "multicast", "")
_VALUES = (
    *("0", "1", "8", "512", "1428", "65464", "65535", "99999999999", "-1", "abc", "", "1e9"),
    *("\u0661\u0662", "9" * 200, "0x10", " 8"),
)


class Noise:
    """Datagrams from one seed; the same seed gives the same stream."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def datagram(self) -> bytes:
        """The next datagram, 0 to some 2,000 octets."""
        kind = self._chance.random()
        if kind < 0.15:
            return self._chance.randbytes(self._chance.randrange(0, 40))
        if kind < 0.17:
            return self._chance.randbytes(self._chance.randrange(400, 2000))
        if kind < 0.6:
            return self._maimed(self._request())
        if kind < 0.65:
            return b"\0\x02" + self._request()[2:]
        return self._maimed(self.reply())

    def reply(self) -> bytes:
        """What a client, good or mad, might send to a transfer's port."""
        number = self._chance.choice((0, 1, 2, 3, self._chance.randrange(65536)))
        kind = self._chance.randrange(8)
        if kind < 5:
            return ack(number)
        if kind == 5:
            return data(number, self._chance.randbytes(self._chance.randrange(20)))
        if kind == 6:
            return error(number, "x" * self._chance.randrange(200))
        return option_ack((("blksize", "512"),))

    def _request(self) -> bytes:
        pick = self._chance.choice
        options = tuple((pick(_OPTIONS), pick(_VALUES)) for _ in range(self._chance.randrange(6)))
        mode = pick(_MODES) if self._chance.random() < 0.2 else "octet"
        return read_request(pick(_NAMES), mode, options)

    def _maimed(self, packet: bytes) -> bytes:
        kind = self._chance.random()
        if kind < 0.6 or not packet:
            return packet
        at = self._chance.randrange(len(packet))
        if kind < 0.7:
            return packet[:at]
        if kind < 0.8:
            return packet[:at] + bytes([self._chance.randrange(256)]) + packet[at + 1 :]
        if kind < 0.9:
            return packet + bytes(self._chance.randrange(1, 30))
        return packet[:at] + self._chance.randbytes(3) + packet[at:]
