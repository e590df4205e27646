"""Download a published file once, check it, and keep it; what goes wrong is said in one sentence.

Pooch (Uieda et al. 2020, JOSS 5(45)) does the work: it writes into a temporary file beside the target, compares the
SHA-256 checksum, and only then renames. So a file under its own name is always whole.
"""

import contextlib
import errno
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pooch
from requests import exceptions as network

from nnlab.progress import progress_bar

__all__ = ["DownloadError", "PublishedFile", "fetch"]

TIMEOUT = (10, 30)  # seconds to connect, and between two pieces of the answer


class DownloadError(OSError):
    """Why a file could not be had, and what to do about it: rule, value, remedy."""


class PublishedFile(NamedTuple):
    """A file as its authors published it: its name, its size in bytes, its SHA-256 checksum in hexadecimal."""

    name: str
    size: int
    sha256: str


def fetch(
    file: PublishedFile,
    sources: Sequence[str],
    folder: Path,
    remedy: str,
    *,
    progress: bool = True,
    attempts: int = 2,
    pause: float = 1.0,
) -> Path:
    """The path of ``file`` in ``folder``; it is downloaded if it is not there or not intact.

    Args:
        file: name, size and checksum. A file with another checksum is deleted, never used.
        sources: addresses that end in "/"; each is tried ``attempts`` times in turn, ``pause`` seconds apart.
        folder: is made if it is not there. If it holds the intact file, nothing is written and no network is needed.
        remedy: what to do when no source has it; a sentence for the error message.
        progress: show a progress bar, if there is a terminal or a notebook to show it in.

    Raises:
        DownloadError: no source gave the file, or the folder cannot hold it. No part of it is left behind.
    """
    path = folder / file.name
    failures = []
    with storage_errors_explained(path):
        if path.exists():
            if pooch.file_hash(str(path)) == file.sha256:
                return path
            path.unlink(missing_ok=True)
            failures.append("a damaged copy there, which is now deleted")
        for number, source in enumerate(list(sources) * attempts):
            time.sleep(pause if number else 0)
            try:
                return download(source + file.name, file, path, progress)
            except (network.RequestException, ValueError) as error:
                failures.append(reason(error, source))
    got = "; ".join(dict.fromkeys(failures))
    raise DownloadError(f"{file.name} must be downloaded once, into {path.parent}. Got {got}. {remedy}")


def download(url: str, file: PublishedFile, path: Path, progress: bool) -> Path:
    """One attempt: ``url`` arrives at ``path`` as a whole, or not at all."""
    shown_bar = progress_bar(file.size, "B", shown=progress, desc=file.name)
    with contextlib.ExitStack() as answers, quiet(pooch.get_logger()), shown_bar as bar:

        def close_at_the_end(answer, **options):
            answers.callback(answer.close)

        hooks = {"response": close_at_the_end}
        get = pooch.HTTPDownloader(False if bar is None else bar, chunk_size=2**16, timeout=TIMEOUT, hooks=hooks)
        pooch.retrieve(url, f"sha256:{file.sha256}", path.name, path.parent, downloader=get)
    path.chmod(0o644)  # pooch leaves it to its owner alone, but a class may share a folder
    return path


def reason(error: Exception, source: str) -> str:
    """What came instead of the file, in a few words."""
    host = urlsplit(source).hostname
    if isinstance(error, network.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} from {host}"
    if isinstance(error, network.ChunkedEncodingError):
        return f"a connection to {host} that broke off"
    if isinstance(error, network.Timeout):
        return f"no answer from {host}"
    if isinstance(error, network.RequestException):
        return f"no connection to {host} ({type(error).__name__})"
    return f"a file with another checksum from {host}, which is now deleted"


@contextlib.contextmanager
def storage_errors_explained(path: Path) -> Iterator[None]:
    """Within this block, an error of the file system becomes a `DownloadError`."""
    try:
        yield
    except OSError as error:
        got = "a full disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else str(error)
        raise DownloadError(
            f"{path.parent} must be a folder that you can write to, with room for {path.name}. Got {got}. "
            f"Try to free some space, or give another folder as cache=."
        ) from error


@contextlib.contextmanager
def quiet(logger: logging.Logger) -> Iterator[None]:
    """Within this block the logger says nothing; pooch would announce each file on stderr."""
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
