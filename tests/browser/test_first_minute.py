"""The first start of `lab` as a student sees it, and the second one."""

import shutil
import sys

from benchmarks.lab import ROOT, Lab
from benchmarks.notebook_page import open_browser
from nnlab.commands.start import opening


class FirstStart(Lab):
    """A JupyterLab that is started as `lab` starts it, in a home without any settings."""

    def _environment(self):
        variables = super()._environment()
        shutil.rmtree(self.folder / "settings")
        return opening.with_settings(variables)

    def _command(self):
        opening.seed(self.folder)
        return [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *opening.options(self.folder)]


def test_it_opens_on_00_without_questions_and_later_where_it_was_left(tmp_path):
    lab = FirstStart(tmp_path / "lab")
    for name in ("00_start_here", "06_optimizers"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", lab.notebooks)
    with lab, open_browser() as browser:
        address = f"{lab._info['url']}lab?token={lab._info['token']}"
        page = browser.new_page(viewport={"width": 800, "height": 700})
        page.goto(address)
        page.locator(".jp-Notebook h1").first.wait_for(timeout=60_000)
        assert page.locator(".lm-TabBar-tabLabel", has_text="00_start_here.ipynb").count() == 1
        page.locator(".jp-DirListing").wait_for(state="hidden", timeout=8000)
        page.wait_for_timeout(1500)
        assert not page.locator(".jp-DirListing").is_visible()
        assert "news" not in page.locator("body").inner_text().lower()
        assert page.locator(".jp-toast-message, .jp-Dialog").count() == 0
        page.locator("li[title^='File Browser']").first.click()
        page.get_by_text("06_optimizers.ipynb").first.dblclick()
        page.locator(".lm-TabBar-tabLabel", has_text="06_optimizers.ipynb").first.wait_for()
        page.wait_for_timeout(3000)  # JupyterLab keeps the layout a second after it changed
        page.close()
        page = browser.new_page()
        page.goto(address)
        page.locator(".lm-mod-current .lm-TabBar-tabLabel", has_text="06_optimizers.ipynb").first.wait_for(
            timeout=60_000
        )
        page.close()
