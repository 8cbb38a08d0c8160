//! Where the values of a nested column stand: its definition and repetition levels, made once for all the leaves that share them.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field};

use crate::encoding;
use crate::page::Page;

/// In place of a definition level: nothing is missing so far.
const OPEN: u8 = u8::MAX;

/// The slots of an array that open entries stand for, in their order.
enum Slots {
    Run(Range<usize>),
    Each(Vec<u32>),
}

/// One entry for each value, and for each null or empty list in its place.
pub struct Levels {
    repetition: Arc<Repetition>,
    definition: Arc<Vec<u8>>, // OPEN, or what is missing
    slots: Arc<Slots>,
    max_definition: u8,
    encoded: OnceLock<Vec<u8>>,         // definition
    missing: Option<NullBuffer>,          // what `without` left out
    without_nulls: OnceLock<Arc<Levels>>, // of an optional field below that has none, or those that are missing already
    with_nulls: Mutex<Vec<Arc<Levels>>>,  // of those that have some
}

const UNBROKEN: &str = "no thread panics while it holds levels";

/// The entries that are open, from one on.
struct Open<'a> {
    definition: &'a mut [u8],
    next: usize,
    level: u8, // of what is missing
}

impl Open<'_> {
    /// Of the next n open entries, those whose bit is not set.
    fn close(&mut self, bits: u64, n: usize) {
        let here = self.definition.get(self.next..self.next + n).filter(|d| d.iter().all(|d| *d == OPEN)).is_some();
        if here {
            for (k, level) in self.definition[self.next..self.next + n].iter_mut().enumerate() {
                *level = if bits >> k & 1 == 1 { OPEN } else { self.level };
            }
            self.next += n;
            return;
        }
        for k in 0..n {
            while self.definition[self.next] != OPEN {
                self.next += 1;
            }
            if bits >> k & 1 == 0 {
                self.definition[self.next] = self.level;
            }
            self.next += 1;
        }
    }
}

/// The places of the bits that are set.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let at = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (at < 64).then_some(at)
    }
}

struct Repetition {
    levels: Vec<u8>,
    max: u8,
    encoded: OnceLock<Vec<u8>>,
}

impl Repetition {
    fn new(levels: Vec<u8>, max: u8) -> Arc<Repetition> {
        Arc::new(Repetition { levels, max, encoded: OnceLock::new() })
    }
}

impl Levels {
    pub fn of_rows(n: usize) -> Arc<Levels> {
        Self::new(Repetition::new(vec![0; n], 0), Arc::new(vec![OPEN; n]), Arc::new(Slots::Run(0..n)), 0)
    }

    fn new(repetition: Arc<Repetition>, definition: Arc<Vec<u8>>, slots: Arc<Slots>, max_definition: u8) -> Arc<Levels> {
        Arc::new(Self::of(repetition, definition, slots, max_definition))
    }

    fn of(repetition: Arc<Repetition>, definition: Arc<Vec<u8>>, slots: Arc<Slots>, max_definition: u8) -> Levels {
        let (encoded, without_nulls, with_nulls) = (OnceLock::new(), OnceLock::new(), Mutex::new(vec![]));
        Levels { repetition, definition, slots, max_definition, encoded, missing: None, without_nulls, with_nulls }
    }

    pub fn n_entries(&self) -> usize {
        self.definition.len()
    }

    /// (definition, repetition)
    pub fn max(&self) -> (i16, i16) {
        (self.max_definition as i16, self.repetition.max as i16)
    }

    /// Of what may be null. Neighbours often miss the same: a span that is not there has no line, no column and no end.
    pub fn optional(&self, nulls: Option<&NullBuffer>) -> Arc<Levels> {
        let Some(nulls) = nulls.filter(|n| n.null_count() > 0 && self.missing.as_ref() != Some(*n)) else {
            let same = || Self::new(self.repetition.clone(), self.definition.clone(), self.slots.clone(), self.max_definition + 1);
            return self.without_nulls.get_or_init(same).clone();
        };
        let known = || self.with_nulls.lock().expect(UNBROKEN).iter().find(|l| l.missing.as_ref() == Some(nulls)).cloned();
        known().unwrap_or_else(|| {
            let levels = Arc::new(self.without(nulls));
            self.with_nulls.lock().expect(UNBROKEN).push(levels.clone());
            levels
        })
    }

    fn without(&self, nulls: &NullBuffer) -> Levels {
        let mut definition = self.definition.to_vec();
        let mut slots = Vec::with_capacity(definition.len());
        match &*self.slots {
            Slots::Run(run) => {
                let valid = nulls.inner().slice(run.start, run.len());
                let bits = valid.bit_chunks();
                let mut at = Open { definition: &mut definition, next: 0, level: self.max_definition };
                for (i, word) in bits.iter().chain([bits.remainder_bits()]).enumerate() {
                    let first = run.start + 64 * i;
                    let n = 64.min(run.end - first);
                    at.close(word, n);
                    slots.extend(Ones(word).map(|bit| (first + bit) as u32));
                }
            }
            Slots::Each(each) => {
                for (level, slot) in definition.iter_mut().filter(|d| **d == OPEN).zip(each) {
                    if nulls.is_valid(*slot as usize) { slots.push(*slot) } else { *level = self.max_definition }
                }
            }
        }
        let levels = Self::of(self.repetition.clone(), Arc::new(definition), Arc::new(Slots::Each(slots)), self.max_definition + 1);
        Levels { missing: matches!(&*self.slots, Slots::Run(_)).then(|| nulls.clone()), ..levels }
    }

