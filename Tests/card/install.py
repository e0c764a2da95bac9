#!/usr/bin/python3
"""Installs an applet on the card in a PC/SC reader through pyscard and takes it off again: a second implementation against the card.

usage: install.py READER KEYS.json FILE.cap
"""

import json
import sys

from smartcard.System import readers
from smartcard.util import toHexString

from cap import CAP, load_file
from scp03 import Refused, Session

ISSUER = bytes.fromhex("A000000151000000")


# {globalPlatform 4 3 i}: SCP03 with option i, in card recognition data (GPCS 2.3.1, H.2).
SCP03 = bytes.fromhex("2A864886FC6B0403")


def lv(data):
    return bytes([len(data)]) + data


def main(name, keys, cap):
    keys = json.load(open(keys))
    cap = CAP(cap)
    reader = next(r for r in readers() if str(r).startswith(name))
    connection = reader.createConnection()
    connection.connect()
    print("reader", reader, "ATR", toHexString(connection.getATR()))
    commands = 0

    def transmit(apdu):
        nonlocal commands
        commands += 1
        data, sw1, sw2 = connection.transmit(list(apdu))
        return bytes(data), sw1 << 8 | sw2

    def expect(what, answer, wanted=0x9000):
        data, status = answer
        print("%-34s %04X" % (what, status))
        if status != wanted:
            raise SystemExit("%s: %04X where %04X was expected" % (what, status, wanted))
        return data

    expect("SELECT ISD", transmit(b"\x00\xA4\x04\x00" + lv(ISSUER) + b"\x00"))

    recognition = expect("GET DATA recognition data", transmit(b"\x80\xCA\x00\x66\x00"))
    options = [recognition[i + len(SCP03)] for i in range(len(recognition)) if recognition[i:].startswith(SCP03)]
    # i.b1: challenges, cryptograms and MACs of 16 bytes.
    size = 16 if options[0] & 0x01 else 8

    # Keys that are not the card's have to fail, or nothing below proves anything.
    wrong = bytes(len(bytes.fromhex(keys["enc"])))
    try:
        Session(transmit, wrong, wrong, keys["keyVersionNumber"], size)
        raise SystemExit("the card opens a session with wrong keys")
    except Refused as refusal:
        print("wrong keys:", refusal)

    session = Session(transmit, bytes.fromhex(keys["enc"]), bytes.fromhex(keys["mac"]), keys["keyVersionNumber"], size)
    print("SCP03 i=%02X, level %02X, S%d" % (session.option, session.level, size))
    applet = cap.applets[0]
    expect("INSTALL [for load]", session.send(0x80, 0xE6, 0x02, 0x00, lv(cap.package) + lv(b"") + lv(b"") + lv(b"") + lv(b"")))
    # What is left of 255 bytes after the MAC and the padding of C-DECRYPTION.
    block = 223
    code = load_file(cap.code)
    blocks = [code[i:i + block] for i in range(0, len(code), block)]
    for number, part in enumerate(blocks):
        answer = session.send(0x80, 0xE8, 0x80 if number == len(blocks) - 1 else 0x00, number, part)
        if answer[1] != 0x9000:
            raise SystemExit("LOAD %d: %04X" % (number, answer[1]))
    print("LOAD, %d blocks, %d bytes" % (len(blocks), len(code)))
    expect("INSTALL [for install, selectable]", session.send(0x80, 0xE6, 0x0C, 0x00, lv(cap.package) + lv(applet) + lv(applet) + lv(b"\x00") + lv(b"\xC9\x00") + lv(b"")))
    listed = expect("GET STATUS, applications", session.send(0x80, 0xF2, 0x40, 0x02, b"\x4F\x00"))
    if b"\x4F" + lv(applet) not in listed:
        raise SystemExit("GET STATUS does not list %s" % applet.hex())
    expect("SELECT applet", transmit(b"\x00\xA4\x04\x00" + lv(applet) + b"\x00"))
    expect("SELECT ISD", transmit(b"\x00\xA4\x04\x00" + lv(ISSUER) + b"\x00"))
    session = Session(transmit, bytes.fromhex(keys["enc"]), bytes.fromhex(keys["mac"]), keys["keyVersionNumber"], size)
    expect("DELETE package with its objects", session.send(0x80, 0xE4, 0x00, 0x80, b"\x4F" + lv(cap.package)))
    expect("SELECT applet", transmit(b"\x00\xA4\x04\x00" + lv(applet) + b"\x00"), 0x6A82)
    connection.disconnect()
    print("installed and removed %s, %d APDUs" % (applet.hex(), commands))


if __name__ == "__main__":
    main(*sys.argv[1:])
