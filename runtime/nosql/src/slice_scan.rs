//! Reading for the engine: projected values of runs of slices, of ranges of names, of single items.
//!
//! ```text
//! directories x part ─► key ranges and keys ─► one view ─► wanted attributes where they lie ─► the caller's columns
//! ```
//!
//! Nothing is copied: the caller takes values out of the stored bytes while it is shown an item. Only what is wanted is
//! decoded. Checksums of items are left to `verify`, because the storage checks its own blocks.
//!
//! Not here: filters and columns of Arrow (the engine), scans of programs (`scan`).

use std::collections::VecDeque;
use std::sync::Arc;

use crate::codec::{self, ItemRef, KeyRef, Names, ValueRef};
use crate::error::Result;
use crate::name::{self, Key, SLICES};
use crate::owner::SystemAttributes;
use crate::scan::NameRange;
use crate::storage::{Flow, KeyRange, TableId, View};
use crate::table::Table;
use crate::value::{Item, Value};

impl Table {
    /// Projected values of a part of the table, for the engine.
    pub fn scan_slices(&self, spec: SliceSpec) -> Result<SliceScan> {
        let view = self.view()?.ok_or_else(|| self.cell.not_found())?;
        Ok(SliceScan::new(self.clone(), view.0, view.1, spec))
    }
}

/// What the engine wants of a table.
#[derive(Debug, Clone)]
pub struct SliceSpec {
    /// The directories to read, in this order.
    pub directories: Vec<String>,
    /// What to read of each of them.
    pub part: Part,
    /// The attributes to give, in this order; those of the store too.
    pub attributes: Vec<Arc<str>>,
}

/// What to read of a directory.
#[derive(Debug, Clone)]
pub enum Part {
    /// Slices from the first up to, not including, the second.
    Slices(u32, u32),
    /// The items of some sharding texts, in this order.
    Ranges(Vec<NameRange>),
    /// Single items, in this order.
    Keys(Vec<Key>),
}

impl SliceSpec {
    /// All slices of these directories.
    pub fn all(directories: Vec<String>, attributes: Vec<Arc<str>>) -> Self {
        Self { directories, part: Part::Slices(0, SLICES), attributes }
    }

    fn steps(&self) -> VecDeque<Step> {
        let steps = |directory: &String| -> Vec<Step> {
            match &self.part {
                Part::Slices(first, end) => vec![Step::Range(codec::slices_range(directory, *first, *end))],
                Part::Ranges(ranges) => ranges.iter().map(|range| Step::Range(range.keys(directory))).collect(),
                Part::Keys(keys) => keys.iter().map(|key| Step::Item(codec::encode_key(directory, key))).collect(),
            }
        };
        self.directories.iter().flat_map(steps).collect()
    }
}

enum Step {
    Range(KeyRange),
    Item(Vec<u8>),
}

/// One item as a [`SliceScan`] shows it: its bytes where they lie.
pub struct RawItem<'a> {
    pub key: KeyRef<'a>,
    item: ItemRef<'a>,
    generation: TableId,
    values: &'a [Option<ValueRef<'a>>],
    places: &'a [Place],
}

/// Where a wanted attribute is found.
#[derive(Debug, Clone, Copy)]
enum Place {
    Stored(usize),
    System(&'static str),
}

/// A value of a [`RawItem`].
pub enum RawValue<'a> {
    Stored(ValueRef<'a>),
    /// Made up by the store.
    System(Value),
}

impl<'a> RawItem<'a> {
    /// The value of the wanted attribute at `at`.
    #[inline]
    pub fn value(&self, at: usize) -> Option<RawValue<'a>> {
        match self.places.get(at)? {
            Place::Stored(slot) => self.values.get(*slot).copied().flatten().map(RawValue::Stored),
            Place::System(name) => self.system(name).map(RawValue::System),
        }
    }

    /// The stored value of the wanted attribute at `at`; none for attributes of the store.
    #[inline]
    pub fn stored(&self, at: usize) -> Option<ValueRef<'a>> {
        match self.places.get(at)? {
            Place::Stored(slot) => self.values.get(*slot).copied().flatten(),
            Place::System(_) => None,
        }
    }

    /// The whole item.
    pub fn to_item(&self, names: &mut Names) -> Result<Item> {
        self.item.to_item(names)
    }

    fn system(&self, name: &str) -> Option<Value> {
        let size = match name {
            "__size" => self.item.to_item(&mut Names::default()).ok()?.size(),
            _ => 0,
        };
        let whole = self.key.name();
        SystemAttributes { name: &whole, version: self.item.version(), size, collection: self.generation }.value(name)
    }
}

/// Values of a part of a table, page by page, as the table was when the scan began.
pub struct SliceScan {
    /// Keeps the store open.
    table: Table,
    view: Arc<dyn View>,
    generation: TableId,
    steps: VecDeque<Step>,
    /// The stored attributes wanted, sorted, each once.
    wanted: Vec<Arc<str>>,
    places: Vec<Place>,
}

impl SliceScan {
    fn new(table: Table, view: Arc<dyn View>, generation: TableId, spec: SliceSpec) -> Self {
        let mut wanted: Vec<Arc<str>> = spec.attributes.iter().filter(|name| !name::is_system(name)).cloned().collect();
        wanted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
        wanted.dedup();
        let place = |name: &Arc<str>| match name::SYSTEM_ATTRIBUTES.iter().find(|system| **system == &**name) {
            Some(system) => Place::System(system),
            None => Place::Stored(wanted.partition_point(|known| known.as_bytes() < name.as_bytes())),
        };
        let places = spec.attributes.iter().map(place).collect();
        Self { table, view, generation, steps: spec.steps(), wanted, places }
    }

    /// Shows up to `limit` items; false when there are no more. Blocks on the storage.
    pub fn next_page(&mut self, limit: usize, take: &mut dyn FnMut(&RawItem<'_>) -> Result<()>) -> Result<bool> {
        let path = self.table.path().clone();
        self.page(limit, take).map_err(|why| why.table(path))
    }

    fn page(&mut self, limit: usize, take: &mut dyn FnMut(&RawItem<'_>) -> Result<()>) -> Result<bool> {
        let Self { view, generation, steps, wanted, places, .. } = self;
        let mut shown = 0;
        let mut show = |key: &[u8], value: &[u8]| -> Result<bool> {
            let item = ItemRef::parse(value)?;
            let mut few = [None; 16];
            let mut many;
            let values = match few.get_mut(..wanted.len()) {
                Some(values) => values,
                None => {
                    many = vec![None; wanted.len()];
                    &mut many[..]
                }
            };
            item.project(wanted, values)?;
            take(&RawItem { key: KeyRef::parse(key)?, item, generation: *generation, values, places })?;
            shown += 1;
            Ok(shown >= limit)
        };
        while let Some(step) = steps.pop_front() {
            match step {
                Step::Item(key) => {
                    if let Some(value) = view.get(*generation, &key)?
                        && show(&key, &value)?
                    {
                        return Ok(true);
                    }
                }
                Step::Range(range) => {
                    let (mut result, mut last) = (Ok(false), Vec::new());
                    view.scan(*generation, &range, &mut |key, value| {
                        result = show(key, value);
                        if matches!(result, Ok(false)) {
                            return Flow::Continue;
                        }
                        last = key.to_vec();
                        Flow::Stop
                    })?;
                    if result? {
                        steps.push_front(Step::Range(range.after(&last)));
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }
}
