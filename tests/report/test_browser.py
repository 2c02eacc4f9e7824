"""The page of a run of 1,000 studies in headless Chromium: how soon it is there, what it asks for, where the keyboard leads."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from deident.discovery import Discovery, InputOutcome
from deident.errors import Reason
from deident.report import build_report, write_report
from flowtools.browser import Page, browser
from support.ledgers import many_outcomes
from support.studies import open_job

pytestmark = pytest.mark.slow

_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_FOCUSED = "(e => `${e.tagName} ${e.getAttribute('aria-label') || e.innerText}`)(document.activeElement)"
_OUTLINE = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
_TAB = 9


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a generated run: 1,000 studies, and 100 inputs that belong to none."""
    others = tuple(InputOutcome(f"hmac-sha256:{number:064x}", Reason.NOT_DICOM) for number in range(100))
    with open_job(tmp_path_factory.mktemp("many")) as context:
        report = build_report(context, Discovery((), others), list(many_outcomes(context, 1_000)))
        return Path(write_report(context, report).html)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as page:
        page.watch()
        yield page


def shown(page: Page, path: Path) -> float:
    """Open the page; milliseconds until it was loaded and laid out."""
    page.open(path.as_uri())
    page.wait(f"location.href === {path.as_uri()!r} && {_LOADED} > 0")
    return float(page.run(_LOADED))


def test_it_opens_in_under_two_seconds_and_asks_for_nothing(page: Page, path: Path) -> None:
    assert path.stat().st_size < 5_000_000
    times = [shown(page, path) for _ in range(3)]
    print(f"{path.stat().st_size / 1e6:.2f} MB, loaded after {times} ms")  # noqa: T201
    assert min(times) < 2_000
    assert set(page.requested) == {path.as_uri()}


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(page: Page, path: Path) -> None:
    shown(page, path)
    reached = []
    for _ in range(60):
        page.press("Tab", _TAB)
        focused = str(page.run(_FOCUSED))
        if focused.startswith("BODY"):
            break
        reached.append(focused)
        assert page.run(_OUTLINE) >= 3
    assert reached[0] == "A Skip to the content"
    links = [one for one in reached if one.startswith("A ")]
    assert {"A Came in, went out", "A Checks before release", "A Where things lie"} <= set(links)
    expected = page.run(
        "document.querySelectorAll('a[href], summary, details[open] .scroll, section > .scroll').length"
    )
    assert len(reached) == expected > 15


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 24, 28)")])
def test_it_follows_light_and_dark(page: Page, path: Path, scheme: str, ground: str) -> None:
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    shown(page, path)
    assert page.run("getComputedStyle(document.body).backgroundColor") == ground
    assert page.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_in_print_all_details_are_there(page: Page, path: Path) -> None:
    shown(page, path)
    height = "document.querySelector('#studies details').getBoundingClientRect().height"
    assert page.run(height) < 100
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.run(height) > 10_000
    printed = base64.b64decode(page.call("Page.printToPDF")["data"])
    pages = printed.count(b"/Type /Page\n")
    print(f"{pages} pages, {len(printed) / 1e6:.1f} MB")  # noqa: T201
    assert pages > 20  # folded away, 1,000 studies would leave five
