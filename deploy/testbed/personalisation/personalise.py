#!/usr/bin/env python3
"""A service provider personalises its applet by itself, without the TSM: key provisioning mode 1 (TR-03165 4.1.4.6, Appendix A).

The attestation token in the applet tells the master key's index and the diversification data. From them and its own copy of the master key the
service provider derives the keys of its security domain (KDF3), opens SCP03 with them through its app's channel, and stores data in the applet by
INSTALL [for personalization] and STORE DATA. Here the app is `tsms handset transmit`; a real one passes the same APDUs through its own channel while
the service provider's backend, which holds the master key, does what this program does.

Needs python3-cryptography. Example, with the demo service deployed on handset-1:

    python3 deploy/testbed/personalisation/personalise.py --tsms .build/debug/tsms --dir testbed \\
        --security-domain SDAID --application F054534D5301010101 --data C00A4572696B61204D2E2E2E
"""
import argparse
import json
import secrets
import subprocess
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC


class Refused(Exception):
    """Something is not as it must be; the message says what."""


def cmac(key, data):
    code = CMAC(algorithms.AES(key))
    code.update(data)
    return code.finalize()


def aes_cbc(key, iv, data, decrypt=False):
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    work = cipher.decryptor() if decrypt else cipher.encryptor()
    return work.update(data) + work.finalize()


def aes_block(key, block):
    return aes_cbc(key, bytes(16), block)


def pad(data):
    return data + b"\x80" + bytes(-(len(data) + 1) % 16)


def unpad(data):
    body = data.rstrip(b"\x00")
    if not body.endswith(b"\x80"):
        raise Refused("the card's answer is not padded as it must be")
    return body[:-1]


def objects(data):
    """BER-TLV: tag (one or two bytes) and value of each object, with the object's own bytes."""
    found, at = [], 0
    while at < len(data):
        start = at
        tag = data[at]
        at += 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | data[at]
            at += 1
        length = data[at]
        at += 1
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at:at + count], "big")
            at += count
        if at + length > len(data):
            raise Refused("an object is longer than what holds it")
        found.append((tag, data[at:at + length], data[start:at + length]))
        at += length
    return found


