"""A real headless Chromium, driven over a pipe by its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/; with --remote-debugging-pipe the browser
reads commands from file descriptor 3 and writes answers to 4, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome")
PROGRAM = next((found for name in _NAMES if (found := shutil.which(name))), None)
"""None where there is no such browser."""

OPTIONS = (
    "--headless", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run",
    # WebGL without a GPU.
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip

SILENCE_S = 120
"""After which a browser has hung: it loads the largest page in a few seconds."""

Json = dict[str, Any]


class Browser:
    """One page. What it logs and fetches is kept."""

    def __init__(self, profile: Path) -> None:
        self.messages: list[str] = []
        """Console messages of warnings and errors, exceptions, refusals by policy."""
        self.fetched: list[str] = []
        """Addresses that were asked for, but `data:`."""
        self._loaded: set[str] = set()
        self._number = 0
        self._left = b""
        commands, to_browser = os.pipe()
        from_browser, answers = os.pipe()
        assert PROGRAM is not None
        # A shell puts the pipes where the browser looks for them.
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{answers}', "bash",
             PROGRAM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._to, self._from = to_browser, from_browser
        self._session: str | None = None
        target = next(
            t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"
        )
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._session = None
            self.call("Browser.close")
        except (AssertionError, OSError):
            self._process.terminate()
            raise
        finally:
            os.close(self._to)
            os.close(self._from)
            self._process.wait()

    def open(self, page: Path, *, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        """Load a file from the disk into a window of a size, and wait until it has loaded."""
        self.messages.clear()
        self.fetched.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self._loaded.clear()
        loader = self.call("Page.navigate", url=page.resolve().as_uri())["loaderId"]
        while loader not in self._loaded:
            self._receive()

    def evaluate(self, expression: str) -> Any:
        """The value of JavaScript in the page; of a promise, what it comes to."""
        found = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until JavaScript is true; looks again at each frame that the page draws."""
        self.evaluate(
            f"new Promise((done) => {{ const look = () => ({condition}) ? done(true) : "
            "requestAnimationFrame(look); look(); })"
        )

    def press(self, key: str) -> None:
        """Press and release a key such as `ArrowRight`."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            # Without its number, Escape closes no dialog.
            number = {"Escape": 27}.get(key, 0)
            self.call(
                "Input.dispatchKeyEvent",
                type=kind, key=key, code=key, windowsVirtualKeyCode=number, **text,
            )  # fmt: skip

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """A mouse event: `mousePressed`, `mouseMoved`, `mouseReleased` or `mouseWheel`."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x: float, y: float) -> None:
        """Click with the left button, in CSS pixels of the window."""
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", buttons=1, clickCount=1)

    def click_on(self, selector: str) -> None:
        """Scroll an element into the window and click on its middle."""
        x, y = self.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)}); "
            'found.scrollIntoView({ block: "center", behavior: "instant" }); '
            "const box = found.getBoundingClientRect(); "
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        self.click(x, y)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Save what the window shows, or the whole page, as PNG."""
        more: Json = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
            more = {"captureBeyondViewport": True, "clip": clip}
        data = self.call("Page.captureScreenshot", format="png", **more)["data"]
        path.write_bytes(base64.b64decode(data))

    def call(self, method: str, **parameters: Any) -> Json:
        """One command of the protocol, and its answer."""
        self._number += 1
        message: Json = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        text = json.dumps(message).encode() + b"\0"
        while text:
            text = text[os.write(self._to, text) :]
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                result: Json = answer["result"]
                return result

    def _receive(self) -> Json:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._from], [], [], SILENCE_S)
            assert ready, f"the browser said nothing for {SILENCE_S} s"
            found = os.read(self._from, 1 << 20)
            assert found, "the browser ended"
            self._left += found
        text, _, self._left = self._left.partition(b"\0")
        message: Json = json.loads(text)
        if "method" in message:
            self._note(message["method"], message["params"])
        return message

    def _note(self, method: str, parameters: Json) -> None:
        match method:
            case "Page.lifecycleEvent" if parameters["name"] == "load":
                self._loaded.add(parameters["loaderId"])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning"):
                self.messages.append(str(parameters["args"]))
            case "Runtime.exceptionThrown":
                self.messages.append(str(parameters["exceptionDetails"]))
            case "Log.entryAdded":
                self.messages.append(parameters["entry"]["text"])
            case "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith("data:"):
                    self.fetched.append(url)
