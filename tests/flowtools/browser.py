"""A headless Chromium, driven by its DevTools protocol: no driver and no library besides the one for web sockets."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from websockets.sync.client import ClientConnection, connect

__all__ = ["Page", "browser"]

_TRIES = 20


class Page:
    """One tab. `requested` are the addresses it asked for since `watch` was called."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.requested: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=60))
            if answer.get("method") == "Network.requestWillBeSent":
                self.requested.append(answer["params"]["request"]["url"])
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def watch(self) -> None:
        """Take down what the tab asks for from now on."""
        self.call("Network.enable")

    def press(self, key: str, code: int) -> None:
        """Press and let go of a key."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are awaited."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, condition: str, seconds: float = 60) -> None:
        """Return when a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition}\n{self.text()}"
            time.sleep(0.2)

    def text(self) -> str:
        """What the page shows."""
        return str(self.run("document.body?.innerText"))

    def wait_for(self, text: str, seconds: float = 60) -> None:
        self.wait(f"document.body?.innerText.includes({json.dumps(text)})", seconds)

    def click(self, selector: str, text: str = "") -> None:
        """Click the first visible element that matches, with this text if one is given."""
        find = (
            f"[...document.querySelectorAll({json.dumps(selector)})].find("
            f"e => e.offsetParent !== null && e.innerText.trim().includes({json.dumps(text)}))"
        )
        self.wait(find)
        self.run(f"{find}.click()")

    def field(self, label: str) -> str:
        """JavaScript that finds the field of a form whose label starts so."""
        labels = "[...document.querySelectorAll('.schema-form-property__label')]"
        return f"{labels}.find(e => e.innerText.startsWith({json.dumps(label)}))?.closest('.p-label')"

    def fill(self, label: str, value: str) -> None:
        """Type into a field, as a person would, in place of what it holds; return when the page shows the value."""
        find = f"{self.field(label)}?.querySelector('input, textarea')"
        for _ in range(_TRIES):
            self.wait(find)
            self.run(f"(e => {{ e.focus(); e.select(); }})({find})")
            self.call("Input.insertText", text=value)
            if self._holds(find, value):
                return
        raise AssertionError(f"{label} does not take what is typed\n{self.text()}")

    def choose(self, label: str, value: str) -> None:
        """Choose from a list; return when the page shows the value."""
        find = f"{self.field(label)}?.querySelector('select')"
        option = f"[...({find}?.options ?? [])].some(e => e.value === {json.dumps(value)})"
        events = "e.dispatchEvent(new Event('input', {bubbles: true})); e.dispatchEvent(new Event('change', {bubbles: true}))"
        for _ in range(_TRIES):
            self.wait(option)
            self.run(f"(e => {{ e.value = {json.dumps(value)}; {events} }})({find})")
            if self._holds(find, value):
                return
        raise AssertionError(f"{label} does not take what is chosen\n{self.text()}")

    def _holds(self, find: str, value: str) -> bool:
        """Whether a field still shows the value when the page has drawn itself again: a form that comes late forgets it.

        Prefect's form passes a change on 10 ms later, at each level of the parameters; a Submit before that is refused
        ("is a required property"). Timers that follow each other let those of the form run, however slow the page is.
        """
        pause = "await new Promise(done => requestAnimationFrame(() => setTimeout(done, 30)))"
        self.run(f"(async () => {{ for (let turn = 0; turn < 10; turn++) {pause} }})()")
        return bool(self.run(f"{find}?.value === {json.dumps(value)}"))

    def submit(self, values: dict[str, str]) -> None:
        """Submit a filled form that holds `values`, by their labels; return when the page says that it made a run."""
        for label, value in values.items():
            find = f"{self.field(label)}?.querySelector('input, textarea, select')"
            assert self.run(f"{find}?.value") == value, f"{label}\n{self.text()}"
        self.click("button:not([disabled])", "Submit")
        self.wait_for("scheduled to start")

    def picture(self, *, width: int = 1280, height: int = 900) -> bytes:
        """The page as PNG; give the height that shows what is to be shown."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(1)
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def browser(executable: str = "chromium") -> Iterator[Page]:
    """A tab of a new browser that knows nothing and keeps nothing."""
    with tempfile.TemporaryDirectory(prefix="deident-browser-", ignore_cleanup_errors=True) as profile:
        command = [executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run", "--disable-sync"]
        command += ["--disable-background-networking", "--disable-component-update", "--window-size=1280,900"]
        process = subprocess.Popen([*command, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            address = _address(profile)
            with connect(address, max_size=None, proxy=None) as connection:
                page = Page(connection)
                page.call("Page.enable")
                yield page
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(profile: str) -> str:
    """The web socket of the first tab; the browser writes its port into its profile."""
    deadline = time.monotonic() + 60
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, IndexError, StopIteration):
            with open(f"{profile}/DevToolsActivePort", encoding="ascii") as file:
                port = int(file.read().split()[0])
            tabs = json.load(opener.open(f"http://127.0.0.1:{port}/json/list", timeout=5))
            return str(next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"))
        time.sleep(0.1)
    raise AssertionError("the browser did not start")
