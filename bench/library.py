"""libbytefusion.so by ctypes: one session, answers as pyarrow tables. Run in the venv of the benchmarks."""
import ctypes


class Error(ctypes.Structure):      # bf_error
    _fields_ = [("code", ctypes.c_int), ("offset", ctypes.c_int64), ("message", ctypes.c_char * 1024)]


class Stream(ctypes.Structure):     # struct ArrowArrayStream: four functions and private_data
    _fields_ = [("members", ctypes.c_void_p * 5)]


class Session:
    def __init__(self, library, dataset):
        self.bf, self.session, self.error = ctypes.CDLL(library), ctypes.c_void_p(), Error()
        self.check(self.bf.bf_session_open(dataset.encode(), ctypes.byref(self.session), ctypes.byref(self.error)))

    def check(self, status):
        if status:
            raise SystemExit(self.error.message.decode())

    def ask(self, sql):
        import pyarrow as pa
        stream = Stream()
        self.check(self.bf.bf_session_query(self.session, sql.encode(), ctypes.byref(stream), ctypes.byref(self.error)))
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)).read_all()
