//! One leaf of a nested column in one row group: a page a batch, the dictionary before them.
//!
//! This is what ArrowColumnWriter does, for the few types that our tables have below lists. It makes the levels once for all leaves that
//! share them, and chooses encodings by what they leave to zstd. No reader uses statistics of such leaves, so there are none.

use std::borrow::Cow;

use bytes::Bytes;
use arrow::array::{Array, AsArray, BooleanArray, DictionaryArray, PrimitiveArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Int32Type, Int64Type};
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{self, CompressedPage, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::dictionary::Dictionary;
use crate::encoding::{self, byte_stream};
use parquet::errors::{ParquetError, Result};
use crate::levels::{Leaf, Levels};
use crate::page::{Bench, Page};

pub struct ChunkWriter {
    column: ColumnDescPtr,
    compression: Compression,
    integers: Encoding,             // BYTE_STREAM_SPLIT, or DELTA_BINARY_PACKED for readers that lack it
    dictionary: Option<Dictionary>, // None: not worth it
    pages: TrackedWrite<Vec<u8>>,
    encodings: Vec<Encoding>,
    n_rows: u64,
    n_entries: i64,
    size_bytes: usize, // not compressed, headers included
}

/// A page, compressed.
pub struct Encoded {
    bytes: Bytes,
    size_bytes: usize, // before compression
    n_entries: u32,
    encoding: Encoding,
}

/// Whether a column is one of those whose leaves are written here.
pub fn is_ours(kind: &DataType, compression: Compression) -> bool {
    fn all(kind: &DataType) -> bool {
        match kind {
            DataType::Int32 | DataType::Int64 | DataType::Boolean | DataType::Utf8 => true,
            DataType::List(item) | DataType::Map(item, _) => all(item.data_type()),
            DataType::Struct(children) => children.iter().all(|c| all(c.data_type())),
            _ => false,
        }
    }
    kind.is_nested() && all(kind) && matches!(compression, Compression::UNCOMPRESSED | Compression::ZSTD(_))
}

impl ChunkWriter {
    pub fn new(column: ColumnDescPtr, compression: Compression, integers: Encoding) -> ChunkWriter {
        ChunkWriter {
            column,
            compression,
            integers,
            dictionary: Some(Dictionary::new()),
            pages: TrackedWrite::new(vec![]),
            encodings: vec![Encoding::RLE],
            n_rows: 0,
            n_entries: 0,
            size_bytes: 0,
        }
    }

    /// What a batch of `n_rows` holds of this leaf, as one page, which it gives.
    pub fn add(&mut self, leaf: &Leaf, n_rows: usize, bench: &mut Bench) -> Result<Encoded> {
        let levels = leaf.levels();
        if levels.max() != (self.column.max_def_level(), self.column.max_rep_level()) {
            return Err(ParquetError::General(format!("{} is nested otherwise in the Parquet schema", self.column.path())));
        }
        bench.page.clear();
        levels.put(&mut bench.page);
        let encoding = match leaf.values.data_type() {
            _ if levels.n_values() == 0 => Encoding::PLAIN,
            DataType::Int32 if self.integers == Encoding::DELTA_BINARY_PACKED => {
                encoding::deltas(&gathered(&levels, leaf.values.as_primitive::<Int32Type>()), &mut bench.page.bytes);
                self.integers
            }
            DataType::Int64 if self.integers == Encoding::DELTA_BINARY_PACKED => {
                let values = gathered(&levels, leaf.values.as_primitive::<Int64Type>());
                bench.page.bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
                Encoding::PLAIN
            }
            DataType::Int32 => {
                let (values, page) = (gathered(&levels, leaf.values.as_primitive::<Int32Type>()), &mut bench.page);
                integers(page, &values, &[byte_stream::<0, _>, byte_stream::<1, _>, byte_stream::<2, _>, byte_stream::<3, _>])
            }
            DataType::Int64 => {
                let (values, page) = (gathered(&levels, leaf.values.as_primitive::<Int64Type>()), &mut bench.page);
                integers(page, &values, &[byte_stream::<0, _>, byte_stream::<1, _>, byte_stream::<2, _>, byte_stream::<3, _>]);
                integers(page, &values, &[byte_stream::<4, _>, byte_stream::<5, _>, byte_stream::<6, _>, byte_stream::<7, _>])
            }
            DataType::Boolean => booleans(&levels, leaf.values.as_boolean(), &mut bench.page.bytes),
            DataType::Dictionary(_, _) => match self.coded_texts(&levels, leaf.values.as_dictionary(), &mut bench.page) {
                Some(encoding) => encoding,
                None => self.texts(&levels, cast(&leaf.values, &DataType::Utf8)?.as_string(), &mut bench.page),
            },
            _ => self.texts(&levels, leaf.values.as_string(), &mut bench.page),
        };
        let page = Encoded {
            bytes: self.compress(bench)?,
            size_bytes: bench.page.bytes.len(),
            n_entries: levels.n_entries() as u32,
            encoding,
        };
        self.add_encoded(&page, n_rows)?;
        Ok(page)
    }

    /// The page of a leaf that holds the same: its values are numbers, and the levels are those of the other one.
    pub fn add_encoded(&mut self, page: &Encoded, n_rows: usize) -> Result<()> {
        let encoding = page.encoding;
        self.encodings.push(encoding);
        self.n_rows += n_rows as u64;
        self.n_entries += page.n_entries as i64;
        let data = page::Page::DataPage {
            buf: page.bytes.clone(),
            num_values: page.n_entries,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.size_bytes += put(&mut self.pages, data, page.size_bytes)?;
        Ok(())
    }

    fn compress(&self, bench: &mut Bench) -> Result<Bytes> {
        if bench.page.bytes.len() > i32::MAX as usize {
            return Err(ParquetError::General(format!("{}: a page of {} bytes, it can have 2 GiB", self.column.path(), bench.page.bytes.len())));
        }
        bench.compressed(self.compression)
    }

    /// As `texts`, of texts that come as places in a dictionary of their own: each of those is looked up once. None: there is no room for them.
    fn coded_texts(&mut self, levels: &Levels, texts: &DictionaryArray<Int32Type>, page: &mut Page) -> Option<Encoding> {
        let (keys, values) = (texts.keys().values(), texts.values().as_string::<i32>());
        let dictionary = self.dictionary.as_mut().filter(|d| !d.is_full())?;
        let n_before = dictionary.len();
        const UNKNOWN: u32 = u32::MAX;
        let mut known = vec![UNKNOWN; values.len()];
        let mut places = Vec::with_capacity(levels.n_values());
        levels.for_each(|slot| {
            let key = keys[slot] as usize;
            if known[key] == UNKNOWN {
                known[key] = dictionary.place(values.value(key).as_bytes()).unwrap_or_default().into(); // none: it is full, see below
            }
            places.push(known[key] as u16);
        });
        if dictionary.is_full() {
            dictionary.end_at(n_before);
            return None;
        }
        encoding::indices(&places, dictionary.len(), &mut page.bytes);
        Some(Encoding::RLE_DICTIONARY)
    }

    /// By places in the dictionary while there is room in it, and it turned out to be worth it with the first page.
    fn texts(&mut self, levels: &Levels, texts: &StringArray, page: &mut Page) -> Encoding {
        let (offsets, bytes) = (texts.value_offsets(), texts.value_data());
        let text = |slot: usize| &bytes[offsets[slot] as usize..offsets[slot + 1] as usize];
        if let Some(dictionary) = self.dictionary.as_mut().filter(|d| !d.is_full()) {
            let n_before = dictionary.len();
            let mut places = Vec::with_capacity(levels.n_values());
            levels.for_each(|slot| places.extend(dictionary.place(text(slot))));
            if dictionary.is_full() {
                dictionary.end_at(n_before);
            } else if n_before > 0 || dictionary.len() * 5 < places.len() * 2 {
                encoding::indices(&places, dictionary.len(), &mut page.bytes);
                return Encoding::RLE_DICTIONARY;
            }
            if n_before == 0 {
                self.dictionary = None;
            }
        }
        let mut lengths = Vec::with_capacity(levels.n_values());
        levels.for_each(|slot| lengths.push(offsets[slot + 1] - offsets[slot]));
        encoding::deltas(&lengths, &mut page.bytes);
        page.cut();
        match levels.run() {
            Some(run) => page.bytes.extend_from_slice(&bytes[offsets[run.start] as usize..offsets[run.end] as usize]),
            None => levels.for_each(|slot| page.bytes.extend_from_slice(text(slot))),
        }
        Encoding::DELTA_LENGTH_BYTE_ARRAY
    }

    /// The bytes of the chunk, and what the footer says of it.
    pub fn close(mut self, bench: &mut Bench) -> Result<(Bytes, ColumnCloseResult)> {
        let mut chunk = TrackedWrite::new(vec![]);
        if let Some(dictionary) = self.dictionary.take().filter(|d| d.len() > 0) {
            bench.page.clear();
            bench.page.bytes.extend_from_slice(dictionary.page());
            let (buf, num_values) = (self.compress(bench)?, dictionary.len() as u32);
            let page = page::Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
            self.size_bytes += put(&mut chunk, page, dictionary.page().len())?;
            self.encodings.push(Encoding::PLAIN);
        }
        let dictionary_bytes = chunk.bytes_written() as i64;
        let (mut chunk, mut pages) = (chunk.into_inner()?, self.pages.into_inner()?);
        if chunk.is_empty() {
            chunk = pages;
        } else {
            chunk.append(&mut pages);
        }
        self.encodings.sort_unstable();
        self.encodings.dedup();
        let metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(self.compression)
            .set_encodings(self.encodings)
            .set_num_values(self.n_entries)
            .set_total_compressed_size(chunk.len() as i64)
            .set_total_uncompressed_size(self.size_bytes as i64)
            .set_dictionary_page_offset((dictionary_bytes > 0).then_some(0))
            .set_data_page_offset(dictionary_bytes)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: chunk.len() as u64,
            rows_written: self.n_rows,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((Bytes::from(chunk), close))
    }
}

/// Gives the size of the page before compression, its header included.
fn put(to: &mut TrackedWrite<Vec<u8>>, page: page::Page, size_bytes: usize) -> Result<usize> {
    let written = SerializedPageWriter::new(to).write_page(CompressedPage::new(page, size_bytes))?;
    Ok(written.uncompressed_size)
}

fn gathered<'a, T: ArrowPrimitiveType>(levels: &Levels, array: &'a PrimitiveArray<T>) -> Cow<'a, [T::Native]> {
    match levels.run() {
        Some(run) => Cow::Borrowed(&array.values()[run]),
        None => {
            let mut values = Vec::with_capacity(levels.n_values());
            levels.for_each(|slot| values.push(array.values()[slot]));
            Cow::Owned(values)
        }
    }
}

type Stream<T> = fn(&[T], T, &mut Vec<u8>); // as encoding::byte_stream

fn integers<T: encoding::Bytes>(page: &mut Page, values: &[T], streams: &[Stream<T>]) -> Encoding {
    let all = values.iter().fold(T::default(), |all, v| all.or(*v));
    for stream in streams {
        stream(values, all, &mut page.bytes);
        page.cut();
    }
    Encoding::BYTE_STREAM_SPLIT
}

fn booleans(levels: &Levels, array: &BooleanArray, out: &mut Vec<u8>) -> Encoding {
    let mut values = Vec::with_capacity(levels.n_values());
    levels.for_each(|slot| values.push(array.value(slot) as u8));
    encoding::bits(&values, out);
    Encoding::PLAIN
}
