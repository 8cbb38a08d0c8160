"""Operators, comparisons, slices: of one, two and three parts, loaded, stored, deleted, augmented."""
from __future__ import division


def unary(a):
    return +a, -a, ~a, not a


def binary(a, b):
    return a ** b, a * b, a / b, a // b, a % b, a + b, a - b, a << b, a >> b, a & b, a ^ b, a | b, a[b]


def inplace(a, b):
    a **= b
    a *= b
    a /= b
    a //= b
    a %= b
    a += b
    a -= b
    a <<= b
    a >>= b
    a &= b
    a ^= b
    a |= b
    a.x += b
    a[b] -= a
    a.x[b].y *= b
    return a


def slices(a, b, c):
    x = a[:], a[b:], a[:c], a[b:c], a[b:c:2], a[::], a[b, c:], a[...], a[..., b]
    a[:] = x
    a[b:] = x
    a[:c] = x
    a[b:c] = x
    a[b:c:2] = x
    del a[:]
    del a[b:]
    del a[:c]
    del a[b:c]
    del a[b:c:2], a.x, b
    return x


def augmented_slices(a, b, c):
    a[:] += c
    a[b:] += c
    a[:c] += b
    a[b:c] += b
    a[b:c:2] += b
    a[b] += 1


def comparisons(a, b, c):
    yield a < b, a <= b, a == b, a != b, a > b, a >= b, a in b, a not in b, a is b, a is not b
    yield a < b < c, a == b != c in a, not a in b, not a is b
    yield a and b, a or b, a and b or c, (a or b) and c, a if b else c


def moves(a, b, c, d):
    a, b = b, a
    a, b, c = c, b, a
    a, b, c, d = d, c, b, a
    [a, (b, c)] = d
    a = b = c = d
    (a.x, a[b]), a[c:d] = b
    return a


folded = 2 * 3 + 1, -1, "a" + "b", (1, 2)[0], 1 << 40, ~5, 2 ** 64, "ab"[1], -(1L)
