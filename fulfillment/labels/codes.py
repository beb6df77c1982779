"""Code 128 and QR as SVG, black only, without a library drawing text around them."""

from barcode.codex import Code128
from segno import make

_QUIET_BARS = 10
_QUIET_SQUARES = 4


def bars_svg(text: str) -> str:
    """Code 128 of ASCII text; ten modules of quiet zone on each side."""
    modules = "".join(Code128(text).build())
    width = len(modules) + 2 * _QUIET_BARS
    bars = "".join(
        f'<rect x="{_QUIET_BARS + start}" y="0" width="{length}" height="40"/>' for start, length in _runs(modules)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 40" preserveAspectRatio="none" '
        f'shape-rendering="crispEdges">{bars}</svg>'
    )


def qr_svg(text: str) -> str:
    """A QR code with medium error correction and its quiet zone."""
    rows = [bytes(row) for row in make(text, error="m", micro=False).matrix]
    size = len(rows) + 2 * _QUIET_SQUARES
    squares = "".join(
        f'<rect x="{_QUIET_SQUARES + start}" y="{_QUIET_SQUARES + y}" width="{length}" height="1"/>'
        for y, row in enumerate(rows)
        for start, length in _runs("".join("1" if cell else "0" for cell in row))
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">{squares}</svg>'


def _runs(modules: str) -> list[tuple[int, int]]:
    """Start and length of each run of black modules."""
    runs: list[tuple[int, int]] = []
    for index, module in enumerate(modules):
        if module != "1":
            continue
        if runs and sum(runs[-1]) == index:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return runs
