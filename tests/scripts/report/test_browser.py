"""The page of scripts/report in a real browser: drawn, turned, clicked, on a laptop and a phone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from compat.shared.images import read_levels
from scripts.report.command import main
from tests.compat.datasets import SHIFTED, make
from tests.scripts.report.browser import PROGRAM, Browser
from viewbatch.dataset import Dataset
from viewbatch.verify import certify

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="no chromium, chromium-browser or google-chrome is installed"
)

Pixels = npt.NDArray[Any]
SCENE = "report.scene"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("browser") / "toys"
    made = make(folder, 8, *SHIFTED)
    tree = json.loads((folder / "dataset.json").read_text())
    tree["objects"][0]["name"] = f"<script>document.title = 'taken over'</script>{'x' * 99}"
    (folder / "dataset.json").write_text(json.dumps(tree))
    assert main([str(folder)]) == 0
    return made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(running: Browser, dataset: Dataset) -> Browser:
    """With the page on a laptop's screen, all pictures in the scene."""
    running.open(dataset.folder / "report.html")
    running.until(f"{SCENE}.describe().pictures === 8")
    return running


def seen(browser: Browser, folder: Path, selector: str = "#space") -> Pixels:
    """What the window shows of an element."""
    x, y, width, height = browser.evaluate(
        f"(() => {{ const box = document.querySelector('{selector}').getBoundingClientRect(); "
        "return [box.x, box.y, box.width, box.height]; })()"
    )
    browser.picture(folder / "seen.png")
    image = Image.open(folder / "seen.png").convert("RGB")
    return np.asarray(image.crop((round(x), round(y), round(x + width), round(y + height))))


def at_scene(browser: Browser) -> tuple[float, float]:
    """Scroll to the scene; its middle."""
    x, y = browser.evaluate(
        "(() => { const space = document.getElementById('space'); "
        "space.scrollIntoView({ block: 'center', behavior: 'instant' }); "
        "const box = space.getBoundingClientRect(); "
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    return x, y


def eye(browser: Browser) -> dict[str, Any]:
    found: dict[str, Any] = browser.evaluate(f"{SCENE}.describe().eye")
    return found


def test_it_opens_without_a_word_and_fetches_only_itself(
    browser: Browser, dataset: Dataset
) -> None:
    assert browser.messages == []
    assert browser.fetched == [(dataset.folder / "report.html").as_uri()]
    assert browser.evaluate("document.title") == "toys \u2013 dataset report"
    assert browser.evaluate("document.querySelectorAll('#sheet > li').length") == 8
    assert browser.evaluate("document.querySelectorAll('#sheet img').length") == 32
    scene = browser.evaluate(f"{SCENE}.describe()")
    assert (scene["frusta"], scene["pictures"]) == (8, 8)
    assert scene["points"] == browser.evaluate(
        "JSON.parse(document.getElementById('data').textContent).points.count"
    )


def test_what_the_policy_does_not_know_does_not_run(browser: Browser) -> None:
    browser.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), "
        "{ textContent: \"document.title = 'taken over'\" }))"
    )
    assert browser.evaluate("document.title") == "toys \u2013 dataset report"
    browser.evaluate("fetch('https://example.com/').catch(() => null)")
    assert not [address for address in browser.fetched if not address.startswith("file:")]
    assert any("Content Security Policy" in message for message in browser.messages)


def test_the_scene_shows_points_and_cameras_and_turns(browser: Browser, tmp_path: Path) -> None:
    x, y = at_scene(browser)
    first = seen(browser, tmp_path)
    background = first[2, 2]
    drawn = (np.abs(first.astype(int) - background) > 12).any(axis=-1)
    assert 0.02 < drawn.mean() < 0.6
    browser.mouse("mousePressed", x, y, button="left", buttons=1)
    browser.mouse("mouseMoved", x + 120, y + 30, button="left", buttons=1)
    browser.mouse("mouseReleased", x + 120, y + 30, button="left")
    assert eye(browser)["azimuth"] == pytest.approx(0.9 - 120 * 0.008)
    assert eye(browser)["elevation"] == pytest.approx(0.45 + 30 * 0.008)
    assert (np.abs(seen(browser, tmp_path).astype(int) - first) > 12).any(axis=-1).mean() > 0.01
    browser.click_on("#reset")
    at_scene(browser)
    assert (np.abs(seen(browser, tmp_path).astype(int) - first) > 12).any(axis=-1).mean() < 1e-3
    browser.click_on("#show-points")
    browser.click_on("#show-pictures")
    at_scene(browser)
    lines = seen(browser, tmp_path)
    left = (np.abs(lines.astype(int) - background) > 12).any(axis=-1)
    assert 0.005 < left.mean() < drawn.mean()


