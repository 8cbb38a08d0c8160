"""Every operator, plain and in place."""


def unary(a):
    return +a, -a, ~a, not a, - -a, not not a


def binary(a, b):
    yield a + b, a - b, a * b, a / b, a // b, a % b, a @ b, a ** b
    yield a << b, a >> b, a & b, a | b, a ^ b
    yield a[b], a.b, (a + b) * a - b ** -a
    yield a + b + a + b, -a ** b, (a, b)[0], 1 + a + 2


def inplace(a, b):
    a += b
    a -= b
    a *= b
    a /= b
    a //= b
    a %= b
    a @= b
    a **= b
    a <<= b
    a >>= b
    a &= b
    a |= b
    a ^= b
    return a


n = 1
n += n
n -= +n
n *= ~n
