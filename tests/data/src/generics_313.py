"""Type parameter defaults (PEP 696)."""
type Alias[T = int, *Ts = *tuple[int, ...], **P = [int]] = T


def function[T: int = bool](x: T) -> T:
    return x
