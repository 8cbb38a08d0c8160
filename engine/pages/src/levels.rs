//! Where the values of a nested column stand: its definition and repetition levels, made once for all the leaves that share them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

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
    without_nulls: OnceLock<Arc<Levels>>, // of an optional field below that has none
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
        let (encoded, without_nulls) = (OnceLock::new(), OnceLock::new());
        Arc::new(Levels { repetition, definition, slots, max_definition, encoded, without_nulls })
    }

    pub fn n_entries(&self) -> usize {
        self.definition.len()
    }

    /// (definition, repetition)
    pub fn max(&self) -> (i16, i16) {
        (self.max_definition as i16, self.repetition.max as i16)
    }

    /// Of what may be null.
    pub fn optional(&self, nulls: Option<&NullBuffer>) -> Arc<Levels> {
        let Some(nulls) = nulls.filter(|n| n.null_count() > 0) else {
            let same = || Self::new(self.repetition.clone(), self.definition.clone(), self.slots.clone(), self.max_definition + 1);
            return self.without_nulls.get_or_init(same).clone();
        };
        let mut definition = self.definition.to_vec();
        let mut slots = vec![0; definition.len() + 1];
        let mut n = 0;
        let mut close = |(level, slot): (&mut u8, usize), is_valid: bool| {
            *level = if is_valid { OPEN } else { self.max_definition };
            slots[n] = slot as u32;
            n += is_valid as usize;
        };
        let open = definition.iter_mut().filter(|d| **d == OPEN);
        match &*self.slots {
            Slots::Run(run) => {
                let valid = nulls.inner().slice(run.start, run.len());
                open.zip(run.clone()).zip(valid.iter()).for_each(|(at, is_valid)| close(at, is_valid));
            }
            Slots::Each(each) => open.zip(each).for_each(|(level, slot)| close((level, *slot as usize), nulls.is_valid(*slot as usize))),
        }
        slots.truncate(n);
        Self::new(self.repetition.clone(), Arc::new(definition), Arc::new(Slots::Each(slots)), self.max_definition + 1)
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
            let levels = || self.definition.iter().map(|d| if *d == OPEN { self.max_definition } else { *d }).collect::<Vec<_>>();
            put(self.encoded.get_or_init(|| encode(&levels(), self.max_definition)));
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