def test_the_wheel_zooms_only_a_scene_that_was_clicked(browser: Browser) -> None:
    x, y = at_scene(browser)
    before = eye(browser)["distance"]
    browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-100)
    assert eye(browser)["distance"] == before
    x, y = at_scene(browser)
    browser.click(x, y)
    browser.mouse("mouseWheel", x, y, deltaX=0, deltaY=-100)
    browser.until(f"{SCENE}.describe().eye.distance < {before}")


def test_two_fingers_zoom(browser: Browser) -> None:
    x, y = at_scene(browser)
    before = eye(browser)["distance"]

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 0}, {"x": x + apart, "y": y, "id": 1}]
        browser.call(
            "Input.dispatchTouchEvent", type=kind, touchPoints=[] if kind == "touchEnd" else points
        )

    touch("touchStart", 40)
    touch("touchMove", 80)
    touch("touchEnd", 80)
    browser.until(f"{SCENE}.describe().eye.distance < {before}")


def test_keys_move_the_scene(browser: Browser) -> None:
    browser.evaluate("document.getElementById('space').focus()")
    start = eye(browser)
    browser.press("ArrowRight")
    assert eye(browser)["azimuth"] == pytest.approx(start["azimuth"] - 0.1)
    browser.press("+")
    assert eye(browser)["distance"] == pytest.approx(start["distance"] * 0.9)
    browser.press("Home")
    assert eye(browser) == start
    browser.press("n")
    assert browser.evaluate("report.chosen()") == 1
    browser.press("Escape")
    assert browser.evaluate("report.chosen()") is None
    assert browser.evaluate("document.getElementById('chosen').hidden")


def test_a_click_on_a_camera_shows_its_neighbors(browser: Browser, dataset: Dataset) -> None:
    at_scene(browser)
    certificate = certify(Dataset.open(dataset.folder), read_levels=read_levels)
    chosen = set()
    for figures in certificate.views:
        place = browser.evaluate(f"{SCENE}.where({figures.index})")
        browser.click(place["x"], place["y"])
        index = browser.evaluate("report.chosen()")
        chosen.add(index)
        assert browser.evaluate("document.getElementById('chosen-title').textContent") == (
            f"View {index}"
        )
        shown = browser.evaluate(
            "[...document.querySelectorAll('#neighbors button')].map((b) => Number(b.textContent))"
        )
        assert shown == list(certificate.views[index].neighbors)
    # One camera may hide another.
    assert len(chosen) >= 6


def test_a_click_on_a_picture_opens_the_file_beside_the_page(
    browser: Browser, dataset: Dataset
) -> None:
    browser.click_on("#view-2 [data-kind=render]")
    assert browser.evaluate("document.getElementById('viewer').open")
    browser.until("document.getElementById('viewer-image').naturalWidth === 120")
    image = "document.getElementById('viewer-image')"
    assert browser.evaluate(f"{image}.src") == (dataset.folder / "002_render.png").as_uri()
    assert browser.evaluate(f"{image}.clientWidth") > 400
    browser.press("ArrowRight")
    assert browser.evaluate(f"{image}.src") == (dataset.folder / "003_render.png").as_uri()
    browser.click_on("#viewer-kinds button:nth-child(2)")
    assert browser.evaluate(f"{image}.alt") == "Depth of view 3"
    assert browser.evaluate(f"{image}.src.startsWith('data:image/webp;')")
    nearest, farthest = browser.evaluate(
        "JSON.parse(document.getElementById('data').textContent).views[3].depth"
    )
    assert browser.evaluate("document.getElementById('viewer-legend').textContent") == (
        nearest + farthest
    )
    browser.click_on("#viewer-kinds button:nth-child(3)")
    assert browser.evaluate(
        "[...document.querySelectorAll('#viewer-legend span')].map((s) => s.textContent.trim())"
    ) == [o.name for o in Dataset.open(dataset.folder).record.objects]
    browser.press("Escape")
    assert not browser.evaluate("document.getElementById('viewer').open")
    browser.until("report.chosen() === 3")
    assert browser.messages == []


