"""Classes: bodies, cells, super, metaclasses."""
import abc


class Empty:
    pass


class Base(metaclass=abc.ABCMeta):
    """A docstring."""
    __slots__ = "a", "b"
    annotated: int
    given: "str" = 1
    table = {name: 1 for name in ("a", "b")}

    def __init__(self, a, b):
        super().__init__()
        self.a, self.b = a, b

    @property
    def value(self):
        return super().value, super(Base, self).value, __class__

    @value.setter
    def value(self, to):
        super().value = to

    @staticmethod
    def static():
        return super

    @classmethod
    def make(cls, *args, **kwargs):
        return super().make(*args, **kwargs)

    def __private(self):
        return self.__private, self.__mangled__


def factory(outer, other):
    class Inner(Base, *other, key=outer, **{"more": 1}):
        copied = outer
        outer = copied
        other: outer = other

        def method(self):
            return outer, self, __class__

        class Nested:
            deep = [outer for _ in (1, 2)]
            if deep:
                conditional = outer
            del deep

            def method(self):
                return super().method(), outer, other
    return Inner


class FromGlobals:
    abc = abc
    with open(__name__) as f:
        text = f.read()
    for i in range(3):
        print(i)
    try:
        number = int(text)
    except ValueError:
        number = 0
    global made_global
    made_global = 1
