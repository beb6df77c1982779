"""Whether a page can be read and pressed by everybody: axe-core, html-validate and sizes of our own (quality.md, section 4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

VENDOR = Path(__file__).with_name("vendor")
_AXE = (VENDOR / "axe-core-4.14.1.min.js").read_text("utf-8")
HTML_VALIDATE = (VENDOR / "html-validate-10.17.0.browser.js").read_text("utf-8")

WIDTHS = (320, 390, 1280)
TEXT_PERCENT = (100, 200)
HEIGHT = 844


@dataclass(frozen=True)
class Face:
    """What a face promises: the smallest text and the smallest target, in CSS pixels."""

    text_px: float
    target_px: float


BENCH = Face(18, 60)
ELSEWHERE = Face(16, 44)

# AAA contrast (7:1) on top of WCAG 2.2 A and AA and axe's best practices.
_AXE_RUN = """
async () => {
  const rules = { "color-contrast-enhanced": { enabled: true }, "color-contrast": { enabled: false } };
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const { violations, passes } = await axe.run(document, { runOnly: { type: "tag", values: [...tags, "wcag2aaa"] }, rules: {
    ...rules, "identical-links-same-purpose": { enabled: false } }, resultTypes: ["violations"] });
  return { checked: passes.length, found: violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 140)}`)) };
}
"""
_CONTRAST_RUN = """
async () => {
  const { violations, passes } = await axe.run(document, { runOnly: { type: "rule", values: ["color-contrast-enhanced"] } });
  return { checked: passes.length, found: violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 140)} ${n.any[0]?.message ?? ""}`)) };
}
"""

_SIZES = """
({ textPx, targetPx, percent }) => {
  const root = document.documentElement;
  root.style.fontSize = "";
  if (percent !== 100) root.style.fontSize = `${parseFloat(getComputedStyle(root).fontSize) * percent / 100}px`;
  const found = [];
  const tell = (what, e) => found.push(`${what}: ${e.outerHTML.slice(0, 110).replaceAll("\\n", " ")}`);
  const isShown = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(".visually-hidden, .skip-link, option");
  let texts = 0, targets = 0;
  for (const e of document.querySelectorAll("body *")) {
    if (!isShown(e)) continue;
    const style = getComputedStyle(e);
    const hasText = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (hasText && !e.closest("svg")) {
      texts += 1;
      if (parseFloat(style.fontSize) < textPx - 0.1) tell(`text ${style.fontSize}`, e);
      const clips = /hidden|clip/.test(style.overflowX + style.overflowY);
      if (clips && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)) tell("clipped", e);
    }
    if (!e.matches("a[href], button, input:not([type=hidden]), select, textarea, summary")) continue;
    targets += 1;
    // A box to tick is as large as the label around it.
    const label = e.matches("[type=checkbox], [type=radio]") ? e.closest("label") ?? e.labels?.[0] : null;
    const box = (label ?? e).getBoundingClientRect();
    if (box.width < targetPx - 0.5 || box.height < targetPx - 0.5) tell(`target ${Math.round(box.width)}x${Math.round(box.height)}`, e);
  }
  if (root.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("body *")].filter((e) => isShown(e) && !e.closest(".table-wrap")
      && e.getBoundingClientRect().right > innerWidth + 1);
    found.push(`sideways ${root.scrollWidth} > ${innerWidth}: ${wide.slice(-3).map((e) => e.outerHTML.slice(0, 80)).join(" | ")}`);
  }
  root.style.fontSize = "";
  return { texts, targets, found };
}
"""
_STYLED = """
() => {
  try {
    const sheets = [...document.styleSheets];
    return sheets.length >= 3 && sheets.every((sheet) => sheet.cssRules.length > 0)
      && getComputedStyle(document.documentElement).getPropertyValue("--paper").trim() !== "";
  } catch {
    return false; // A sheet that did not come may not be read.
  }
}
"""
# WCAG 1.4.12: what a reader may set without losing a word.
_SPACING = """
() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; } p { margin-bottom: 2em !important; }");
  document.adoptedStyleSheets = [sheet];
}
"""


def is_styled(page: Page) -> bool:
    """Whether the style sheets really came: without them small text passes axe."""
    return bool(page.evaluate(_STYLED))


def size_faults(page: Page, face: Face) -> list[str]:
    """Small text, small targets, clipped words, a page that scrolls sideways: at every width and text size."""
    found: dict[str, str] = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for percent in TEXT_PERCENT:
            _look(page, found, f"{width} px, {percent} %", face, percent)
    page.set_viewport_size({"width": min(WIDTHS), "height": HEIGHT})
    page.evaluate(_SPACING)
    _look(page, found, "with wide spacing", Face(0, 0), 100)
    page.evaluate("document.adoptedStyleSheets = []")
    return list(found.values())


def narrow_faults(page: Page, face: Face) -> list[str]:
    """The same where it is tightest only: for the second language, whose words are longer."""
    found: dict[str, str] = {}
    page.set_viewport_size({"width": min(WIDTHS), "height": HEIGHT})
    _look(page, found, "narrow, large", face, max(TEXT_PERCENT))
    return list(found.values())


def _look(page: Page, found: dict[str, str], words: str, face: Face, percent: int) -> None:
    seen = page.evaluate(_SIZES, {"textPx": face.text_px, "targetPx": face.target_px, "percent": percent})
    assert seen["texts"] > 0, "nothing was looked at"
    for fault in seen["found"]:
        found.setdefault(fault, f"{words}: {fault}")


def axe_faults(page: Page) -> list[str]:
    """What axe-core finds in the light theme, and the contrast in the dark one."""
    # Read by the pages that it looks at, not by every page that is opened.
    page.evaluate(_AXE)
    # As tall as the page, so that the foot, which stands still at the bottom of the window, lies over nothing.
    page.set_viewport_size({"width": 390, "height": min(8_000, page.evaluate("document.documentElement.scrollHeight"))})
    found: list[str] = []
    for theme, run in (("light", _AXE_RUN), ("dark", _CONTRAST_RUN)):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        result: dict[str, Any] = page.evaluate(run)
        assert result["checked"] > 0, "axe looked at nothing"
        found.extend(f"{theme}: {fault}" for fault in result["found"])
    return found


# Not ours: all files come from this site, and a title carries the name of the shop.
_RULES = {
    "heading-level": ["error", {"allowMultipleH1": True}],  # Templates hold screens to come; axe counts what is shown.
    "long-title": "off",
    "require-sri": "off",
    "no-trailing-whitespace": "off",
    "prefer-native-element": "off",
}
_VALIDATE = """
async ([texts, rules]) => {
  const { HtmlValidate, StaticConfigLoader } = globalThis.HtmlValidateLib;
  const loader = new StaticConfigLoader({ extends: ["html-validate:standard", "html-validate:document"], rules });
  const validator = new HtmlValidate(loader);
  const found = [];
  for (const text of texts) {
    const { results } = await validator.validateString(text);
    found.push(results.flatMap((r) => r.messages.map((m) => `${m.ruleId} line ${m.line}: ${m.message}`)));
  }
  return found;
}
"""


def html_faults(blank: Page, texts: Sequence[str]) -> Iterator[list[str]]:
    """What html-validate finds in each page's text; ``blank`` is an empty page to work in."""
    assert texts, "nothing to validate"
    blank.evaluate(HTML_VALIDATE)
    yield from blank.evaluate(_VALIDATE, [list(texts), _RULES])
