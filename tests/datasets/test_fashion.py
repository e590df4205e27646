"""Fashion-MNIST from a small stand-in of the published files: types, shares, seeds, and files that do not fit."""

import gzip
from importlib import util

import numpy as np
import pytest
import torch
from stand_in_mirror import NAMES, Mirror, idx, pictures, published, small_files

import nnlab
from nnlab.datasets import fashion
from nnlab.datasets.downloads import DownloadError

CONTENT = small_files(train=240, test=60)


@pytest.fixture(autouse=True)
def small_publication(monkeypatch):
    """The checksums are those of the small files, a failure is not waited for, no proxy is asked."""
    monkeypatch.setattr(fashion, "FILES", published(CONTENT))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A folder with all four files."""
    folder = tmp_path_factory.mktemp("cache")
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def mirror():
    with Mirror(CONTENT) as mirror:
        yield mirror


def test_what_is_published_is_known():
    spec = util.find_spec("nnlab.datasets.fashion")
    fresh = util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert [file.name for file in fresh.FILES] == list(NAMES)
    assert [file.size for file in fresh.FILES] == [26_421_880, 29_515, 4_422_102, 5_148]
    assert all(len(bytes.fromhex(file.sha256)) == 32 for file in fresh.FILES)
    assert len({file.sha256 for file in fresh.FILES}) == 4
    assert all(source.endswith("/") for source in fresh.SOURCES)
    assert fresh.SOURCES[0].startswith("https://")


def test_four_files_once_and_then_without_network(tmp_path):
    with Mirror(CONTENT) as mirror:
        first = nnlab.fashion_mnist(base_url=mirror.url.rstrip("/"), cache=tmp_path)
    again = nnlab.fashion_mnist(base_url=mirror.url, cache=str(tmp_path))
    assert mirror.requests == dict.fromkeys(NAMES, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    assert torch.equal(first.train.x, again.train.x)


def test_shapes_types_and_shares(cache):
    data = nnlab.fashion_mnist(cache=cache)
    assert repr(data) == "fashion_mnist: 200 train, 40 val, 60 test; 784 features, 10 classes"
    for part, each in ((data.train, 20), (data.val, 4), (data.test, 6)):
        assert part.x.shape == (len(part), 784)
        assert part.x.dtype == torch.float32
        assert part.y.dtype == torch.int64
        assert part.y.bincount().tolist() == [each] * 10
        assert part.x.min() == 0
        assert part.x.max() == 1
    assert len(fashion.CLASS_NAMES) == data.classes


def test_test_data_are_the_published_ones_in_their_order(cache):
    pixels, labels = pictures(60, seed=2)
    for data in (nnlab.fashion_mnist(cache=cache), nnlab.fashion_mnist(cache=cache, seed=5, n=60)):
        assert np.array_equal(data.test.x.numpy(), pixels.reshape(60, 784).astype(np.float32) / 255)
        assert data.test.y.tolist() == labels.tolist()


def test_training_and_validation_data_are_the_published_samples_each_once(cache):
    pixels, labels = pictures(240, seed=1)
    published_rows = {(*row.flatten().tolist(), y) for row, y in zip(pixels, labels.tolist(), strict=True)}
    data = nnlab.fashion_mnist(cache=cache, seed=3)
    parts = (data.train, data.val)
    found = [
        {(*x, y) for x, y in zip((part.x * 255).round().int().tolist(), part.y.tolist(), strict=True)} for part in parts
    ]
    assert not found[0] & found[1]
    assert found[0] | found[1] == published_rows


def test_the_seed_decides_the_split(cache):
    first, again, other = (nnlab.fashion_mnist(seed, cache=cache) for seed in (1, 1, 2))
    assert torch.equal(first.train.x, again.train.x)
    assert torch.equal(first.val.y, again.val.y)
    assert not torch.equal(first.train.x, other.train.x)


def test_fewer_samples_keep_the_shares(cache):
    data = nnlab.fashion_mnist(n=120, cache=cache)
    assert (len(data.train), len(data.val), len(data.test)) == (100, 20, 60)
    assert data.train.y.bincount().tolist() == [10] * 10
    assert data.val.y.bincount().tolist() == [2] * 10


def test_standardized_by_training_data_only(cache):
    data = nnlab.fashion_mnist(standardize=True, cache=cache)
    assert data.train.x.mean(0).abs().max() < 1e-5
    assert (data.train.x.std(0, correction=0) - 1).abs().max() < 1e-4
    assert data.val.x.mean(0).abs().max() > 1e-2


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"seed": -1}, -1),
        ({"n": 59}, 59),
        ({"n": 241}, 241),
        ({"n": 100.0}, 100.0),
        ({"base_url": "file:///data"}, "'file:///data'"),
        ({"base_url": 5}, 5),
    ],
)
def test_arguments_out_of_range(arguments, value, cache, refused):
    with refused(value, next(iter(arguments))):
        nnlab.fashion_mnist(**arguments, cache=cache)


def test_offline_names_the_ways_out(tmp_path):
    with Mirror(CONTENT) as mirror:
        pass
    with pytest.raises(DownloadError) as caught:
        nnlab.fashion_mnist(base_url=mirror.url, cache=tmp_path)
    for words in ("train-images-idx3-ubyte.gz must be downloaded once", str(tmp_path), fashion.HOME, "nnlab.digits()"):
        assert words in str(caught.value)


def test_a_file_is_missing_on_the_mirror_the_others_are_kept(mirror, tmp_path):
    mirror.trouble[NAMES[2]] = [404] * 9
    with pytest.raises(DownloadError, match=r"t10k-images.*HTTP 404"):
        nnlab.fashion_mnist(base_url=mirror.url, cache=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES[:2])
    mirror.trouble.clear()
    assert len(nnlab.fashion_mnist(base_url=mirror.url, cache=tmp_path).test) == 60
    assert mirror.requests[NAMES[0]] == 1


def test_the_default_folder_is_the_cache_of_the_user():
    assert fashion.default_cache().parts[-2:] == ("nnlab", "fashion_mnist")


def written(folder, images, labels):
    """Two IDX files that need not fit together."""
    paths = folder / "images.gz", folder / "labels.gz"
    for path, array in zip(paths, (images, labels), strict=True):
        path.write_bytes(gzip.compress(idx(array)))
    return paths


@pytest.mark.parametrize(
    ("pixels", "labels", "value"),
    [
        (np.zeros((5, 28, 28), np.uint8), np.zeros(4, np.uint8), r"pictures (5, 28, 28) and 4 labels up to 0"),
        (np.zeros((5, 28, 27), np.uint8), np.zeros(5, np.uint8), r"pictures (5, 28, 27)"),
        (np.zeros((5, 28, 28), np.uint8), np.full(5, 10, np.uint8), r"pictures (5, 28, 28) and 5 labels up to 10"),
    ],
    ids=["a label too few", "another size", "an eleventh class"],
)
def test_files_that_do_not_fit(pixels, labels, value, tmp_path, refused):
    with refused(value, "images.gz must hold one picture"):
        fashion.samples(*written(tmp_path, pixels, labels))


@pytest.mark.parametrize("damage", [lambda packed: packed[:5000], lambda packed: gzip.compress(b"something else")])
def test_a_published_file_that_is_no_idx_file_is_refused(damage, tmp_path, monkeypatch, refused):
    content = CONTENT | {NAMES[0]: damage(CONTENT[NAMES[0]])}
    monkeypatch.setattr(fashion, "FILES", published(content))  # so that the checksum agrees
    with Mirror(content) as mirror, refused(start=f"{NAMES[0]} must", error=ValueError):
        nnlab.fashion_mnist(base_url=mirror.url, cache=tmp_path)
