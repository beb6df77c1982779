"""The child process that draws a large document: sheets as JSON on its input, the PDF on its output."""

import os
import sys

from fulfillment.labels.pdf import draw_pdf


def main() -> None:
    """Draw what is asked for and end."""
    # One thread of typst's own: each more takes memory of its own, and the documents are drawn in two seconds anyhow.
    os.putenv("RAYON_NUM_THREADS", "1")
    sys.stdout.buffer.write(draw_pdf(sys.stdin.buffer.read().decode()))


if __name__ == "__main__":
    main()
