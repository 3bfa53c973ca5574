//! Reading many items, as programs do: one after another, or page by page.
//!
//! ```text
//! directories ─► key ranges ─► view, in the order of keys ─► filter, select ─► page ─► marker
//! ```
//!
//! A scan sees the table as it was when it began, and holds one page in memory. [`Table::scan_page`] takes a new view for
//! each page; its marker names the last key, so a page goes on where the one before ended whatever has happened since.
//!
//! Not here: what the engine reads (`slice_scan`), SQL's filters (`read_filter`).

use std::sync::Arc;

use futures::Stream;
use xxhash_rust::xxh64::xxh64;

use crate::codec::{self, ItemRef, KeyRef, Names};
use crate::error::{Error, ErrorName, Result};
use crate::expression::{Condition, Stored};
use crate::name::{Key, SLICES};
use crate::owner::SystemAttributes;
use crate::request::Select;
use crate::storage::{Flow, KeyRange, TableId, View};
use crate::table::Table;
use crate::value::Item;

/// Most items of a page nobody gave a limit.
const PAGE_ITEMS: usize = 1024;
/// Most items a page looks at, whatever passes.
const PAGE_LOOKS: usize = 16_384;
/// Most bytes of stored items a page takes.
const PAGE_BYTES: usize = 4 << 20;

/// What to scan.
#[derive(Debug, Clone, Default)]
pub struct ScanSpec {
    filter: Option<Condition>,
    select: Select,
    range: Option<NameRange>,
    segment: Option<(u32, u32)>,
}

/// The items of one sharding text, with sorting texts of at least `from` and below `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRange {
    pub sharding: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

impl NameRange {
    pub(crate) fn keys(&self, directory: &str) -> KeyRange {
        codec::sharding_range(directory, &self.sharding, self.from.as_deref(), self.to.as_deref())
    }
}

impl ScanSpec {
    /// The whole table.
    pub fn all() -> Self {
        Self::default()
    }

    /// The items of one sharding text, in the order of their sorting texts.
    pub fn range(sharding: impl Into<String>) -> Self {
        Self { range: Some(NameRange { sharding: sharding.into(), from: None, to: None }), ..Self::default() }
    }

    /// Segment `i` of `of`: together the segments are the table.
    pub fn segment(i: u32, of: u32) -> Self {
        Self { segment: Some((i, of)), ..Self::default() }
    }

    /// A specification as interfaces without types give it: what contradicts itself is `InvalidArgument`.
    pub fn from_parts(
        sharding: Option<String>,
        from: Option<String>,
        to: Option<String>,
        segment: Option<(u32, u32)>,
    ) -> Result<Self> {
        let range = match sharding {
            Some(sharding) => Some(NameRange { sharding, from, to }),
            None if from.is_some() || to.is_some() => {
                return Err(invalid("a scan with `from` or `to` needs the sharding value"));
            }
            None => None,
        };
        let spec = Self { range, segment, ..Self::default() };
        spec.check()?;
        Ok(spec)
    }

    /// Only sorting texts of at least this.
    pub fn from(mut self, from: impl Into<String>) -> Self {
        if let Some(range) = &mut self.range {
            range.from = Some(from.into());
        }
        self
    }

    /// Only sorting texts below this.
    pub fn to(mut self, to: impl Into<String>) -> Self {
        if let Some(range) = &mut self.range {
            range.to = Some(to.into());
        }
        self
    }

    /// Only items for which the condition is true.
    pub fn filter(mut self, condition: impl crate::request::ToCondition) -> Result<Self> {
        let condition = condition.to_condition()?;
        condition.check_bound()?;
        self.filter = Some(condition);
        Ok(self)
    }

    /// Which attributes to give; `__name` comes with [`Select::User`].
    pub fn select(mut self, select: Select) -> Self {
        self.select = select;
        self
    }

    fn check(&self) -> Result<()> {
        if self.range.is_some() && self.segment.is_some() {
            return Err(invalid("a scan has a range or a segment, not both"));
        }
        match self.segment {
            Some((i, of)) if i >= of || of > SLICES => {
                Err(invalid(&format!("segment {i} of {of}: the first has to be below the second, which is at most {SLICES}")))
            }
            _ => Ok(()),
        }
    }

