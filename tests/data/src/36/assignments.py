"""Names, attributes, items and slices: stored, loaded, deleted, swapped, unpacked."""
a = b = c = 1
a, b = b, a
a, b, c = c, b, a
a, b, c, d = c, d, b, a
[a, (b, c)] = 1, [2, 3]
first, *rest = "abc"
*rest, last = rest
first, *middle, last = 1, 2, 3
(*all_of_it,) = rest
x = y = z = first
(a, b), c = (x, y), z


def chained(stream):
    chunk = n = stream.read(10)
    return [n for n in stream], chunk


def places(o, i, j, v):
    o.attr = v
    o.attr.deep = o.attr
    o[i] = v
    o[i:j] = v
    o[i:] = o[:j]
    o[:] = o[::2]
    o[i:j:2] = o[i, j]
    o[1:2] = o[1:2:3]
    o[..., None] = o[i:j, 0]
    o.attr, o[i] = o[i], o.attr
    del o.attr, o[j]
    del o[i:j]
    del v
    v = 3
    del v, (i, j)
    return o


def augmented(a, b):
    a.x += b
    a[b] -= a
    a[b:a] *= b
    a.x[b].y @= b
    a, b = b, a
    a, b, a = b, a, a
    return a if b else b


def maybe_unbound(flag):
    if flag:
        value = 1
    del flag
    try:
        return value
    finally:
        del value


def scopes():
    global a, made
    a = 1
    made = a
    del made
    cell = [a]

    def inner():
        nonlocal cell
        cell = cell + [a]
        del cell

        def innermost():
            return cell
        return innermost
    return inner


del a, b
