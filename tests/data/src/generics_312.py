"""Type parameters and type aliases (PEP 695)."""
type Alias = int | str
type Bounded[T: int, *Ts, **P] = tuple[T, *Ts]


def identity[T](x: T) -> T:
    return x


def several[T: (int, str), U: Alias, *Ts, **P](x: T, *args: *Ts, key: U = None) -> P:
    def inner() -> T:
        return x, T, U
    return inner


class Box[T: Alias, *Ts](Base, metaclass=type):
    item: T
    size = 1

    def get[U](self, default: U | size) -> T | U:
        return super().get(self.item, default)

    type Inner = T | size


@identity
async def task[T](x: T = 1, *, y: T = 2):
    yield x, y


def closure(x):
    class Local:
        y = x

        def method[U: y](self, a: y) -> U: ...
    return Local
