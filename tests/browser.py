"""A real browser for the tests: the machine's own Chromium, else one from npm that is unpacked inside the checkout."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHECKOUT = Path(__file__).parent.parent
TOOLS = CHECKOUT / ".tools"
INSTALLED = Path("/usr/bin/chromium")
PACKAGE = CHECKOUT / "node_modules" / "@sparticuz" / "chromium"

# Nothing but this machine can be reached from a test, whatever a page or Chromium itself would like to load.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-domain-reliability",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

# The package's own fonts.conf names folders that do not exist here: pages would be painted without any text.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
</fontconfig>
"""

DECOMPRESS = """
require("fs").createReadStream(process.argv[1]).pipe(require("zlib").createBrotliDecompress()).pipe(process.stdout)
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if node := shutil.which("node"):
        # The node inside Playwright wants libatomic, which a minimal Debian lacks.
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", node)
    with sync_playwright() as playwright:
        path = chromium_path()
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, env=_environment(path))
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages that share nothing: new_page(viewport=..., color_scheme="dark") and whatever else a context takes."""
    contexts = []

    def open_page(**options: Any) -> Page:
        contexts.append(browser.new_context(**{"locale": "fr-FR", "timezone_id": "Europe/Paris"} | options))
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def chromium_path() -> Path:
    return INSTALLED if INSTALLED.exists() else _unpacked() / "chromium"


def _environment(path: Path) -> dict[str, str | float | bool]:
    home = TOOLS / "home"
    home.mkdir(parents=True, exist_ok=True)
    ours = (
        {}
        if path == INSTALLED
        else {
            "LD_LIBRARY_PATH": str(path.parent / "lib"),
            "FONTCONFIG_FILE": str(path.parent / "fonts.conf"),
        }
    )
    return {**os.environ, "HOME": str(home), **ours}


def _unpacked() -> Path:
    if not PACKAGE.exists():
        raise RuntimeError("No browser: install chromium, or run `make test`, which fetches one")
    folder = TOOLS / f"chromium-{json.loads((PACKAGE / 'package.json').read_text())['version']}"
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several workers may want it at once
        if not folder.exists():
            _unpack(folder)
    return folder


def _unpack(folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for archive in ["al2023.tar", "fonts.tar"]:
        _decompress(archive, unfinished)
        subprocess.run(["tar", "--no-same-owner", "-xf", archive], cwd=unfinished, check=True)
        (unfinished / archive).unlink()
    _decompress("chromium", unfinished)
    (unfinished / "chromium").chmod(0o755)
    (unfinished / "fonts.conf").write_text(FONTS.format(folder=folder))
    unfinished.rename(folder)


def _decompress(name: str, folder: Path) -> None:
    with (folder / name).open("wb") as target:
        subprocess.run(["node", "-e", DECOMPRESS, PACKAGE / "bin" / f"{name}.br"], stdout=target, check=True)
