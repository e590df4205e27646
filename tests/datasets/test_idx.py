"""IDX files: what is written comes back; everything that is not exactly such a file is refused."""

import gzip

import numpy as np
import pytest
from stand_in_mirror import idx

from nnlab.datasets.idx import read_idx


@pytest.fixture
def stored(tmp_path):
    """Writes bytes into a file, compressed, and returns its path."""

    def stored(raw):
        path = tmp_path / "x.gz"
        path.write_bytes(gzip.compress(raw))
        return path

    return stored


def test_the_bytes_of_the_format_by_hand(stored):
    raw = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60])
    assert read_idx(stored(raw), 2).tolist() == [[10, 20, 30], [40, 50, 60]]


@pytest.mark.parametrize("shape", [(5,), (3, 4, 2), (0,), (0, 28, 28)])
def test_what_is_written_comes_back(shape, stored):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    back = read_idx(stored(idx(pixels)), len(shape))
    assert back.dtype == np.uint8
    assert back.shape == shape
    assert np.array_equal(back, pixels)


def test_labels_are_not_pictures(stored, refused):
    path = stored(idx(np.zeros(50, np.uint8)))
    with refused(f"{path.stat().st_size} bytes (magic number 2049: images have 2051", "x.gz must be a whole gzip file"):
        read_idx(path, 3)


@pytest.mark.parametrize("raw", [b"PK\x03\x04 something else", bytes([0, 0, 13, 1, 0, 0, 0, 0])])
def test_another_magic_number_is_refused(raw, stored, refused):
    path = stored(raw)
    with refused(f"{path.stat().st_size} bytes (magic number", "x.gz must be a whole gzip file of unsigned bytes in 1"):
        read_idx(path, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"",
        lambda raw: raw[:3],
        lambda raw: raw[:9],  # within the header
        lambda raw: raw[:16],  # no entries
        lambda raw: raw[:-1],
        lambda raw: raw + b"\0",
        lambda raw: raw[:4] + b"\xff" * 12 + raw[16:],  # a shape beyond all memory
    ],
)
def test_another_size_is_refused(change, stored, refused):
    path = stored(change(idx(np.ones((2, 3, 3), np.uint8))))
    with refused(f"{path.stat().st_size} bytes", "x.gz must be a whole gzip file"):
        read_idx(path, 3)


def cut(packed):
    return packed[: len(packed) // 2]


def flip(packed):
    return packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]  # in the checksum of the content


def garble(packed):
    return packed[:12] + b"\xff" * 20 + packed[32:]


@pytest.mark.parametrize("damage", [cut, flip, garble, lambda packed: b"no gzip", lambda packed: b""])
def test_damaged_compression_is_refused(damage, tmp_path, refused):
    packed = damage(gzip.compress(idx(np.random.default_rng(0).integers(0, 256, 500, dtype=np.uint8))))
    path = tmp_path / "labels.gz"
    path.write_bytes(packed)
    with refused(f"{len(packed)} bytes", "labels.gz must be a whole gzip file"):
        read_idx(path, 1)