class Card:
    """An open channel to one application, through the app on the handset."""

    def __init__(self, tsms, directory, handset, aid):
        command = [tsms, "handset", "--dir", directory, "--handset", handset, "transmit", aid, "--interactive", "--json"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()

    def transmit(self, apdu):
        self.process.stdin.write(apdu.hex() + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().strip()
        if line.startswith("{"):
            raise Refused("the app may not talk to this application: " + json.loads(line).get("refusal", line))
        try:
            answer = bytes.fromhex(line)
        except ValueError:
            raise Refused("no answer of a card: " + line) from None
        if len(answer) < 2:
            raise Refused("no answer of a card")
        return answer[:-2], answer[-2:]

    def require(self, apdu, what):
        data, status = self.transmit(apdu)
        if status != b"\x90\x00":
            raise Refused(f"{what} is answered with {status.hex().upper()}")
        return data


def read_token(card):
    """The ticket applet tells its token in pages: 80 12, offset in P1 P2."""
    token = b""
    while True:
        page = card.require(bytes([0x80, 0x12, len(token) >> 8, len(token) & 0xFF, 0]), "reading the attestation token")
        token += page
        if len(page) < 240:
            return token


def diversification(token, certificate):
    """Master key index and diversification data, once the TSM's signature over them is right."""
    outer = objects(token)
    if len(outer) != 1 or outer[0][0] != 0x7F41:
        raise Refused("the applet has no attestation token")
    parts = {tag: (value, whole) for tag, value, whole in objects(outer[0][1])}
    body, signed = parts[0xA0]
    try:
        certificate.public_key().verify(parts[0x81][0], signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused("the token is not signed by this TSM") from None
    fields = {tag: value for tag, value, _ in objects(body)}
    if 0x83 not in fields or 0x84 not in fields:
        raise Refused("the token holds no diversification data: includeSecurityDomainDiversificationData is not set")
    return fields[0x83], fields[0x84]


def derive(master, data):
    """KDF3: ENC, MAC and DEK of the security domain."""
    blocks = (len(master) + 15) // 16
    return [b"".join(cmac(master, bytes([counter, 0, 0, 0, key, 0]) + data) for counter in range(1, blocks + 1))[:len(master)] for key in (1, 2, 3)]


class SecureChannel:
    """SCP03 (GlobalPlatform Amendment D) with AES session keys and MACs of 8 bytes, at the highest level that the card offers."""

    def __init__(self, card, keys, version):
        self.card = card
        host = secrets.token_bytes(8)
        answer = card.require(bytes([0x80, 0x50, version, 0, 8]) + host + b"\x00", "INITIALIZE UPDATE")
        if len(answer) < 29 or answer[11] != 3:
            raise Refused("the security domain does not speak SCP03")
        option, challenge, cryptogram = answer[12], answer[13:21], answer[21:29]
        if option & 1:
            raise Refused("this program knows MACs of 8 bytes only")
        context = host + challenge
        size = len(keys[0])
        self.enc = self.kdf(keys[0], 0x04, size, context)
        self.mac = self.kdf(keys[1], 0x06, size, context)
        self.rmac = self.kdf(keys[1], 0x07, size, context)
        if self.kdf(self.mac, 0x00, 8, context) != cryptogram:
            raise Refused("the security domain does not hold the keys that were derived")
        self.level = 0x03 | (0x10 if option & 0x20 else 0) | (0x20 if option & 0x40 else 0)
        self.chaining, self.counter = bytes(16), 0
        proof = self.kdf(self.mac, 0x01, 8, context)
        command = bytes([0x84, 0x82, self.level, 0, 16]) + proof
        self.chaining = cmac(self.mac, self.chaining + command)
        card.require(command + self.chaining[:8], "EXTERNAL AUTHENTICATE")

    @staticmethod
    def kdf(key, constant, size, context):
        output = b""
        for counter in range(1, (size + 15) // 16 + 1):
            output += cmac(key, bytes(11) + bytes([constant, 0]) + (8 * size).to_bytes(2, "big") + bytes([counter]) + context)
        return output[:size]

    def send(self, ins, p1, p2, data, what):
        self.counter += 1
        count = self.counter.to_bytes(16, "big")
        body = aes_cbc(self.enc, aes_block(self.enc, count), pad(data)) if data else b""
        command = bytes([0x84, ins, p1, p2, len(body) + 8]) + body
        self.chaining = cmac(self.mac, self.chaining + command)
        answer, status = self.card.transmit(command + self.chaining[:8] + b"\x00")
        if status != b"\x90\x00":
            raise Refused(f"{what} is answered with {status.hex().upper()}")
        if not self.level & 0x10:
            return answer
        answer, code = answer[:-8], answer[-8:]
        if cmac(self.rmac, self.chaining + answer + status)[:8] != code:
            raise Refused(f"the answer to {what} was changed on its way")
        if answer and self.level & 0x20:
            answer = unpad(aes_cbc(self.enc, aes_block(self.enc, bytes([0x80]) + count[1:]), answer, decrypt=True))
        return answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tsms", default="tsms", help="the tsms program")
    parser.add_argument("--dir", required=True, help="the testbed's directory")
    parser.add_argument("--handset", default="handset-1")
    parser.add_argument("--security-domain", required=True, help="sdAid of the Service")
    parser.add_argument("--application", required=True, help="AID of the applet's instance")
    parser.add_argument("--data", required=True, help="what STORE DATA brings the applet, in hexadecimal; 220 bytes at most")
    arguments = parser.parse_args()
    data, application = bytes.fromhex(arguments.data), bytes.fromhex(arguments.application)
    if not 0 < len(data) <= 220:
        raise Refused("one STORE DATA takes 1 to 220 bytes")
    with open(arguments.dir + "/testbed.json", encoding="utf-8") as file:
        testbed = json.load(file)
    provider = testbed["serviceProviders"][0]
    with open(provider["masterKeyFile"], encoding="ascii") as file:
        master = bytes.fromhex(file.read().strip())
    with open(testbed["attestation"]["certificate"], "rb") as file:
        certificate = x509.load_pem_x509_certificate(file.read())

    with Card(arguments.tsms, arguments.dir, arguments.handset, arguments.application) as card:
        token = read_token(card)
    try:
        index, kdd = diversification(token, certificate)
    except (IndexError, KeyError):
        raise Refused("what the applet tells is no attestation token") from None
    known = {entry["index"].replace("-", "") for entry in provider["keyIndexes"]}
    if index.hex() not in known:
        raise Refused("the token names a master key that we do not have: " + index.hex())
    with Card(arguments.tsms, arguments.dir, arguments.handset, arguments.security_domain) as card:
        channel = SecureChannel(card, derive(master, kdd), 0x31)
        target = bytes([0, 0, len(application)]) + application + bytes(3)
        channel.send(0xE6, 0x20, 0, target, "INSTALL [for personalization]")
        channel.send(0xE2, 0x80, 0, data, "STORE DATA")
    print(json.dumps({"result": "ok", "level": f"{channel.level:02x}", "diversificationData": kdd.hex()}))


if __name__ == "__main__":
    try:
        main()
    except Refused as reason:
        print(json.dumps({"result": "failed", "message": str(reason)}))
        sys.exit(1)
