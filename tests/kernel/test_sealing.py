"""Sealed numbers open with their own secret only, and look different every time."""

from kernel.sealing import seal, unseal


def test_only_the_secret_that_sealed_opens() -> None:
    sealed = seal("11010519491231002X", "one secret")
    assert b"1101" not in sealed
    assert unseal(sealed, "one secret") == "11010519491231002X"
    assert unseal(sealed, "another secret") is None
    assert unseal(sealed[:-2] + b"==", "one secret") is None
    assert seal("11010519491231002X", "one secret") != sealed