def test_a_page_without_its_dataset_shows_the_small_pictures(
    running: Browser, dataset: Dataset, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.html"
    shutil.copy(dataset.folder / "report.html", alone)
    running.open(alone)
    running.click_on("#view-2 [data-kind=render]")
    image = "document.getElementById('viewer-image')"
    running.until(f"{image}.src.startsWith('data:') && {image}.naturalWidth > 0")


def test_one_kind_fills_the_sheet(browser: Browser) -> None:
    browser.click_on(".kinds input[value=depth] + span")
    kinds = browser.evaluate(
        "[...document.querySelectorAll('#sheet a')].filter((a) => a.checkVisibility())"
        ".map((a) => a.dataset.kind)"
    )
    assert kinds == ["depth"] * 8


def test_a_click_in_a_chart_enlarges_its_view(browser: Browser) -> None:
    browser.click_on(".chart rect[data-view='4']")
    assert browser.evaluate("document.getElementById('viewer-title').textContent") == "View 4"


def test_code_is_copied(browser: Browser) -> None:
    browser.call(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    browser.click_on("#usage .copy")
    browser.until("document.querySelector('#usage .copy').textContent === 'Copied'")
    assert browser.evaluate("navigator.clipboard.readText()") == browser.evaluate(
        "document.querySelector('#usage code:not(p code)').textContent"
    )


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_nothing_is_wider_than_the_window(running: Browser, dataset: Dataset, width: int) -> None:
    running.open(dataset.folder / "report.html", width=width, height=844)
    running.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert running.evaluate("document.documentElement.scrollWidth") == width
    running.click_on("#view-2 [data-kind=mask]")
    assert running.evaluate("document.getElementById('viewer').scrollWidth") <= width
    assert running.messages == []


def test_everything_has_a_name_for_those_who_do_not_see(browser: Browser) -> None:
    tree = browser.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [
        node["role"]["value"]
        for node in tree
        if not node.get("ignored")
        and node.get("role", {}).get("value") in ("button", "link", "image", "img", "radio",
                                                  "checkbox", "slider", "application", "dialog")
        and not node.get("name", {}).get("value")
    ]  # fmt: skip
    assert nameless == []
    ids = browser.evaluate("[...document.querySelectorAll('[id]')].map((found) => found.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_in_light_and_dark(
    running: Browser, dataset: Dataset, tmp_path: Path, dark: bool
) -> None:
    running.open(dataset.folder / "report.html", dark=dark)
    running.until(f"{SCENE}.describe().pictures === 8")
    at_scene(running)
    assert (seen(running, tmp_path)[2, 2].mean() < 60) == dark

    def luminance(name: str) -> float:
        """Of WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
        color = running.evaluate(
            f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()"
        )
        levels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    def contrast(a: str, b: str) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    for name in ("ink", "soft", "accent", "second", "good", "bad"):
        for below in ("paper", "raised"):
            assert contrast(name, below) >= 4.5, (name, below)
    assert contrast("mark", "paper") >= 2.7
    assert contrast("camera", "space") >= 2.7


def test_without_webgl_the_rest_works(running: Browser, dataset: Dataset) -> None:
    script = running.call(
        "Page.addScriptToEvaluateOnNewDocument",
        source="HTMLCanvasElement.prototype.getContext = () => null;",
    )["identifier"]
    running.open(dataset.folder / "report.html")
    running.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    assert running.evaluate("document.getElementById('space-says').innerText") == (
        "This browser shows no WebGL, which the 3D scene needs."
    )
    running.click_on("#next")
    assert running.evaluate("document.getElementById('chosen-title').textContent") == "View 1"
    running.click_on("#view-2 [data-kind=normal]")
    assert running.evaluate("document.getElementById('viewer').open")
    assert running.messages == []
