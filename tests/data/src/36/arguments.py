"""Every kind of parameter and of call."""


def parameters(a, b=1, c=2, *args, d, e=3, **kwargs):
    return a, b, c, args, d, e, kwargs


def annotated(a: int, *args: str, b: "text" = None, **kwargs: dict) -> bool:
    return a and b


def only_keywords(*, key, other=()):
    return key, other


def calls(f, args, kwargs, x):
    f()
    f(1, x)
    f(x, key=1, other=x)
    f(*args)
    f(x, *args, x, *args)
    f(**kwargs)
    f(x, key=1, **kwargs, other=x, **kwargs)
    f(*args, **kwargs)
    f(x, *args, key=x, **kwargs)
    x.method()
    x.method(1, 2)
    x.method(1, key=2)
    x.method(*args)
    x.y.z(x)(x)[x](x)
    f(x for x in args)
    print("%s" % x, sep="", end="\n", file=None, flush=True)


def closure(default=parameters):
    def inner(a=default, *, b: int = default) -> int:
        return default, a, b
    return inner


two = (lambda x: x + 1), (lambda x: x + 2)
more = [lambda: 0, lambda *a, **k: (a, k), lambda x=two: x]


@parameters
@parameters(1, 2, d=4)
def decorated(a):
    return a


def many_locals(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r):
    a, b = q, r
    q, r = a, b
    s = t = a
    return a + b, q + r, s, t
