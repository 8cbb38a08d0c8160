//! The memory of a session's operators. Those that can spill share it evenly and spill beyond their share, and a third is never theirs: it is
//! for what cannot spill, the merging of what was spilled above all. (DataFusion's fair pool keeps nothing back, and merges fail in it.)

use std::fmt;
use std::sync::{Mutex, MutexGuard};

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size};

#[derive(Debug)]
pub struct Pool {
    bytes: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    spillers: usize,
    spillable: usize,
    fixed: usize,
}

impl Pool {
    pub fn new(bytes: usize) -> Pool {
        Pool { bytes, used: Mutex::default() }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Used {
    fn part(&mut self, can_spill: bool) -> &mut usize {
        if can_spill { &mut self.spillable } else { &mut self.fixed }
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for operators", human_readable_size(self.bytes))
    }
}

impl MemoryPool for Pool {
    fn name(&self) -> &str {
        "operators"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.used().spillers += consumer.can_spill() as usize;
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.used().spillers -= consumer.can_spill() as usize;
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.used().part(reservation.consumer().can_spill()) += additional;
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        *self.used().part(reservation.consumer().can_spill()) -= shrink;
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let can_spill = reservation.consumer().can_spill();
        let mut used = self.used();
        let left = if can_spill {
            let share = (self.bytes - used.fixed.max(self.bytes / 3).min(self.bytes)) / used.spillers.max(1);
            share.saturating_sub(reservation.size())
        } else {
            self.bytes.saturating_sub(used.fixed + used.spillable)
        };
        if additional <= left {
            *used.part(can_spill) += additional;
            return Ok(());
        }
        let name = reservation.consumer().name();
        Err(resources_datafusion_err!("{name} needs {} more, and {} are left of {self}", human_readable_size(additional), human_readable_size(left)))
    }

    fn reserved(&self) -> usize {
        let used = self.used();
        used.spillable + used.fixed
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}
