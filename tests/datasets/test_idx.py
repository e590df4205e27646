"""IDX files: what is written comes back; everything that is not exactly such a file is refused."""

import gzip

import numpy as np
import pytest
from stand_in_mirror import idx

from nnlab.datasets.idx import array, read_idx


def test_the_bytes_of_the_format_by_hand():
    raw = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60])
    assert array(raw, 2, "by hand").tolist() == [[10, 20, 30], [40, 50, 60]]


@pytest.mark.parametrize("shape", [(5,), (3, 4, 2), (0,), (0, 28, 28)])
def test_what_is_written_comes_back(shape, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(idx(pixels)))
    back = read_idx(path, len(shape))
    assert back.dtype == np.uint8
    assert back.shape == shape
    assert np.array_equal(back, pixels)


def test_labels_are_not_pictures(refused):
    labels = idx(np.zeros(5, np.uint8))
    with refused(2049, "labels.gz must start with the magic number 2051"):
        array(labels, 3, "labels.gz")


@pytest.mark.parametrize("raw", [b"", b"\0\0\x08", b"PK\x03\x04 something else", bytes([0, 0, 13, 1, 0, 0, 0, 0])])
def test_another_magic_number_is_refused(raw, refused):
    with refused(start="x must start with the magic number 2049"):
        array(raw, 1, "x")


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"\0", lambda raw: raw[:9]])
def test_another_size_is_refused(change, refused):
    raw = change(idx(np.ones((2, 3, 3), np.uint8)))
    with refused(f"{len(raw)}", "x must hold"):
        array(raw, 3, "x")


def cut(packed):
    return packed[: len(packed) // 2]


def flip(packed):
    return packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]  # in the checksum of the content


def garble(packed):
    return packed[:12] + b"\xff" * 20 + packed[32:]


@pytest.mark.parametrize("damage", [cut, flip, garble, lambda packed: b"no gzip"])
def test_damaged_compression_is_refused(damage, tmp_path, refused):
    packed = damage(gzip.compress(idx(np.random.default_rng(0).integers(0, 256, 500, dtype=np.uint8))))
    path = tmp_path / "labels.gz"
    path.write_bytes(packed)
    with refused(f"{len(packed)} bytes", "labels.gz must be an undamaged gzip file"):
        read_idx(path, 1)