    /// The keys of one directory.
    fn keys(&self, directory: &str) -> KeyRange {
        match (&self.range, self.segment) {
            (Some(range), _) => range.keys(directory),
            (None, Some((i, of))) => codec::slices_range(directory, i * SLICES / of, (i + 1) * SLICES / of),
            (None, None) => codec::directory_range(directory),
        }
    }
}

fn invalid(text: &str) -> Error {
    Error::new(ErrorName::InvalidArgument, text)
}

/// Some items of a scan.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub items: Vec<Item>,
    /// Where the next page begins.
    pub next_marker: Option<String>,
    /// Whether this is the last page; only this says so, a page may be empty before.
    pub last: bool,
}

impl Table {
    /// The items of a scan, one after another.
    pub fn scan(&self, spec: ScanSpec) -> Result<impl Stream<Item = Result<Item>> + Send + use<>> {
        spec.check()?;
        let cursor = self.cursor()?.ok_or_else(|| self.cell.not_found())?;
        let scan = ItemScan { table: self.clone(), spec, cursor, names: Names::default() };
        Ok(futures::stream::unfold((scan, Vec::new().into_iter()), |(mut scan, mut page)| async move {
            loop {
                if let Some(item) = page.next() {
                    return Some((Ok(item), (scan, page)));
                }
                match scan.page(PAGE_ITEMS) {
                    Ok(items) if items.is_empty() && scan.cursor.is_done() => return None,
                    Ok(items) => page = items.into_iter(),
                    Err(why) => {
                        scan.cursor.end();
                        return Some((Err(why), (scan, page)));
                    }
                }
                tokio::task::yield_now().await;
            }
        }))
    }

    /// One page of a scan: at most `limit` items, from `marker` on. `InvalidMarker` if it is from another scan.
    pub async fn scan_page(&self, spec: &ScanSpec, limit: usize, marker: Option<&str>) -> Result<Page> {
        spec.check()?;
        let signature = self.signature(spec);
        let mut cursor = self.cursor_at_once()?.ok_or_else(|| self.cell.not_found())?;
        if let Some(marker) = marker {
            cursor.go_behind(&read_marker(marker, signature)?)?;
        }
        let mut scan = ItemScan { table: self.clone(), spec: spec.clone(), cursor, names: Names::default() };
        let items = scan.page(limit.clamp(1, PAGE_LOOKS))?;
        let last = scan.cursor.is_done();
        // Only who finds nothing has to ask whether there is a table: most pages save that look.
        if last && items.is_empty() && marker.is_none() && !self.exists()? {
            return Err(self.cell.not_found());
        }
        let next_marker = scan.cursor.last.as_ref().filter(|_| !last).map(|key| marker_text(key, signature));
        Ok(Page { items, next_marker, last })
    }

    /// Tells scans apart, so that a marker serves only its own.
    fn signature(&self, spec: &ScanSpec) -> u64 {
        xxh64(format!("{}/{} {spec:?}", self.path(), self.directory).as_bytes(), 0)
    }

    /// None if there is no table.
    fn cursor(&self) -> Result<Option<Cursor>> {
        if self.exists()? { self.cursor_at_once() } else { Ok(None) }
    }

    /// The same, but a table that was made and never filled counts as one.
    fn cursor_at_once(&self) -> Result<Option<Cursor>> {
        let view = self.view()?;
        Ok(view.map(|(view, generation)| Cursor::new(view, generation, Directories::Below(self.directory.to_string()))))
    }

    /// The keys of the items that pass a filter, with their directories.
    pub(crate) fn key_scan(&self, filter: &Condition) -> Result<KeyScan> {
        let cursor = self.cursor()?.unwrap_or_else(Cursor::nothing);
        let spec = ScanSpec { filter: Some(filter.clone()), ..ScanSpec::default() };
        Ok(KeyScan(ItemScan { table: self.clone(), spec, cursor, names: Names::default() }))
    }

    /// The partition folders that hold items, in the order of their bytes; the table itself is the empty one.
    pub fn directories(&self) -> Result<Vec<String>> {
        let Some(mut cursor) = self.cursor()? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        while let Some(directory) = cursor.next_directory()? {
            found.push(directory);
        }
        Ok(found)
    }

