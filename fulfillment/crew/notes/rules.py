"""What a note may be about. Knows no database."""

from typing import Final

TAKEN_BACK: Final = "taken_back"
GIVEN: Final = "given"
NOT_GIVEN: Final = "not_given"
SAMPLE_OK: Final = "sample_ok"
SAMPLE_MEND: Final = "sample_mend"
KINDS: Final = (TAKEN_BACK, GIVEN, NOT_GIVEN, SAMPLE_OK, SAMPLE_MEND)
