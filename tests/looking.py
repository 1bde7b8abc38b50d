"""What is looked at on every page, by script: what people with good eyes do not notice."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import ConsoleMessage, Page

WIDTHS: Final = (320, 768, 1280)
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
CONTRAST_MIN: Final = 4.5
"""Web Content Accessibility Guidelines 2.2, success criterion 1.4.3."""

# Each text's colour against what is painted behind it; relative luminance as in WCAG 2.2.
_FAINT: Final = """
(minimum) => {
  const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) =>
    [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const background = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      layers.push(parse(getComputedStyle(each).backgroundColor));
    }
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? 18 : 255;
    return layers.reverse().reduce((under, top) => over(top, under), [canvas, canvas, canvas, 1]);
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const behind = background(element);
    const ink = over(parse(getComputedStyle(element).color), behind);
    const [dark, light] = [luminance(ink), luminance(behind)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < minimum) faint.push(`${ratio.toFixed(2)}: ${walker.currentNode.data.trim()}`);
  }
  return faint;
}
"""

_NAMELESS: Final = """
() => [...document.querySelectorAll("a, button, input, select, textarea, img")]
  .filter((each) => each.type !== "hidden" && each.checkVisibility())
  .filter((each) => {
    const labels = [...(each.labels ?? [])].map((label) => label.textContent).join("");
    const own = each.matches("input") ? "" : each.textContent;
    return !(each.ariaLabel || each.alt || labels || own).trim();
  })
  .map((each) => each.outerHTML)
"""

_UNWOVEN: Final = """
() => /[<"]\\s*>|&[a-z#0-9]+;|<\\/?[a-z]+/.exec(document.body.innerText)?.[0] ?? null
"""
"""Markup that is read as text."""

_FOCUSABLE: Final = """
() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((each) => each.type !== "hidden" && !each.disabled && each.checkVisibility())
  .map((each, at) => { each.dataset.at = at; return at; })
"""

_FOCUSED: Final = "() => document.activeElement?.dataset?.at ?? null"
_IS_SCROLLING: Final = """
() => document.documentElement.scrollWidth > document.documentElement.clientWidth
"""


@dataclass
class Look:
    """Looks at a page at three widths, light and dark, and keeps pictures of it.

    Attributes:
        folder: for the pictures.
        faults: what was found, of all pages; also what the console said, such as a breach of the
            content security policy.
    """

    page: Page
    folder: Path
    faults: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # A form that is declined has a status of its own, which Chromium tells as an error.
        if (
            message.type == "error"
            and "the server responded with a status of 4" not in message.text
        ):
            self.faults.append(f"console: {message.text}")

    async def at(self, name: str) -> None:
        """Look at the page that is open."""
        self.seen.append(name)
        for width in WIDTHS:
            await self.page.set_viewport_size({"width": width, "height": 860})
            for scheme in SCHEMES:
                await self.page.emulate_media(color_scheme=scheme)
                await self.page.screenshot(
                    path=self.folder / f"{name}-{width}-{scheme}.png", full_page=True
                )
                where = f"{name} at {width}, {scheme}"
                if await self.page.evaluate(_IS_SCROLLING):
                    self.faults.append(f"{where}: scrolls sideways")
                faint = await self.page.evaluate(_FAINT, CONTRAST_MIN)
                self.faults += [f"{where}: faint, {each}" for each in faint]
        nameless = await self.page.evaluate(_NAMELESS)
        self.faults += [f"{name}: nameless, {each}" for each in nameless]
        if unwoven := await self.page.evaluate(_UNWOVEN):
            self.faults.append(f"{name}: markup among the text, {unwoven}")
        await self._tab_through(name)

    async def _tab_through(self, name: str) -> None:
        """Whoever has only a keyboard reaches everything, in the order in which it is read."""
        expected = await self.page.evaluate(_FOCUSABLE)
        await self.page.evaluate("() => document.activeElement?.blur()")
        reached: list[int] = []
        for _ in range(len(expected) + 3):
            await self.page.keyboard.press("Tab")
            at = await self.page.evaluate(_FOCUSED)
            if at is not None and int(at) not in reached:
                reached.append(int(at))
        # The tabulator goes on from where the focus was, and comes round.
        if sorted(reached) != expected:
            self.faults.append(f"{name}: tab reaches {json.dumps(reached)} of {expected}")
        turned = (
            [*reached[reached.index(0) :], *reached[: reached.index(0)]] if 0 in reached else []
        )
        if turned != sorted(turned):
            self.faults.append(f"{name}: the order of the focus is {reached}")
