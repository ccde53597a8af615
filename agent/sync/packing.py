"""Messages in fewer bytes: zstandard, and never more memory than a cap, so that a bomb costs nothing.

Whoever packs knows that the other end takes it (`Welcome.protocol`, `Pull.packed`); whoever reads can
tell: no message of ours begins as zstandard does.
"""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC = b"\x28\xb5\x2f\xfd"
LEVEL = 3
SMALLEST_BYTES = 512
"""Below this, what is saved does not pay for the work."""
WINDOW_LOG = 23
"""The most that a frame may ask a reader to remember: 8 MiB."""


class Unpackable(ValueError):  # noqa: N818 - a word about the bytes
    """These bytes cannot be unpacked, or not within the cap."""


def packed(message: bytes) -> bytes:
    """Return a message in fewer bytes, or as it is if it is small."""
    return zstd.compress(message, LEVEL) if len(message) >= SMALLEST_BYTES else message


def unpacked(content: bytes, cap: int) -> bytes:
    """Return what was packed, and anything else as it is; at most `cap` bytes are ever made of it.

    Raises:
        Unpackable: it is damaged, cut, followed by something, or larger than `cap` bytes.
    """
    if not content.startswith(MAGIC):
        return content
    opened = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG})
    try:
        message = opened.decompress(content, cap)
    except zstd.ZstdError as failure:
        raise Unpackable(str(failure)) from None
    if not opened.eof or opened.unused_data:
        raise Unpackable(f"cut, followed by something, or more than {cap} bytes")
    return message
