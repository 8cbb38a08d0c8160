"""What -O and -OO leave out: compiled at 0, 1 and 2."""


def asserts(x):
    """A docstring
    of two lines."""
    assert x
    assert x > 1, "more"
    if __debug__:
        print(x)
    if not __debug__:
        print("optimized")
    return x


class Documented:
    """Of a class."""

    def method(self):
        "Of a method."
        assert self, f"{self}"

    def bare(self):
        b"no docstring"
        """nor this"""

    async def coroutine(self):
        """Of a coroutine."""
        assert await self
