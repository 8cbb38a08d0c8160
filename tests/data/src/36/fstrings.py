"""Formatted strings as far as 3.6 takes them."""


def formats(x, y, width):
    yield f"", f"plain", f"{x}", f"{{}}", f"{x}{y}"
    yield f"{x!r}", f"{x!s}", f"{x!a}", f"a{x}b{y!r}c"
    yield f"{x:>10}", f"{x!r:>{width}}", f"{x:{y}.{width}}", f"{x!s:^{width + 1}}"
    yield f"{x if y else width}", f"{(lambda v: v)(x)}", f"{[v for v in x]}"
    yield f'{x["key"]}', f"{x.y.z()!r}", f"{'nested ' + f'{y}'}"
    yield "a" f"{x}" "b", f"{1}" f"{'text'}", f"{x:{'>'}{10}}"
    yield f"\N{BULLET}{x}\n\t{{{y}}}\x00é\U0001F600"
    yield "%s %r" % (x, y), "%s" % x, "%d%%" % (x,), "%-10s|%a" % (x, y)
