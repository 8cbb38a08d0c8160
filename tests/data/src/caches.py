"""Every instruction with inline caches; its disassembly is kept with caches and with positions too."""


class Cached(object):
    def method(self, x):
        self.attr = super().attr = x.attr
        x[self], (a, b) = x[0], x
        for y in a + b:
            if y < x and y in b:
                yield from (y for _ in x) if not a else x.method(
                    y, key=Cached)
