"""Launch links and the set-up cell."""

import os
import shutil
import subprocess
import sys
import types

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from nnlab.commands.generated.launch import FROM_A_CLONE, NO_SITE, badges, repository, setup_source, site_line
from nnlab.commands.notebook_files import read, text_of
from nnlab.commands.start.environment import ROOT, pyproject

MARKED = "# Title\n\n<!-- launch -->\nold\n<!-- /launch -->\n\nText with a \\backslash."
README = MARKED + "\n<!-- site -->\nold\n<!-- /site -->\n"

INSTALL = [
    "install -q --no-deps git+https://github.com/ada/nnlab "
    "anywidget psygnal torchmetrics lightning-utilities optuna colorlog",
]


@pytest.fixture
def clone(tmp_path):
    """A clone with a README and one notebook that has an output."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "nnlab"\n\n# urls: `badges` writes them\n# end of urls\n[tool.nnlab]\nrepository = ""\n'
    )
    (tmp_path / "README.md").write_text(README)
    output = nbformat.v4.new_output("stream", text="42\n")
    cells = [
        nbformat.v4.new_markdown_cell(MARKED),
        nbformat.v4.new_code_cell("stale", metadata={"tags": ["setup"]}),
        nbformat.v4.new_code_cell("print(42)", outputs=[output]),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "06_optimizers.ipynb")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_badges_fill_every_place_and_keep_outputs(clone):
    assert len(badges("ada/nn-lab.2", clone)) == 3
    assert repository(clone) == "ada/nn-lab.2"
    cells = read(clone / "notebooks" / "06_optimizers.ipynb")["cells"]
    first = text_of(cells[0]["source"])
    assert "(https://mybinder.org/v2/gh/ada/nn-lab.2/HEAD?urlpath=lab/tree/notebooks/06_optimizers.ipynb)" in first
    assert "(https://colab.research.google.com/github/ada/nn-lab.2/blob/HEAD/notebooks/06_optimizers.ipynb)" in first
    assert first.startswith("# Title\n")
    assert first.endswith("\\backslash.")
    assert 'repository, others = "ada/nn-lab.2", ' in text_of(cells[1]["source"])
    assert text_of(cells[2]["outputs"][0]["text"]) == "42\n"
    assert "00_start_here.ipynb" in (clone / "README.md").read_text()


def test_notebooks_of_ones_own_are_filled_too(clone):
    (clone / "notebooks" / "own").mkdir()
    shutil.copy(clone / "notebooks" / "06_optimizers.ipynb", clone / "notebooks" / "own" / "ravine.ipynb")
    badges("ada/nnlab", clone)
    first = text_of(read(clone / "notebooks" / "own" / "ravine.ipynb")["cells"][0]["source"])
    assert "HEAD?urlpath=lab/tree/notebooks/own/ravine.ipynb)" in first


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("ada/nnlab", "https://ada.github.io/nnlab/"),
        ("Ada/NN-lab@v1", "https://ada.github.io/NN-lab/"),
        ("Ada/ada.github.io", "https://ada.github.io/"),
    ],
)
def test_the_readme_links_to_the_site_of_a_fork(clone, given, address):
    badges(given, clone)
    text = (clone / "README.md").read_text()
    assert f"[The course as a site]({address})" in text
    assert "old" not in text
    badges("", clone)
    assert NO_SITE in (clone / "README.md").read_text()


def test_the_readme_of_this_clone_has_the_line_that_belongs_to_its_setting():
    assert site_line(repository()) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_tag_pins_the_links_and_the_set_up_cell(clone):
    badges("ada/nnlab@term/2026", clone)
    cells = read(clone / "notebooks" / "06_optimizers.ipynb")["cells"]
    first = text_of(cells[0]["source"])
    assert "(https://mybinder.org/v2/gh/ada/nnlab/term%2F2026?urlpath=" in first
    assert "github/ada/nnlab/blob/term/2026/notebooks/06_optimizers.ipynb)" in first
    assert "welcome?src=https://github.com/ada/nnlab/blob/term/2026/notebooks/06_optimizers.ipynb)" in first
    assert '"ada/nnlab@term/2026"' in text_of(cells[1]["source"])


@pytest.mark.parametrize("good", ["ada/nnlab", "a/b", "ada-l/nn.lab_2", "ada/.github", "ada/x.github@v1.0", "a/b@main"])
def test_names_that_can_exist_are_taken(clone, good):
    badges(good, clone)
    assert repository(clone) == good


def test_a_wheel_carries_addresses_only_when_there_are_some(clone):
    assert "urls" not in pyproject(clone)["project"]
    badges("ada/nnlab@v1", clone)
    assert pyproject(clone)["project"]["urls"]["Repository"] == "https://github.com/ada/nnlab"
    assert "# urls: `badges` writes them\n# end of urls\n" in (ROOT / "pyproject.toml").read_text() or repository()


def test_without_a_clone_there_is_nothing_to_write(tmp_path):
    with pytest.raises(ValueError, match="there is nothing to write"):
        badges("ada/nnlab", tmp_path)


def test_badges_twice_change_nothing_and_clearing_restores(clone):
    badges("", clone)
    cleared = contents(clone)
    assert FROM_A_CLONE in (clone / "README.md").read_text()
    badges("ada/nnlab", clone)
    assert contents(clone) != cleared
    assert badges("ada/nnlab", clone) == []
    badges("", clone)
    assert contents(clone) == cleared


IMPOSSIBLE = ["ada/..", "ada/.", "ada/x.git", "ada/x.git@v1", "ada/..@v1", "ada-/x", "a--da/x", "ada/x@", "ada/x@a..b"]
IMPOSSIBLE += ["ada/x@v1.lock", "ada/x@/v1", "ada/x@v1/", "ada/x@v 1", 'ada/x@v"1']


@pytest.mark.parametrize("bad", ["nnlab", "/x", "a/", "a/b/c", "a b/c", 'a/b"', "-a/b", "a/b\n", *IMPOSSIBLE])
def test_a_bad_name_changes_nothing(clone, bad):
    before = contents(clone)
    with pytest.raises(ValueError, match="A repository is OWNER/NAME"):
        badges(bad, clone)
    assert contents(clone) == before


@pytest.fixture
def run_setup(tmp_path):
    """Run the set-up cell in IPython with a pip that only notes what it was asked for."""

    def run(repository, code=0):
        shell = InteractiveShell(ipython_dir=str(tmp_path))
        asked = []

        def pip(line):
            asked.append(line)
            shell.user_ns["_exit_code"] = code

        shell.register_magic_function(pip, "line", "pip")
        result = shell.run_cell(setup_source(repository))
        result.raise_error()
        return asked

    return run


def test_the_set_up_cell_does_nothing_on_a_computer_of_ones_own(run_setup, capsys):
    assert run_setup("ada/nnlab") == []
    assert run_setup("") == []
    assert capsys.readouterr().out == ""


def test_the_set_up_cell_installs_on_colab_without_touching_its_torch(run_setup, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    assert run_setup("ada/nnlab") == INSTALL


def test_the_set_up_cell_installs_on_kaggle(run_setup, monkeypatch):
    real = os.path.isdir
    monkeypatch.setattr("os.path.isdir", lambda path: path == "/kaggle" or real(path))
    assert run_setup("ada/nnlab") == INSTALL


@pytest.mark.parametrize(
    ("repository", "code", "sentence"), [("", 0, "run it from a clone"), ("ada/nnlab", 1, "nnlab was not installed")]
)
def test_the_set_up_cell_stops_with_a_sentence(run_setup, monkeypatch, repository, code, sentence):
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    with pytest.raises(RuntimeError, match=sentence):
        run_setup(repository, code)


def test_the_set_up_cell_is_short_and_plain_python_but_for_pip():
    lines = setup_source("ada/nnlab@v1").splitlines()
    assert len(lines) <= 8
    assert max(map(len, lines)) <= 120
    plain = setup_source("ada/nnlab").replace("%pip", "#")
    assert subprocess.run([sys.executable, "-c", plain], capture_output=True).stdout == b""
