"""libbytefusion.so by ctypes: one session, answers as pyarrow tables. Run in the venv of the benchmarks."""
import ctypes


class Error(ctypes.Structure):      # bf_error
    _fields_ = [("code", ctypes.c_int), ("offset", ctypes.c_int64), ("message", ctypes.c_char * 1024)]


class Stream(ctypes.Structure):     # struct ArrowArrayStream: four functions and private_data
    _fields_ = [("members", ctypes.c_void_p * 5)]


class Session:
    def __init__(self, library, dataset, **options):
        """Options are those of the profile: narrow_scans="false"."""
        self.bf, self.session, self.error = ctypes.CDLL(library), ctypes.c_void_p(), Error()
        self.bf.bf_profile_new.restype = ctypes.c_void_p
        profile = ctypes.c_void_p(self.bf.bf_profile_new())
        for name, value in options.items():
            self.check(self.bf.bf_profile_set(profile, name.encode(), value.encode(), b"bench", ctypes.byref(self.error)))
        self.check(self.bf.bf_session_open_with(profile, dataset.encode(), ctypes.byref(self.session), ctypes.byref(self.error)))
        self.bf.bf_profile_free(profile)

    def check(self, status):
        if status:
            raise SystemExit(self.error.message.decode())

    def ask(self, sql):
        import pyarrow as pa
        stream = Stream()
        self.check(self.bf.bf_session_query(self.session, sql.encode(), ctypes.byref(stream), ctypes.byref(self.error)))
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)).read_all()
