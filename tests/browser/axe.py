"""axe-core, the checker of accessibility, as npm has it: one script that is put into a page."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

VERSION = "4.14.1"
RUN = """async () => {
    const {violations} = await axe.run({include: [['.nnlab-panel']]}, {resultTypes: ['violations']});
    return violations.flatMap(v => v.nodes.map(n => `${v.id}: ${v.help}. ${n.failureSummary} ${n.html.slice(0, 160)}`));
}"""


def script(cache: Path) -> str:
    """The text of axe-core; fetched once. Without npm or a network the test is skipped, but in CI it has failed."""
    archive = cache / f"axe-core-{VERSION}.tgz"
    if not archive.is_file():
        npm = shutil.which("npm")
        command = [npm or "npm", "pack", "--silent", f"axe-core@{VERSION}", f"--pack-destination={cache}"]
        result = subprocess.run(command, capture_output=True, text=True) if npm else None
        if result is None or result.returncode:
            reason = "there is no npm" if result is None else result.stderr.strip()[-300:]
            give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            give_up(f"axe-core was NOT tried, npm could not fetch it: {reason}")
    with tarfile.open(archive) as packed:
        return packed.extractfile("package/axe.min.js").read().decode()


def violations(page, text: str) -> list[str]:
    """What axe-core finds wrong in the panels of a page, one sentence for each element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(text)
    return page.evaluate(RUN)
