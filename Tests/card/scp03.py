"""SCP03 of GlobalPlatform Amendment D v1.2, host side, modes S8 and S16, written from the standard for tests: nothing of the product is in it."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

CARD_CRYPTOGRAM, HOST_CRYPTOGRAM = 0x00, 0x01
S_ENC, S_MAC, S_RMAC = 0x04, 0x06, 0x07


def cmac(key, data):
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def derive(key, constant, bits, context):
    """KDF in counter mode with CMAC (NIST SP 800-108), 4.1.5."""
    out = b""
    for counter in range(1, (bits + 127) // 128 + 1):
        out += cmac(key, bytes(11) + bytes([constant, 0x00]) + bits.to_bytes(2, "big") + bytes([counter]) + context)
    return out[: bits // 8]


def cbc(key, iv, data, encrypt):
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    worker = cipher.encryptor() if encrypt else cipher.decryptor()
    return worker.update(data) + worker.finalize()


def ecb(key, block):
    worker = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return worker.update(block) + worker.finalize()


def pad(data):
    data += b"\x80"
    return data + bytes(-len(data) % 16)


def unpad(data):
    data = data.rstrip(b"\x00")
    if data[-1:] != b"\x80":
        raise ValueError("no padding")
    return data[:-1]


class Refused(Exception):
    pass


class Session:
    """`transmit(bytes) -> (data, status)` speaks to the card; `size` is 8 in S8 mode and 16 in S16: of challenges, cryptograms and MACs."""

    def __init__(self, transmit, enc, mac, version, size=8):
        self.transmit = transmit
        self.size = size
        challenge = os.urandom(size)
        data, status = transmit(bytes([0x80, 0x50, version, 0x00, size]) + challenge + b"\x00")
        if status != 0x9000:
            raise Refused("INITIALIZE UPDATE: %04X" % status)
        if data[11] != 0x03:
            raise Refused("no SCP03")
        self.option = data[12]
        card_challenge, card_cryptogram = data[13:13 + size], data[13 + size:13 + 2 * size]
        context = challenge + card_challenge
        bits = len(enc) * 8
        self.s_enc = derive(enc, S_ENC, bits, context)
        self.s_mac = derive(mac, S_MAC, bits, context)
        self.s_rmac = derive(mac, S_RMAC, bits, context)
        if derive(self.s_mac, CARD_CRYPTOGRAM, size * 8, context) != card_cryptogram:
            raise Refused("the card's cryptogram is wrong")
        # C-MAC and C-DECRYPTION, and whatever the card offers for responses.
        self.level = 0x03 | (0x10 if self.option & 0x20 else 0) | (0x20 if self.option & 0x40 else 0)
        self.chaining = bytes(16)
        self.counter = 0
        host_cryptogram = derive(self.s_mac, HOST_CRYPTOGRAM, size * 8, context)
        _, status = self._mac_and_send(0x84, 0x82, self.level, 0x00, host_cryptogram, False)
        if status != 0x9000:
            raise Refused("EXTERNAL AUTHENTICATE: %04X" % status)

    def _mac_and_send(self, cla, ins, p1, p2, data, with_le):
        header = bytes([cla, ins, p1, p2, len(data) + self.size])
        self.chaining = cmac(self.s_mac, self.chaining + header + data)
        return self.transmit(header + data + self.chaining[:self.size] + (b"\x00" if with_le else b""))

    def send(self, cla, ins, p1, p2, data=b""):
        """One command under the session's security level; data and status, after MAC and decryption."""
        self.counter += 1
        block = self.counter.to_bytes(16, "big")
        if data:
            data = cbc(self.s_enc, ecb(self.s_enc, block), pad(data), True)
        if len(data) + self.size > 255:
            raise ValueError("too long for one command")
        answer, status = self._mac_and_send(cla | 0x04, ins, p1, p2, data, True)
        if not self.level & 0x10 or status != 0x9000 and status >> 8 not in (0x62, 0x63):
            return answer, status
        body, tag = answer[:-self.size], answer[-self.size:]
        if cmac(self.s_rmac, self.chaining + body + status.to_bytes(2, "big"))[:self.size] != tag:
            raise Refused("the response's MAC is wrong")
        if body and self.level & 0x20:
            body = unpad(cbc(self.s_enc, ecb(self.s_enc, b"\x80" + block[1:]), body, False))
        return body, status
