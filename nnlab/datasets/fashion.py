"""Fashion-MNIST: 70,000 pictures of clothes, 28 x 28 pixels, ten classes; downloaded once (31 MB), then offline.

Source: Xiao, Rasul & Vollgraf 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms", arXiv:1708.07747; data under the MIT license from github.com/zalandoresearch/fashion-mnist.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from nnlab import arguments
from nnlab.datasets.data import Dataset, Split, standardized
from nnlab.datasets.downloads import PublishedFile, fetch
from nnlab.datasets.idx import read_idx

__all__ = ["CLASS_NAMES", "fashion_mnist"]

CLASS_NAMES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

# Sizes and SHA-256 as TensorFlow Datasets records them (url_checksums/fashion_mnist.txt).
FILES = (
    PublishedFile(
        "train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
    ),
    PublishedFile(
        "train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
    ),
    PublishedFile(
        "t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
    ),
    PublishedFile(
        "t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
    ),
)
HOME = "https://github.com/zalandoresearch/fashion-mnist"
SOURCES = (  # the second one has no https, but the checksum decides what is used
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)


def fashion_mnist(
    seed: int = 0,
    standardize: bool = False,
    n: int | None = None,
    *,
    base_url: str | None = None,
    cache: str | Path | None = None,
    progress: bool = True,
) -> Dataset:
    """70,000 grey pictures of clothes, 28 x 28 pixels in [0, 1], ten classes (Xiao, Rasul & Vollgraf 2017).

    The first call downloads 31 MB; later calls read the cache and need no network. The test data are always the
    published 10,000. Validation data are one sixth of the published 60,000, with equal class shares.

    Args:
        seed: which samples are for training and which for validation.
        standardize: as in `digits`: each pixel at mean 0 and standard deviation 1 of the *training* data.
        n: how many of the 60,000 to use (60 or more), five sixths of them for training; None uses all.
        base_url: the address of a folder with the four published files, for a mirror of your own.
        cache: the folder to keep the four files in. None is ``nnlab/fashion_mnist`` in your user cache.
        progress: show a progress bar while downloading.

    Raises:
        DownloadError: a file could not be downloaded or stored; the message names the ways out.

    >>> fashion_mnist()  # doctest: +SKIP
    fashion_mnist: 50,000 train, 10,000 val, 10,000 test; 784 features, 10 classes
    """
    arguments.whole("seed", seed, 0, at_least=0)
    if n is not None:
        arguments.whole("n", n, 6000, at_least=60)
    sources = SOURCES if base_url is None else (folder_address(base_url),)
    paths = fetch_all(FILES, sources, default_cache() if cache is None else Path(cache).expanduser(), progress=progress)
    data = dataset(*paths, n=n, seed=seed)
    return standardized(data) if standardize else data


def folder_address(base_url: str) -> str:
    """``base_url`` with a slash at its end; it must be an http or https address."""
    if not isinstance(base_url, str) or not base_url.startswith(("http://", "https://")):
        raise ValueError(
            f"base_url must start with http:// or https://. Got {base_url!r}. "
            f"Try cache= for a folder of this computer that holds the four files."
        )
    return base_url.rstrip("/") + "/"


def default_cache() -> Path:
    """Where the files are kept if you name no folder: ``~/.cache/nnlab/fashion_mnist`` on Linux."""
    import pooch

    return Path(pooch.os_cache("nnlab")) / "fashion_mnist"


def fetch_all(files: Sequence[PublishedFile], sources: Sequence[str], folder: Path, **options) -> list[Path]:
    """The paths of all files in ``folder``; ``options`` go to `nnlab.datasets.downloads.fetch`."""
    remedy = (
        f"Try again when you are online; or put the four files from {HOME} (its folder data/fashion) into {folder} "
        f"yourself; or use nnlab.digits(), which works offline."
    )
    return [fetch(file, sources, folder, remedy, **options) for file in files]


def dataset(train_images: Path, train_labels: Path, test_images: Path, test_labels: Path, *, n, seed) -> Dataset:
    """The four files as a `Dataset`: ``n`` samples of the first two split into training and validation data."""
    pixels, labels = samples(train_images, train_labels)
    train, val = (as_split(pixels[i], labels[i]) for i in stratified(labels, len(labels) if n is None else n, seed))
    test = as_split(*samples(test_images, test_labels))
    return Dataset("fashion_mnist", train, val, test, len(CLASS_NAMES))


def samples(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (n, 784) and class numbers (n,), both uint8, of two IDX files that belong together."""
    pixels, classes = read_idx(images, 3), read_idx(labels, 1)
    if pixels.shape != (len(classes), 28, 28) or not (classes < len(CLASS_NAMES)).all():
        raise ValueError(
            f"{images.name} must hold one picture of 28 x 28 pixels for each label, and labels must be 0 to 9. "
            f"Got pictures {pixels.shape} and {len(classes):,} labels up to {classes.max(initial=0)}. "
            f"Try the published files."
        )
    return pixels.reshape(len(classes), -1), classes


def stratified(labels: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of ``n`` samples, five sixths for training and one sixth for validation, with equal class shares."""
    from sklearn.model_selection import train_test_split

    if n > len(labels):
        raise ValueError(f"n must be at most {len(labels):,}, all there are. Got {n}. Try n=None for all.")
    val = n // 6
    every = np.arange(len(labels))
    return train_test_split(every, train_size=n - val, test_size=val, random_state=seed, stratify=labels)


def as_split(pixels: np.ndarray, labels: np.ndarray) -> Split:
    """Bytes as a `Split`: pixels 0 to 255 become float32 in [0, 1], labels int64."""
    return Split(torch.from_numpy(pixels.astype(np.float32)).div_(255), torch.from_numpy(labels.astype(np.int64)))
