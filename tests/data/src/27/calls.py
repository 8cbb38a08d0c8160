"""Calls, closures, comprehensions, displays."""


def calls(f, args, kwargs, x):
    f()
    f(1, x)
    f(x, key=1, other=x)
    f(*args)
    f(x, *args)
    f(x, key=1, *args)
    f(**kwargs)
    f(x, key=1, **kwargs)
    f(*args, **kwargs)
    f(x, key=x, *args, **kwargs)
    x.method(1, key=2).y.z(x)(x)[x](x)
    f(x for x in args)


def displays(a, b, c):
    yield (), [], {}, set()
    yield (a,), [a], {a}, {a: b}
    yield (a, b, c), [a, b, c], {a, b, c}, {a: b, b: c, c: a}
    yield (1, 2, 3), [1, 2, 3], {1, 2, 3}, {"k": {"n": []}}


def comprehensions(a, b):
    yield [x for x in a], [x for x in a if x if b], [(x, y) for x in a for y in x]
    yield {x for x in a if b}, {x: y for x, y in a}, (x for x in a), list(y for x in a for y in x if x)
    yield [[y for y in x] for x in a], {x: {y for y in b} for x in a}
    yield [lambda: x for x in a]


def closures(a, b=1):
    c = a
    f = lambda: c
    g = lambda d=b, *e: (a, c, d, e)

    def h(x=f, y=g):
        return f, g, a, x, y

    class Inner:
        y = c

        def method(self):
            return c
    return h, Inner


class Outer(object):
    def __init__(self, **more):
        super(Outer, self).__init__(**more)
        self.__private = 1

    x = [y for y in range(3)]
    z = {y: 1 for y in x}