    /// The first items in the order of directories and slices, with their directories: what a schema is inferred from.
    pub fn sample(&self, most: usize) -> Result<Vec<(String, Key, Item)>> {
        let cursor = self.cursor()?.ok_or_else(|| self.cell.not_found())?;
        let mut scan = ItemScan { table: self.clone(), spec: ScanSpec::default(), cursor, names: Names::default() };
        let mut found = Vec::new();
        while found.len() < most && !scan.cursor.is_done() {
            scan.each(most - found.len(), &mut |directory, item, system| {
                found.push((directory.to_owned(), system.name.to_owned(), item));
            })?;
        }
        found.into_iter().map(|(directory, name, item)| Ok((directory, Key::parse(name)?, item))).collect()
    }
}

/// Reads a table directory by directory.
struct Cursor {
    view: Option<Arc<dyn View>>,
    generation: TableId,
    directories: Directories,
    /// The directory that is being read, and what is left of it.
    open: Option<(String, Option<KeyRange>)>,
    last: Option<Vec<u8>>,
}

enum Directories {
    /// This one and all below it.
    Below(String),
    /// Those below, from the first key that is at least this.
    Children(String, Vec<u8>),
    None,
}

impl Cursor {
    fn new(view: Arc<dyn View>, generation: TableId, directories: Directories) -> Self {
        Self { view: Some(view), generation, directories, open: None, last: None }
    }

    fn nothing() -> Self {
        Self { view: None, generation: 0, directories: Directories::None, open: None, last: None }
    }

    fn end(&mut self) {
        self.directories = Directories::None;
        self.open = None;
    }

    fn is_done(&self) -> bool {
        self.open.is_none() && matches!(self.directories, Directories::None)
    }

    /// Goes on behind a key that was read before.
    fn go_behind(&mut self, key: &[u8]) -> Result<()> {
        let at = KeyRef::parse(key).map_err(|_| bad_marker())?;
        let root = match &self.directories {
            Directories::Below(root) => root.clone(),
            _ => return Err(bad_marker()),
        };
        self.directories = Directories::Children(root, codec::behind_directory(at.directory));
        self.open = Some((at.directory.to_owned(), None));
        self.last = Some(key.to_vec());
        Ok(())
    }

    /// The next directory that holds items.
    fn next_directory(&mut self) -> Result<Option<String>> {
        if let Directories::Below(root) = &self.directories
            && self.first_key(&codec::directory_range(root))?.is_none()
        {
            self.next_to_visit()?;
        }
        self.next_to_visit()
    }

    /// The next directory that may hold items: the first one, though it should be empty.
    fn next_to_visit(&mut self) -> Result<Option<String>> {
        match std::mem::replace(&mut self.directories, Directories::None) {
            Directories::None => Ok(None),
            Directories::Below(root) => {
                let start = codec::below_directory(&root).start;
                self.directories = Directories::Children(root.clone(), start);
                Ok(Some(root))
            }
            Directories::Children(root, start) => {
                let below = codec::below_directory(&root);
                let range = KeyRange { start: start.max(below.start), end: below.end };
                let Some(key) = self.first_key(&range)? else { return Ok(None) };
                let directory = KeyRef::parse(&key)?.directory.to_owned();
                self.directories = Directories::Children(root, codec::behind_directory(&directory));
                Ok(Some(directory))
            }
        }
    }

    fn first_key(&self, range: &KeyRange) -> Result<Option<Vec<u8>>> {
        let mut first = None;
        if let Some(view) = &self.view {
            view.scan(self.generation, range, &mut |key, _| {
                first = Some(key.to_vec());
                Flow::Stop
            })?;
        }
        Ok(first)
    }

    /// Visits items until the visitor stops or there are no more. `keys` says which keys of a directory belong to the scan.
    fn visit(&mut self, keys: &dyn Fn(&str) -> KeyRange, visit: &mut dyn FnMut(&[u8], &[u8]) -> Result<Flow>) -> Result<()> {
        loop {
            let (directory, left) = match self.open.take() {
                Some(open) => open,
                None => match self.next_to_visit()? {
                    Some(directory) => (directory, None),
                    None => return Ok(()),
                },
            };
            let mut range = left.unwrap_or_else(|| {
                let whole = keys(&directory);
                match &self.last {
                    Some(last) if last.starts_with(&[directory.as_bytes(), &[0]].concat()) => whole.after(last),
                    _ => whole,
                }
            });
            let mut result = Ok(Flow::Continue);
            let mut last: Option<Vec<u8>> = None;
            if let Some(view) = &self.view {
                view.scan(self.generation, &range, &mut |key, value| {
                    result = visit(key, value);
                    match result {
                        Ok(Flow::Continue) => Flow::Continue,
                        _ => {
                            last = Some(key.to_vec());
                            Flow::Stop
                        }
                    }
                })?;
            }
            result?;
            if let Some(last) = last {
                range = range.after(&last);
                self.last = Some(last);
                self.open = Some((directory, Some(range)));
                return Ok(());
            }
        }
    }
}

