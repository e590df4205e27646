"""Read IDX files, the format of MNIST and Fashion-MNIST: a header with the shape, then the bytes.

    bytes 0-3    magic number: 0, 0, the type of an entry (8: unsigned byte), the number of dimensions
    4 bytes for each dimension: its size, most significant byte first
    the entries, the last index running fastest

Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

UNSIGNED_BYTE = 8


def read_idx(path: Path | str, dimensions: int) -> np.ndarray:
    """The array in a gzip-compressed IDX file, as uint8 with ``dimensions`` axes.

    Args:
        path: the compressed file.
        dimensions: how many axes it must have: 3 for pictures (n, rows, columns), 1 for labels (n,).

    Raises:
        ValueError: the compression is damaged, the magic number is another one, or the size is not what the
            header says.
    """
    return array(uncompressed(Path(path)), dimensions, Path(path).name)


def uncompressed(path: Path) -> bytes:
    """What a gzip file holds; the checksum at its end must match."""
    packed = path.read_bytes()
    try:
        return gzip.decompress(packed)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path.name} must be an undamaged gzip file. Got {len(packed):,} bytes ({error}). "
            f"Try to delete {path} and to load it again."
        ) from error


def array(raw: bytes, dimensions: int, name: str) -> np.ndarray:
    """The array in uncompressed IDX bytes; ``name`` is for the error message."""
    header = 4 * (1 + dimensions)
    magic, *shape = struct.unpack(f">{1 + dimensions}I", raw[:header].ljust(header, b"\0"))
    expected = 256 * UNSIGNED_BYTE + dimensions
    if magic != expected:
        raise ValueError(
            f"{name} must start with the magic number {expected} (unsigned bytes in {dimensions} dimensions). "
            f"Got {magic}. Try the published file: images have 2051, labels 2049."
        )
    size = header + math.prod(shape)
    if len(raw) != size:
        raise ValueError(
            f"{name} must hold {size:,} bytes for the shape {tuple(shape)} in its header. "
            f"Got {len(raw):,}. Try to delete it and to load it again."
        )
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)
