"""Read IDX files, the format of MNIST and Fashion-MNIST: a header with the shape, then the bytes.

    bytes 0-3    magic number: 0, 0, the type of an entry (8: unsigned byte), the number of dimensions
    4 bytes for each dimension: its size, most significant byte first
    the entries, the last index running fastest

Source: LeCun, Cortes & Burges, "The MNIST database of handwritten digits", section "File formats".
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

__all__ = ["read_idx"]

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
    packed = Path(path).read_bytes()
    try:
        raw = gzip.decompress(packed)
        magic, *shape = struct.unpack_from(f">{1 + dimensions}I", raw)
        if magic != 256 * UNSIGNED_BYTE + dimensions:
            raise ValueError(f"magic number {magic}: images have 2051, labels 2049")
        return np.frombuffer(raw, np.uint8, offset=4 * (1 + dimensions)).reshape(shape)
    except (gzip.BadGzipFile, EOFError, zlib.error, struct.error, ValueError) as error:
        raise ValueError(
            f"{Path(path).name} must be a whole gzip file of unsigned bytes in {dimensions} dimensions (IDX). "
            f"Got {len(packed):,} bytes ({error}). Try to delete {path} and to load it again."
        ) from error
