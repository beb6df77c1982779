"""What a scanner typed, without what came along: scanners add marks, keyboards fold, lock or invert letters."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 200

# ISO/IEC 15424: "]C1" says Code 128, "]Q3" QR; scanners send it before the code when they are told to.
_KIND_OF_CODE = re.compile(r"^\][A-Z][0-9A-Z]", re.ASCII)
# Our own codes carry capitals only, so a locked or inverted keyboard does no harm. The letters are those of kernel.ids.
_OWN = re.compile(
    r"GF-(?:DEMO-[0-9]{2}|[0-9A-HJKMNP-TV-Z]{20})|[GP][0-9]{6}-?[0-9A-HJKMNP-TV-Z]{8}(?:[0-9]{2})?", re.ASCII
)


def without_garbage(raw: object) -> str:
    """The code in what was scanned or typed: capitals, no blanks or control signs, no prefix or suffix.

    Where several of our codes ran together none is chosen, and what came is given back whole.
    The same is done by static/js/bench_scan_text.js; tests/bench/scans.json holds both to it.
    """
    if not isinstance(raw, str):
        return ""
    folded = unicodedata.normalize("NFKC", raw[:LONGEST]).upper()
    code = "".join(sign for sign in folded if unicodedata.category(sign)[0] not in "CZ")
    own = _OWN.findall(code)
    return own[0] if len(own) == 1 else _KIND_OF_CODE.sub("", code)
