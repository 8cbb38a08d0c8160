//! Different texts, in the order in which they came, as a dictionary page holds them.

const MAX_TEXTS: usize = 1 << 16;
const MAX_BYTES: usize = 4 << 20;
const MAX_STEPS: usize = 64; // texts made to collide would make each look-up a long walk

#[derive(Clone, Copy)]
struct Slot {
    hash: u32,
    start: u32, // in the page
    place: u16,
}

const FREE: Slot = Slot { hash: 0, start: u32::MAX, place: 0 };

pub struct Dictionary {
    slots: Vec<Slot>, // a power of two of them
    starts: Vec<u32>,
    page: Vec<u8>, // PLAIN: length, bytes
    is_full: bool,
}

fn four(text: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(text[at..at + 4].try_into().expect("four")) as u64
}

fn eight(text: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(text[at..at + 8].try_into().expect("eight"))
}

fn hash(text: &[u8]) -> u64 {
    let mix = |a: u64, b: u64| {
        let product = (a ^ 0x9e37_79b9_7f4a_7c15) as u128 * (b ^ 0xd1b5_4a32_d192_ed03) as u128;
        product as u64 ^ (product >> 64) as u64
    };
    let n = text.len();
    let length = n as u64;
    match n {
        0 => 0,
        1..4 => mix(text[0] as u64 | (text[n / 2] as u64) << 8 | (text[n - 1] as u64) << 16, length),
        4..8 => mix(four(text, 0) | four(text, n - 4) << 32, length),
        8..=16 => mix(eight(text, 0) ^ length, eight(text, n - 8)),
        _ => {
            let last = mix(eight(text, n - 16) ^ length, eight(text, n - 8));
            text[..n - 1].chunks_exact(16).fold(last, |h, c| mix(eight(c, 0) ^ h, eight(c, 8)))
        }
    }
}

impl Dictionary {
    pub fn new() -> Dictionary {
        Dictionary { slots: vec![FREE; 1024], starts: vec![], page: vec![], is_full: false }
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    pub fn page(&self) -> &[u8] {
        &self.page
    }

    fn text(&self, start: u32) -> &[u8] {
        let start = start as usize + 4;
        &self.page[start..start + four(&self.page, start - 4) as usize]
    }

    /// The place of a text, which is added where it is new. None, from then on, once there is no room for another one.
    pub fn place(&mut self, text: &[u8]) -> Option<u16> {
        let mask = self.slots.len() - 1;
        let hash = hash(text);
        let short = (hash >> 32) as u32;
        for step in 0..MAX_STEPS {
            let at = (hash as usize + step) & mask;
            let slot = self.slots[at];
            if slot.start == FREE.start {
                return self.add(text, short, at);
            }
            if slot.hash == short && self.text(slot.start) == text {
                return (!self.is_full).then_some(slot.place);
            }
        }
        self.is_full = true;
        None
    }

    fn add(&mut self, text: &[u8], hash: u32, at: usize) -> Option<u16> {
        self.is_full |= self.len() == MAX_TEXTS || self.page.len() + 4 + text.len() > MAX_BYTES;
        if self.is_full {
            return None;
        }
        let (start, place) = (self.page.len() as u32, self.len() as u16);
        self.slots[at] = Slot { hash, start, place };
        self.starts.push(start);
        self.page.extend_from_slice(&(text.len() as u32).to_le_bytes());
        self.page.extend_from_slice(text);
        if self.len() * 2 > self.slots.len() {
            self.grow();
        }
        Some(place)
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 4 - 1;
        self.slots = vec![FREE; mask + 1];
        for (place, start) in self.starts.iter().enumerate() {
            let hash = hash(self.text(*start));
            let mut at = hash as usize & mask;
            while self.slots[at].start != FREE.start {
                at = (at + 1) & mask;
            }
            self.slots[at] = Slot { hash: (hash >> 32) as u32, start: *start, place: place as u16 };
        }
    }

    /// Forgets the texts from the n-th on; takes no more.
    pub fn end_at(&mut self, n: usize) {
        self.is_full = true;
        self.page.truncate(self.starts.get(n).map_or(self.page.len(), |s| *s as usize));
        self.starts.truncate(n);
    }

    pub fn is_full(&self) -> bool {
        self.is_full
    }
}
