//! Leaves of nested Arrow columns to Parquet column chunks.

mod chunk;
mod dictionary;
mod encoding;
mod levels;
mod page;

const _: Option<&str> = option_env!("BF_ENGINE_KEY"); // clones share a build directory: cargo compiles this anew where the key is another

pub use chunk::{ChunkWriter, Encoded, is_ours};
pub use levels::{Leaf, Levels, leaves};
pub use page::Bench;