    /// Of the items of lists; `offsets` has one more number than there are lists.
    pub fn repeated(&self, offsets: &[i32]) -> Arc<Levels> {
        let max = self.repetition.max + 1;
        let n_items = offsets[offsets.len() - 1] as usize - offsets[0] as usize;
        let mut repetition = Vec::with_capacity(n_items + self.n_entries());
        let mut definition = Vec::with_capacity(n_items + self.n_entries());
        let (mut slots, mut run) = (vec![], None::<Range<usize>>);
        let mut lists = self.slots();
        for (level, outer) in self.definition.iter().zip(&self.repetition.levels) {
            let list = (*level == OPEN).then(|| lists.next().expect("each open entry has a slot"));
            let items = list.map_or(0..0, |i| offsets[i] as usize..offsets[i + 1] as usize);
            repetition.push(*outer);
            if items.is_empty() {
                definition.push(if list.is_some() { self.max_definition } else { *level });
                continue;
            }
            repetition.resize(repetition.len() + items.len() - 1, max);
            definition.resize(definition.len() + items.len(), OPEN);
            match &mut run {
                Some(run) if run.end == items.start => run.end = items.end,
                Some(before) => {
                    slots.extend(before.clone().map(|i| i as u32));
                    *before = items;
                }
                None => run = Some(items),
            }
        }
        let run = run.unwrap_or(0..0);
        let slots = if slots.is_empty() { Slots::Run(run) } else { Slots::Each(slots.into_iter().chain(run.map(|i| i as u32)).collect()) };
        Self::new(Repetition::new(repetition, max), Arc::new(definition), Arc::new(slots), self.max_definition + 1)
    }

    fn slots(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match &*self.slots {
            Slots::Run(run) => Box::new(run.clone()),
            Slots::Each(each) => Box::new(each.iter().map(|i| *i as usize)),
        }
    }

    /// Where all open entries are consecutive slots, which they are.
    pub fn run(&self) -> Option<Range<usize>> {
        match &*self.slots {
            Slots::Run(run) => Some(run.clone()),
            Slots::Each(_) => None,
        }
    }

    /// Does something with the slot of each value.
    pub fn for_each(&self, mut with: impl FnMut(usize)) {
        match &*self.slots {
            Slots::Run(run) => run.clone().for_each(with),
            Slots::Each(each) => each.iter().for_each(|i| with(*i as usize)),
        }
    }

    pub fn n_values(&self) -> usize {
        match &*self.slots {
            Slots::Run(run) => run.len(),
            Slots::Each(each) => each.len(),
        }
    }

    /// As a data page (version 1) begins with them.
    pub fn put(&self, page: &mut Page) {
        let mut put = |encoded: &[u8]| {
            page.bytes.extend_from_slice(&(encoded.len() as u32).to_le_bytes());
            page.bytes.extend_from_slice(encoded);
            page.cut();
        };
        if self.repetition.max > 0 {
            put(self.repetition.encoded.get_or_init(|| encode(&self.repetition.levels, self.repetition.max)));
        }
        if self.max_definition > 0 {
            let max = self.max_definition;
            let level = move |d: &u8| if *d == OPEN { max } else { *d }; // of a copy, so that the compiler takes many at a time
            let levels = || self.definition.iter().map(level).collect::<Vec<_>>();
            put(self.encoded.get_or_init(|| encode(&levels(), max)));
        }
    }
}

fn encode(levels: &[u8], max: u8) -> Vec<u8> {
    let mut out = vec![];
    encoding::levels(levels, 8 - max.leading_zeros(), &mut out);
    out
}

/// A leaf of a nested column: values, and the levels of what is around them.
pub struct Leaf {
    pub around: Arc<Levels>,
    pub values: ArrayRef,
    pub is_nullable: bool,
}

impl Leaf {
    /// Whether the pages of two leaves are the same, whatever came before: oparg is arg, and baseopcode nearly always is opcode.
    pub fn is_like(&self, other: &Leaf) -> bool {
        let numbers = matches!(self.values.data_type(), DataType::Int32 | DataType::Int64);
        numbers && Arc::ptr_eq(&self.around, &other.around) && self.is_nullable == other.is_nullable && *self.values == *other.values
    }

    pub fn levels(&self) -> Arc<Levels> {
        if self.is_nullable { self.around.optional(self.values.nulls()) } else { self.around.clone() }
    }
}

/// The leaves of a column in the order of the schema.
pub fn leaves(field: &Field, array: &ArrayRef, around: &Arc<Levels>, out: &mut Vec<Leaf>) {
    let inside = || if field.is_nullable() { around.optional(array.nulls()) } else { around.clone() };
    match field.data_type() {
        DataType::List(item) => {
            let list = array.as_list::<i32>();
            leaves(item, list.values(), &inside().repeated(list.offsets()), out);
        }
        DataType::Map(_, _) => {
            let map = array.as_map();
            let entries = inside().repeated(map.offsets());
            for (child, values) in map.entries().fields().iter().zip(map.entries().columns()) {
                leaves(child, values, &entries, out);
            }
        }
        DataType::Struct(children) => {
            let levels = inside();
            for (child, values) in children.iter().zip(array.as_struct().columns()) {
                leaves(child, values, &levels, out);
            }
        }
        _ => out.push(Leaf { around: around.clone(), values: array.clone(), is_nullable: field.is_nullable() }),
    }
}
