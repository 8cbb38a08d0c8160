//! Work of a session runs on threads of its own while the caller waits and watches: it ends when it is interrupted, when the process
//! grows beyond its limit, and when memory runs out, whatever its threads are at. Their stacks are large, for trees that are deep.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::OnceCell;
use std::fs::File;
use std::future::Future;
use std::os::unix::fs::FileExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{CANCELLED, EXECUTE, Error, PANIC, RESOURCES, Result, panic_text};

static ALL_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// As Workers::interrupt, for every session of the process, those that are yet to be opened too.
pub fn interrupt_all(interrupted: bool) {
    ALL_INTERRUPTED.store(interrupted, Relaxed);
}

const TICK: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_millis(200); // for what was stopped to remove its files
const STACK_BYTES: usize = 256 << 20; // of address space; memory is what is touched of it

pub struct Workers {
    runtime: Option<Runtime>, // None: while dropped
    interrupted: AtomicBool,
    is_stuck: AtomicBool, // a thread did not let go of what it works on
    most_bytes: Option<usize>, // that the process may grow by
    bytes_at_start: usize,
    statm: Option<File>,
    not_given: Arc<AtomicUsize>, // bytes of a request for memory that failed; 0: none did
}

impl Workers {
    pub fn new(most_bytes: Option<usize>) -> Result<Workers> {
        let not_given = Arc::new(AtomicUsize::new(0));
        let told = not_given.clone();
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("bf-engine")
            .thread_stack_size(STACK_BYTES)
            .on_thread_start(move || NOT_GIVEN.with(|n| n.set(told.clone()).unwrap_or(())))
            .build()?;
        let mut workers = Workers {
            runtime: Some(runtime),
            interrupted: AtomicBool::new(false),
            is_stuck: AtomicBool::new(false),
            most_bytes,
            bytes_at_start: 0,
            statm: File::open("/proc/self/statm").ok(),
            not_given,
        };
        workers.bytes_at_start = workers.resident_bytes();
        Ok(workers)
    }

    pub fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("it is there until dropped").handle()
    }

    /// All that runs here ends with CANCELLED, and what is begun too. Only sets a flag: a signal handler may call it.
    pub fn interrupt(&self, interrupted: bool) {
        self.interrupted.store(interrupted, Relaxed);
    }

    /// Runs work to its end, or gives it up: then it is dropped as soon as it lets go of its thread.
    pub fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.check()?;
        let (done, outcome) = mpsc::channel();
        let task = self.handle().spawn(async move {
            let result = AssertUnwindSafe(work).catch_unwind().await;
            let _ = done.send(result.unwrap_or_else(|p| Err(Error::new(PANIC, panic_text(p)))));
        });
        loop {
            match outcome.recv_timeout(TICK) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Disconnected) => return Err(Error::new(EXECUTE, "the engine stopped while it worked")),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(e) = self.check() {
                        task.abort();
                        self.wait(&outcome);
                        return Err(e);
                    }
                }
            }
        }
    }

    /// Drops what was made here on a large stack, and waits so that its files are gone before the process may end.
    pub fn discard<T: Send + 'static>(&self, made: T) {
        let (done, outcome) = mpsc::channel();
        self.handle().spawn(async move {
            drop(made);
            let _ = done.send(());
        });
        self.wait(&outcome);
    }

    fn wait<T>(&self, outcome: &Receiver<T>) {
        if !self.is_stuck.load(Relaxed) && matches!(outcome.recv_timeout(PATIENCE), Err(RecvTimeoutError::Timeout)) {
            self.is_stuck.store(true, Relaxed);
        }
    }

    fn check(&self) -> Result<()> {
        if self.interrupted.load(Relaxed) || ALL_INTERRUPTED.load(Relaxed) {
            return Err(Error::new(CANCELLED, "interrupted"));
        }
        let wanted = self.not_given.load(Relaxed);
        if wanted > 0 {
            return Err(Error::new(RESOURCES, format!("out of memory: there are no {wanted} bytes; this session has ended")));
        }
        let Some(most) = self.most_bytes else { return Ok(()) };
        if self.grown_bytes() > most {
            unsafe { malloc_trim(0) }; // what is free already is not held against it
            let grown = self.grown_bytes();
            if grown > most {
                let mb = |n: usize| n as f64 / (1 << 20) as f64;
                let text = format!("the process grew by {:.0} MiB, and its limit is {:.0} MiB; --memory raises it (memory_limit in a profile)", mb(grown), mb(most));
                return Err(Error::new(RESOURCES, text));
            }
        }
        Ok(())
    }

    fn grown_bytes(&self) -> usize {
        self.resident_bytes().saturating_sub(self.bytes_at_start)
    }

    fn resident_bytes(&self) -> usize {
        let mut text = [0; 128];
        let n = self.statm.as_ref().and_then(|f| f.read_at(&mut text, 0).ok()).unwrap_or(0);
        let pages = std::str::from_utf8(&text[..n]).ok().and_then(|t| t.split(' ').nth(1)).and_then(|t| t.parse::<usize>().ok());
        pages.unwrap_or(0) * 4096
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(if self.is_stuck.load(Relaxed) { Duration::ZERO } else { PATIENCE });
        }
    }
}

unsafe extern "C" {
    fn malloc_trim(keep: usize) -> i32;
}

// ---- memory that is not given ----

thread_local! {
    static NOT_GIVEN: OnceCell<Arc<AtomicUsize>> = const { OnceCell::new() };
}

/// The system's allocator. Where it gives nothing, Rust would end the process: a worker waits for ever in place of that, and who waits for
/// the worker is told.
struct Watched;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

fn given(p: *mut u8, bytes: usize) -> *mut u8 {
    let told = || NOT_GIVEN.try_with(|n| n.get().map(|n| n.store(bytes, Relaxed))).is_ok_and(|n| n.is_some());
    while p.is_null() && bytes > 0 && told() {
        std::thread::sleep(Duration::from_secs(3600));
    }
    p
}

unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, p: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        given(unsafe { System.realloc(p, layout, bytes) }, bytes)
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        unsafe { System.dealloc(p, layout) }
    }
}
