"""Template strings (PEP 750)."""


def templates(x, y, width):
    yield t"", t"plain", t"{x}", t"{x}{y!r}", t"a{x:>{width}}b{y!s:^10}c{x!a}"
    yield t"{x=}", t"{t"{y}"} {f"{x}"}", t"a" t"{x}", rt"\n{x}"
