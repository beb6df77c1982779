"""The child process that draws a large document: sheets as JSON on its input, the PDF on its output."""

import sys

from fulfillment.labels.pdf import draw_pdf


def main() -> None:
    """Draw what is asked for and end."""
    sys.stdout.buffer.write(draw_pdf(sys.stdin.buffer.read().decode()))


if __name__ == "__main__":
    main()
