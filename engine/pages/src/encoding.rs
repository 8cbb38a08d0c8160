//! How Parquet lays out the numbers of a page. Where the format leaves a width open it is that of whole bytes: zstd sees what repeats in
//! bytes, and nothing in bits that cross them.

use std::iter::repeat_n;

fn varint(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn zigzag(n: i32, out: &mut Vec<u8>) {
    varint(((n << 1) ^ (n >> 31)) as u32 as u64, out);
}

/// Numbers of `width` bits, at most 8, one after the other from the lowest bit on; eight at a time, zeros where the last ones are missing.
fn pack(values: &[u8], width: u32, out: &mut Vec<u8>) {
    let mut put = |eight: [u8; 8]| {
        let pairs = u64::from_le_bytes(eight);
        let fours = (pairs & 0x00ff_00ff_00ff_00ff) | (pairs >> 8 & 0x00ff_00ff_00ff_00ff) << width;
        let eights = (fours & 0x0000_ffff_0000_ffff) | (fours >> 16 & 0x0000_ffff_0000_ffff) << (2 * width);
        let bits = (eights & 0xffff_ffff) | (eights >> 32) << (4 * width);
        out.extend_from_slice(&bits.to_le_bytes()[..width as usize]);
    };
    let (eights, rest) = values.as_chunks::<8>();
    eights.iter().for_each(|eight| put(*eight));
    if !rest.is_empty() {
        let mut eight = [0; 8];
        eight[..rest.len()].copy_from_slice(rest);
        put(eight);
    }
}

/// How often the first value repeats.
fn run_length(values: &[u8]) -> usize {
    let eight = u64::from_ne_bytes([values[0]; 8]);
    let whole = values.chunks_exact(8).take_while(|c| u64::from_ne_bytes((*c).try_into().expect("eight")) == eight).count() * 8;
    whole + values[whole..].iter().take_while(|v| **v == values[0]).count()
}

/// How many values differ from the one before.
fn n_changes(values: &[u8]) -> usize {
    let pairs = values.len().saturating_sub(1);
    let (before, after) = (&values[..pairs], &values[values.len() - pairs..]);
    let chunks = before.chunks(128).zip(after.chunks(128)); // what a byte can count
    chunks.map(|(b, a)| b.iter().zip(a).map(|(b, a)| (b != a) as u8).sum::<u8>() as usize).sum()
}

/// Levels, of at most 8 bits each: all as runs where those are long, else all packed. The format can mix both; zstd makes less of that.
pub fn levels(values: &[u8], width: u32, out: &mut Vec<u8>) {
    const LONG_RUN: usize = 5;
    let n_runs = 1 + n_changes(values);
    if n_runs * LONG_RUN > values.len() {
        varint(values.len().div_ceil(8) as u64 * 2 + 1, out);
        return pack(values, width, out);
    }
    let mut rest = values;
    while !rest.is_empty() {
        let n = run_length(rest);
        varint(n as u64 * 2, out);
        out.push(rest[0]);
        rest = &rest[n..];
    }
}

/// Places in a dictionary: their width, and one run.
pub fn indices(values: &[u16], n_distinct: usize, out: &mut Vec<u8>) {
    let width = [1, 2, 4, 8, 16].into_iter().find(|w| n_distinct <= 1 << w).expect("a dictionary has at most 65536 entries");
    out.push(width as u8);
    if values.iter().all(|v| *v == values[0]) {
        varint(values.len() as u64 * 2, out);
        out.extend_from_slice(&values[0].to_le_bytes()[..if width == 16 { 2 } else { 1 }]);
        return;
    }
    let missing = values.len().next_multiple_of(8) - values.len();
    varint(values.len().div_ceil(8) as u64 * 2 + 1, out);
    match width {
        16 => out.extend(values.iter().flat_map(|v| v.to_le_bytes()).chain(repeat_n(0, 2 * missing))),
        8 => out.extend(values.iter().map(|v| *v as u8).chain(repeat_n(0, missing))),
        _ => pack(&values.iter().map(|v| *v as u8).collect::<Vec<_>>(), width, out),
    }
}

/// An integer as BYTE_STREAM_SPLIT takes it apart.
pub trait Bytes: Copy + Default {
    fn byte<const K: u32>(self) -> u8;
    fn or(self, other: Self) -> Self;
}

impl Bytes for i32 {
    fn byte<const K: u32>(self) -> u8 {
        (self >> (8 * K)) as u8
    }
    fn or(self, other: i32) -> i32 {
        self | other
    }
}

impl Bytes for i64 {
    fn byte<const K: u32>(self) -> u8 {
        (self >> (8 * K)) as u8
    }
    fn or(self, other: i64) -> i64 {
        self | other
    }
}

/// One stream of BYTE_STREAM_SPLIT: byte K of each value, from the lowest on. `all` is all values, or-ed.
pub fn byte_stream<const K: u32, T: Bytes>(values: &[T], all: T, out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + values.len(), 0);
    if all.byte::<K>() != 0 {
        out[start..].iter_mut().zip(values).for_each(|(to, v)| *to = v.byte::<K>());
    }
}

/// DELTA_BINARY_PACKED, in blocks of four times 32 differences.
pub fn deltas(values: &[i32], out: &mut Vec<u8>) {
    const BLOCK: usize = 128;
    const MINI: usize = 32;
    varint(BLOCK as u64, out);
    varint((BLOCK / MINI) as u64, out);
    varint(values.len() as u64, out);
    zigzag(values.first().copied().unwrap_or(0), out);
    for start in (1..values.len()).step_by(BLOCK) {
        let n = BLOCK.min(values.len() - start);
        let mut steps = [0; BLOCK];
        for (step, pair) in steps.iter_mut().zip(values[start - 1..start + n].windows(2)) {
            *step = pair[1].wrapping_sub(pair[0]);
        }
        let least = steps[..n].iter().copied().min().expect("a block has a value");
        zigzag(least, out);
        let over = steps.map(|s| s.wrapping_sub(least) as u32);
        let minis = over[..n].chunks(MINI).map(|m| (m, 4 - m.iter().fold(0, |all, v| all | v).leading_zeros() as usize / 8));
        let mut widths = [0; BLOCK / MINI];
        minis.clone().zip(&mut widths).for_each(|((_, n_bytes), width)| *width = n_bytes as u8 * 8);
        out.extend_from_slice(&widths);
        for (mini, n_bytes) in minis {
            out.extend(mini.iter().flat_map(|v| v.to_le_bytes().into_iter().take(n_bytes)));
            out.extend(repeat_n(0, (MINI - mini.len()) * n_bytes));
        }
    }
}

pub fn bits(values: &[u8], out: &mut Vec<u8>) {
    pack(values, 1, out);
}
