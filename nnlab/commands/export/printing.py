"""Printing: a page of the disk as a PDF on A4, by the Chromium or Chrome of this computer."""

import os
import subprocess
import tempfile
from pathlib import Path

from nnlab.commands.cli import find_browser
from nnlab.commands.start.setup_errors import SetupError

__all__ = ["print_page"]

PATIENCE = 120  # seconds
OPTIONS = ("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer")


def print_page(page: Path, pdf: Path) -> None:
    """Print an HTML file into a PDF. Raises `SetupError` where there is no browser, or where it prints nothing."""
    browser = find_browser()
    if browser is None:
        raise SetupError("A PDF is printed by Chromium or Chrome, and none was found: export pages, and print those.")
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as profile:  # a browser that is open now would take the order, and not print
        options = [*OPTIONS, *as_root, f"--user-data-dir={profile}", f"--print-to-pdf={pdf.resolve()}"]
        run = subprocess.run([browser, *options, page.resolve().as_uri()], capture_output=True, timeout=PATIENCE)
    if not pdf.is_file():
        said = run.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise SetupError(f"{browser} printed no PDF. It said: {said[-1][:300]}")
