"""A student's record is never lost or damaged: by notebooks side by side, kills, full disks, foreign hands."""

import json
import os
import random
import subprocess
import sys
import time
import types

import pytest

from nnlab.stage import logbook

WRITER = """
import sys
from nnlab.stage import logbook
assert "torch" not in sys.modules
k = 0
while True:
    assert logbook.note("check", f"{sys.argv[1]}.{k}", "correct") == ""
    print(k, flush=True)
    k += 1
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for a record."""
    monkeypatch.setenv(logbook.SETTING, str(tmp_path / "data" / "nnlab"))
    return tmp_path / "data" / "nnlab"


def names():
    return [entry.name for entry in logbook.entries()[0]]


def test_what_was_noted_is_read_in_its_order(place):
    assert logbook.entries() == ([], 0)
    assert logbook.note("check", "06.3", "not yet") == logbook.note("predict", 'Is "é" right?', "open") == ""
    (first, second), damaged = logbook.entries()
    assert first[1:] == ("check", "06.3", "not yet")
    assert second[1:] == ("predict", 'Is "é" right?', "open")
    assert first.time <= second.time
    assert damaged == 0
    assert [path.name for path in place.iterdir()] == ["record.jsonl"]
    if os.name == "posix":
        assert (place / "record.jsonl").stat().st_mode & 0o077 == 0, "nobody else can read it"


def test_two_notebooks_at_once_and_fifty_kills_lose_nothing(place):
    draw = random.Random(0)
    for pair in range(25):
        command = [sys.executable, "-c", WRITER]
        writers = [
            subprocess.Popen([*command, f"p{pair}{side}"], stdout=subprocess.PIPE, text=True, env=os.environ | {})
            for side in "ab"
        ]
        starts = [writer.stdout.readline() for writer in writers]
        time.sleep(0.02 * draw.random())
        for writer in draw.sample(writers, 2):
            writer.kill()
        told = [start + writer.stdout.read() for start, writer in zip(starts, writers, strict=True)]
        for writer in writers:
            writer.wait()
            writer.stdout.close()
        found = names()
        for side, text in zip("ab", told, strict=True):
            numbers = [int(name.partition(".")[2]) for name in found if name.startswith(f"p{pair}{side}.")]
            assert numbers == list(range(len(numbers)))
            assert len(numbers) >= text.count("\n") >= 1, "a line that was promised is missing"
    assert logbook.entries()[1] <= 50, "a kill damages at most the line that it interrupts"
    assert logbook.note("check", "after", "correct") == ""
    assert names()[-1] == "after"


@pytest.mark.parametrize(
    "damage",
    [b'\n{"time": "2026-11-2', b"\n\0\0\0", b"\n[1, 2]", b'\n{"time": 1}', b"\n\xff\xfe", b"\n" + b"[" * 10_000],
)
def test_a_damaged_line_takes_no_other_with_it(place, damage):
    logbook.note("check", "before", "correct")
    with open(place / "record.jsonl", "ab") as file:
        file.write(damage)
    logbook.note("check", "after", "correct")
    assert names() == ["before", "after"]
    assert logbook.entries()[1] == 1


def test_a_long_or_strange_name_is_one_line(place):
    logbook.note("predict", "a\nb\ud800" * 1000, "open")
    assert len(names()[0]) == logbook.LONGEST
    assert (place / "record.jsonl").read_bytes().count(b"\n") == 1


def test_it_stops_and_begins_again_in_all_notebooks(place):
    logbook.note("check", "one", "correct")
    logbook.keep(False)
    assert not logbook.kept()
    assert logbook.note("check", "two", "correct") == ""
    logbook.keep(True)
    logbook.note("check", "three", "correct")
    assert names() == ["one", "three"]


def test_where_it_cannot_be_written_a_sentence_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(logbook.SETTING, str(tmp_path / "file" / "nnlab"))
    sentence = logbook.note("check", "06.3", "correct")
    assert sentence.startswith("nnlab cannot keep your record in ")
    assert sentence.endswith("Checks work as before.")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_said(place):
    place.mkdir(parents=True)
    (place / "record.jsonl").symlink_to("/dev/full")
    assert "No space left on device" in logbook.note("check", "06.3", "correct")


def test_a_line_of_which_a_part_was_written_is_said(place, monkeypatch):
    write = os.write
    monkeypatch.setattr(logbook.os, "write", lambda file, data: write(file, data[:9]))
    assert "No space left on device" in logbook.note("check", "06.3", "correct")
    monkeypatch.undo()
    monkeypatch.setenv(logbook.SETTING, str(place))
    logbook.note("check", "06.4", "correct")
    assert names() == ["06.4"]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"NNLAB_RECORD": "off"}, None),
        ({"NNLAB_RECORD": "OFF"}, None),
        ({"PYTEST_VERSION": "9.2.0"}, None),
        ({"PYTEST_CURRENT_TEST": "a notebook (setup)"}, None),
        ({"CI": "true"}, None),
        ({"NNLAB_RECORD": "elsewhere", "CI": "true"}, "elsewhere"),
    ],
)
def test_tests_and_ci_keep_none_unless_they_name_a_folder(variables, expected, monkeypatch):
    monkeypatch.setattr(logbook.os, "environ", variables)
    found = logbook.folder()
    assert (found and found.as_posix()) == expected


def test_a_kernel_without_these_settings_keeps_one(tmp_path):
    hidden = ("PYTEST", "CI", "NNLAB_RECORD")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    code = "from nnlab.stage import logbook; print(logbook.folder())"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert result.stdout.strip().endswith("nnlab")


def test_windows_takes_turns(place, monkeypatch):
    """There appending is two steps, so each process locks a byte far behind the end of the file."""
    calls = []

    def locking(file, mode, length):
        calls.append((mode, os.lseek(file, 0, os.SEEK_CUR), length))

    fake = types.SimpleNamespace(LK_LOCK="lock", LK_UNLCK="unlock", locking=locking)
    monkeypatch.setattr(logbook.sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    logbook.note("check", "06.3", "correct")
    assert calls == [("lock", logbook.FAR, 1), ("unlock", logbook.FAR, 1)]
    assert json.loads((place / "record.jsonl").read_bytes())["name"] == "06.3"


@pytest.mark.parametrize(
    ("variables", "service"), [({"BINDER_LAUNCH_HOST": "https://mybinder.org/"}, "Binder"), ({"HOME": "/home/ada"}, "")]
)
def test_a_service_that_forgets_its_files_is_known(variables, service, monkeypatch):
    monkeypatch.setattr(logbook.os, "environ", variables)
    monkeypatch.setattr(logbook.os.path, "isdir", lambda path: False)
    assert logbook.passing() == service
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert logbook.passing() == (service or "Colab")
