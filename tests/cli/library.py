"""The shared library by ctypes, for tests that ask more questions than processes can be started for."""
import ctypes
import os
import pathlib
import struct

from program import PROGRAM

NDJSON = 4      # bf_format


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("offset", ctypes.c_int64), ("message", ctypes.c_char * 4096)]


class Schema(ctypes.Structure):
    pass


Schema._fields_ = [("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_void_p), ("flags", ctypes.c_int64),
                   ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
                   ("dictionary", ctypes.POINTER(Schema)), ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))),
                   ("private_data", ctypes.c_void_p)]


class Stream(ctypes.Structure):
    pass


Stream._fields_ = [("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Stream), ctypes.POINTER(Schema))),
                   ("others", ctypes.c_void_p * 4)]


class RenderOptions(ctypes.Structure):
    _fields_ = [("format", ctypes.c_int), ("max_rows", ctypes.c_int64), ("width", ctypes.c_int)]


class Failed(Exception):
    pass


bf = ctypes.CDLL(os.path.join(os.path.dirname(os.path.realpath(PROGRAM)), "libbytefusion.so"))
libc = ctypes.CDLL(None)
bf.bf_profile_new.restype = libc.open_memstream.restype = ctypes.c_void_p


def check(status, error):
    if status:
        raise Failed(error.message.decode())


def metadata(address):
    """Of a field: {key: value}."""
    if not address:
        return {}
    n, = struct.unpack("=i", ctypes.string_at(address, 4))
    texts, at = [], address + 4
    for _ in range(2 * n):
        size, = struct.unpack("=i", ctypes.string_at(at, 4))
        texts.append(ctypes.string_at(at + 4, size).decode())
        at += 4 + size
    return dict(zip(texts[::2], texts[1::2]))


def field(schema):
    """Name, format, flags (nullable among them), metadata, children."""
    return (schema.name, schema.format, schema.flags, metadata(schema.metadata),
            [field(schema.children[i].contents) for i in range(schema.n_children)])


class Session:
    def __init__(self, dataset, **options):
        self.handle, error, profile = ctypes.c_void_p(), Error(), ctypes.c_void_p(bf.bf_profile_new())
        for name, value in options.items():
            check(bf.bf_profile_set(profile, name.encode(), value.encode(), b"test", ctypes.byref(error)), error)
        check(bf.bf_session_open_with(profile, os.fsencode(pathlib.Path(dataset)), ctypes.byref(self.handle), ctypes.byref(error)), error)
        bf.bf_profile_free(profile)

    def close(self):
        bf.bf_session_close(self.handle)

    def ask(self, sql):
        """The schema of the result and its rows, one JSON text each. Raises Failed."""
        stream, schema, error = Stream(), Schema(), Error()
        check(bf.bf_session_query(self.handle, sql.encode(), ctypes.byref(stream), ctypes.byref(error)), error)
        if stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)):
            raise Failed("no schema")
        fields = field(schema)
        schema.release(ctypes.byref(schema))
        text, size = ctypes.c_char_p(), ctypes.c_size_t()
        out = ctypes.c_void_p(libc.open_memstream(ctypes.byref(text), ctypes.byref(size)))
        status = bf.bf_render(ctypes.byref(stream), ctypes.byref(RenderOptions(NDJSON, 0, 0)), out, None, ctypes.byref(error))
        libc.fclose(out)
        rows = ctypes.string_at(text, size.value).decode().splitlines()
        libc.free(text)
        check(status, error)
        return fields, rows
