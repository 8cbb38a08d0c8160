"""Context managers."""


def withs(a, b):
    with a:
        pass
    with a as x:
        print(x)
    with a as x, b as (y, z):
        return x, y, z
    with a, b:
        raise ValueError


def leaves(a, items):
    for x in items:
        with a:
            if x:
                continue
            if x is None:
                break
            return 1
    with a as f:
        return f(x)


def nested(a, b):
    with a:
        try:
            with b:
                yield a
        except OSError:
            return
    while a:
        with b as c:
            with c:
                if c:
                    break
                yield from c


with open(__file__) as f:
    for line in f:
        with line:
            break