/// Items of a scan, page by page.
struct ItemScan {
    table: Table,
    spec: ScanSpec,
    cursor: Cursor,
    names: Names,
}

impl ItemScan {
    fn page(&mut self, limit: usize) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let spec = self.spec.clone();
        let name: Arc<str> = Arc::from("__name");
        self.each(limit, &mut |_, item, system| {
            let mut selected = spec.select.of(item, system);
            if spec.select == Select::User {
                selected.set(name.clone(), system.name);
            }
            items.push(selected);
        })?;
        Ok(items)
    }

    /// Gives up to `limit` items that pass.
    fn each(&mut self, limit: usize, take: &mut dyn FnMut(&str, Item, &SystemAttributes<'_>)) -> Result<()> {
        let Self { table, spec, cursor, names } = self;
        let generation = cursor.generation;
        let (mut taken, mut looks, mut bytes) = (0, 0, 0);
        let visited = cursor.visit(&|directory| spec.keys(directory), &mut |key, value| {
            let parts = KeyRef::parse(key)?;
            let (name, read) = (parts.name(), ItemRef::parse(value)?.check(key)?);
            let item = read.to_item(names)?;
            let system = SystemAttributes { name: &name, version: read.version(), size: item.size(), collection: generation };
            let passes = match &spec.filter {
                Some(filter) => filter.passes(&Stored { item: &item, system: &system }),
                None => true,
            };
            if passes {
                take(parts.directory, item, &system);
                taken += 1;
            }
            looks += 1;
            bytes += value.len();
            let is_full = taken >= limit || looks >= PAGE_LOOKS || bytes >= PAGE_BYTES;
            Ok(if is_full { Flow::Stop } else { Flow::Continue })
        });
        visited.map_err(|why| why.table(table.path()))
    }
}

/// Names of items that pass a filter, page by page.
pub(crate) struct KeyScan(ItemScan);

impl KeyScan {
    /// None at the end; a page may be empty before.
    pub fn next_page(&mut self) -> Result<Option<Vec<(String, Key)>>> {
        if self.0.cursor.is_done() {
            return Ok(None);
        }
        let mut found = Vec::new();
        self.0.each(PAGE_ITEMS, &mut |directory, _, system| found.push((directory.to_owned(), system.name.to_owned())))?;
        let parsed = found.into_iter().map(|(directory, name)| Ok((directory, Key::parse(name)?)));
        parsed.collect::<Result<Vec<_>>>().map(Some)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Signature and key, with a checksum, in hexadecimal digits.
fn marker_text(key: &[u8], signature: u64) -> String {
    let body = [&signature.to_le_bytes(), key].concat();
    let whole = [&xxh64(&body, 0).to_le_bytes()[..4], &body].concat();
    let digits = whole.iter().flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    digits.map(char::from).collect()
}

fn read_marker(text: &str, signature: u64) -> Result<Vec<u8>> {
    let digit = |byte: &u8| HEX.iter().position(|known| known == byte).map(|at| at as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    let whole: Vec<u8> = pairs.collect::<Option<_>>().ok_or_else(bad_marker)?;
    let (checksum, body) = whole.split_at_checked(4).ok_or_else(bad_marker)?;
    let (signed, key) = body.split_at_checked(8).ok_or_else(bad_marker)?;
    match checksum == &xxh64(body, 0).to_le_bytes()[..4] && signed == signature.to_le_bytes() {
        true => Ok(key.to_vec()),
        false => Err(bad_marker()),
    }
}

fn bad_marker() -> Error {
    Error::new(ErrorName::InvalidMarker, "the marker is not from a page of this scan")
}
