"""One file over a real connection: it arrives whole or not at all, and every failure is one sentence."""

import errno
import io
import logging
import resource
import socket
import stat
import sys
import time

import pooch
import pytest
import tqdm
from stand_in_mirror import Mirror, published

from nnlab.datasets import downloads
from nnlab.datasets.downloads import DownloadError, fetch

CONTENT = {"file.gz": bytes(range(256)) * 1000}  # 256 kB
FILE = published(CONTENT)[0]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def mirror():
    with Mirror(CONTENT) as mirror:
        yield mirror


@pytest.fixture
def closed():
    """The address of a server that is not there."""
    with Mirror({}) as mirror:
        return mirror.url


@pytest.fixture
def small_disk(mounted):
    """A folder with room for 64 kB, on a file system of its own."""
    return mounted("64k")


@pytest.fixture
def small_files_only():
    """This process may not write files of more than 64 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def get(folder, *sources, **options):
    return fetch(FILE, sources, folder, "Try something else.", pause=0, **options)


def sentence(folder, *sources, **options):
    """Why the file could not be had; one line, and nothing is left behind."""
    with pytest.raises(DownloadError) as caught:
        get(folder, *sources, **options)
    message = str(caught.value)
    assert "must" in message
    assert "Got" in message
    assert "Try" in message
    assert "\n" not in message
    assert not folder.exists() or not list(folder.iterdir())
    return message


def test_the_file_arrives_and_is_not_fetched_again(mirror, tmp_path, capfd):
    folder = tmp_path / "new" / "folder"
    path = get(folder, mirror.url)
    assert path == folder / "file.gz"
    assert path.read_bytes() == CONTENT["file.gz"]
    assert [entry.name for entry in folder.iterdir()] == ["file.gz"]
    assert get(folder, mirror.url) == path
    assert mirror.requests == {"file.gz": 1}
    assert capfd.readouterr() == ("", "")


def test_an_intact_file_needs_neither_network_nor_a_folder_to_write_to(closed, tmp_path, monkeypatch):
    (tmp_path / "file.gz").write_bytes(CONTENT["file.gz"])
    monkeypatch.setattr(pooch, "retrieve", None)
    assert get(tmp_path, closed) == tmp_path / "file.gz"


def test_a_class_can_read_the_file(mirror, tmp_path):
    assert stat.S_IMODE(get(tmp_path, mirror.url).stat().st_mode) == 0o644


@pytest.mark.parametrize("trouble", ["drop", "drop without length", 503, b"not the file"])
def test_what_goes_wrong_once_is_tried_again(trouble, mirror, tmp_path):
    mirror.trouble["file.gz"] = [trouble]
    assert get(tmp_path, mirror.url).read_bytes() == CONTENT["file.gz"]
    assert mirror.requests == {"file.gz": 2}
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("trouble", "got"),
    [
        ("drop", "a connection to 127.0.0.1 that broke off"),
        ("drop without length", "a file with another checksum from 127.0.0.1, which is now deleted"),
        (b"not the file", "a file with another checksum from 127.0.0.1, which is now deleted"),
        (404, "HTTP 404 from 127.0.0.1"),
        (503, "HTTP 503 from 127.0.0.1"),
    ],
)
def test_what_goes_wrong_always_is_a_sentence(trouble, got, mirror, tmp_path):
    mirror.trouble["file.gz"] = [trouble] * 9
    expected = f"file.gz must be downloaded once, into {tmp_path}. Got {got}. Try something else."
    assert sentence(tmp_path, mirror.url, attempts=3) == expected
    assert mirror.requests == {"file.gz": 3}


def test_the_second_source_is_asked_when_the_first_fails(closed, mirror, tmp_path):
    assert get(tmp_path, closed, mirror.url, attempts=1).read_bytes() == CONTENT["file.gz"]


def test_all_sources_that_failed_are_named(closed, mirror, tmp_path):
    mirror.trouble["file.gz"] = [404, 404]
    message = sentence(tmp_path, closed, mirror.url)
    assert "Got no connection to 127.0.0.1 (ConnectionError); HTTP 404 from 127.0.0.1. Try" in message


def test_a_name_that_is_not_found(tmp_path, monkeypatch):
    def not_found(*words, **options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    assert "no connection to nnlab.invalid (ConnectionError)" in sentence(tmp_path, "http://nnlab.invalid/")


def test_a_server_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "TIMEOUT", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = sentence(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/", attempts=1)
    assert "no answer from 127.0.0.1" in message


def test_a_damaged_file_in_the_cache_is_replaced(mirror, tmp_path):
    (tmp_path / "file.gz").write_bytes(CONTENT["file.gz"][:-1])
    assert get(tmp_path, mirror.url).read_bytes() == CONTENT["file.gz"]


def test_a_damaged_file_in_the_cache_is_deleted_even_without_network(closed, tmp_path):
    (tmp_path / "file.gz").write_bytes(b"damaged")
    assert "Got a damaged copy there, which is now deleted; no connection to" in sentence(tmp_path, closed)


def test_a_full_disk(mirror, small_disk):
    message = sentence(small_disk, mirror.url)
    assert message == (
        f"{small_disk} must be a folder that you can write to, with room for file.gz. Got a full disk. "
        f"Try to free some space, or give another folder as cache=."
    )
    assert mirror.requests == {"file.gz": 1}  # another attempt would find it as full


def test_a_limit_on_the_size_of_files(mirror, tmp_path, small_files_only):
    assert "Got [Errno 27] File too large. Try" in sentence(tmp_path, mirror.url)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_for_the_folder(code, closed, tmp_path, monkeypatch):
    def full(*words, **options):
        raise OSError(code, "no room")

    monkeypatch.setattr(pooch, "retrieve", full)
    assert "Got a full disk" in sentence(tmp_path, closed)


def test_a_file_where_the_folder_should_be(closed, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(DownloadError, match=r"must be a folder that you can write to.*Got .*taken.*Try"):
        get(tmp_path / "taken" / "folder", closed)


def test_an_interrupt_leaves_nothing(mirror, tmp_path, monkeypatch):
    class Impatient:
        total = 1

        def update(self, amount):
            raise KeyboardInterrupt

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

    monkeypatch.setattr(downloads, "progress_bar", lambda *words, **settings: Impatient())
    with pytest.raises(KeyboardInterrupt):
        get(tmp_path, mirror.url)
    assert not list(tmp_path.iterdir())


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_that_reaches_the_end(mirror, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(tqdm.tqdm, "close", lambda bar, close=tqdm.tqdm.close: (bar.refresh(), close(bar)))
    get(tmp_path, mirror.url)
    assert "file.gz: 100%" in terminal.getvalue()
    assert "256k/256k" in terminal.getvalue()
    assert "/1.00" not in terminal.getvalue()  # it knows the end before the server says it


def test_a_terminal_that_wants_no_bar(mirror, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    get(tmp_path, mirror.url, progress=False)
    assert terminal.getvalue() == ""


@pytest.fixture
def pooch_says():
    """What pooch's logger writes."""
    logger, words = pooch.get_logger(), io.StringIO()
    handler = logging.StreamHandler(words)
    logger.addHandler(handler)
    yield words
    logger.removeHandler(handler)


def test_pooch_is_silent_here_and_talks_again_afterwards(mirror, tmp_path, pooch_says):
    mirror.trouble["file.gz"] = ["drop"]
    get(tmp_path, mirror.url)
    assert pooch_says.getvalue() == ""
    pooch.get_logger().info("I am back")
    assert pooch_says.getvalue() == "I am back\n"


def test_there_is_a_pause_before_each_further_attempt(closed, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with pytest.raises(DownloadError):
        fetch(FILE, [closed, closed], tmp_path, "", attempts=3, pause=0.5)
    assert [pause for pause in pauses if pause] == [0.5] * 5
