"""A firm's unified social credit code (统一社会信用代码, GB 32100-2015)."""

import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CODE: Final = re.compile(f"[{_ALPHABET}]{{18}}", re.ASCII)


def is_credit_code(code: str) -> bool:
    """Whether 18 signs are such a code: the last one checks the others (weights 3^i, modulo 31)."""
    if not _CODE.fullmatch(code):
        return False
    total = sum(_ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return code[17] == _ALPHABET[(31 - total % 31) % 31]
