//! Leaves of nested Arrow columns to Parquet column chunks.

mod chunk;
mod dictionary;
mod encoding;
mod levels;
mod page;

pub use chunk::{ChunkWriter, is_ours};
pub use levels::{Leaf, Levels, leaves};
pub use page::Bench;
