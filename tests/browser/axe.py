"""axe-core, the checker of accessibility, as a package of PyPI brings it: one script that is put into a page."""

from importlib.resources import files

RUN = """async within => {
    const {violations} = await axe.run({include: [[within]]}, {resultTypes: ['violations']});
    return violations.flatMap(v => v.nodes.map(n => `${v.id}: ${v.help}. ${n.failureSummary} ${n.html.slice(0, 160)}`));
}"""


def violations(page, within: str = ".nnlab-panel") -> list[str]:
    """What axe-core finds wrong in the panels of a page, or in other parts, one sentence for each element."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    return page.evaluate(RUN, within)
