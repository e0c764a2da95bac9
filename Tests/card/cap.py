"""What installing needs of a Java Card CAP file (Java Card VM specification, chapter 6), read for tests without the product."""

import zipfile

# The order in which a card takes components; Debug and Descriptor stay outside (6.3 and what cards accept).
ORDER = ["Header", "Directory", "Import", "Applet", "Class", "Method", "StaticField", "Export", "ConstantPool", "RefLocation"]


class CAP:
    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            parts = {name.rsplit("/", 1)[-1][:-4]: archive.read(name) for name in archive.namelist() if name.endswith(".cap")}
        self.code = b"".join(parts[name] for name in ORDER if name in parts)
        header = parts["Header"]
        # tag, size(2), magic(4), minor, major, flags, package minor, major, AID length, AID
        length = header[12]
        self.package = header[13:13 + length]
        applets = parts["Applet"]
        self.applets = []
        position = 4
        for _ in range(applets[3]):
            length = applets[position]
            self.applets.append(applets[position + 1:position + 1 + length])
            position += 1 + length + 2


def load_file(code):
    """C4 with a BER length."""
    size = len(code)
    length = bytes([size]) if size < 0x80 else bytes([0x81, size]) if size < 0x100 else bytes([0x82, size >> 8, size & 0xFF])
    return b"\xC4" + length + code
