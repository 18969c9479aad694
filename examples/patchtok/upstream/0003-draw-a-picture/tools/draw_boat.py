"""Draw assets/boat.png: a boat, the sea and the sun, without any library."""

import struct
import sys
import zlib
from pathlib import Path

SIZE = 96


def colour(x: int, y: int) -> tuple[int, int, int]:
    """The pixel at column x, row y."""
    if 62 <= y < 62 + 10 and 24 + (y - 62) <= x < 72 - (y - 62):
        return 178, 34, 34
    if 22 <= y < 60 and 46 <= x < 48:
        return 92, 64, 51
    if 26 <= y < 58 and 49 <= x < 49 + (y - 24) * 2 // 3:
        return 245, 240, 225
    if (x - 76) ** 2 + (y - 18) ** 2 < 81:
        return 255, 205, 60
    if y >= 66:
        wave = (x * 7 + y * 13) % 24
        return 20, 70 + wave, 140 + 2 * wave
    return 150 + y // 2, 190 + y // 3, 235


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png() -> bytes:
    """The picture as a PNG file."""
    rows = (b"\0" + bytes(value for x in range(SIZE) for value in colour(x, y)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    body = zlib.compress(b"".join(rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else "assets/boat.png").write_bytes(png())
