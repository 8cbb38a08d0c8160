"""Module docstring."""


class Documented:
    """Class docstring."""

    def method(self):
        u"""Method docstring."""
        assert self, "never at -O"
        if __debug__:
            print "debug"
        return __debug__


def only():
    """Nothing else."""
