//! The rows of a table with folders or an order: each goes to its folder's row group, and waits
//! there if it is to be sorted.
//!
//! # Folders
//! A folder that has a good part of a block's rows gets a row group of this segment of its own, as
//! a table without folders does. The rows of small folders are only checked here and kept: row
//! groups of a few rows would be read slowly and compress badly. They are carried on to the
//! folder's rows of the segments before, in the order of the file, and become a row group when
//! there are enough; see `outputs`. Which of the two it is follows from the rows alone, never from
//! threads: a folder is large from the first block on in which it has one row of eight, to the end
//! of the segment.
//!
//! # Order
//! `cluster_by` sorts the rows of each row group, because that is what fits into memory. Every row
//! group then has most values of a frequent column once, and a search finds its page by the page
//! index; row groups without the value are passed over by their bloom filter.
//!
//! # Many values
//! A file with more folders than `max_partitions` is refused, with `cluster_by` as the way out, and
//! never laid out in another way than the table says: a reader that looks for `event=view/` must
//! find all of it there. Only who owns all files of an output may choose another layout for them
//! all, as `tarn convert` does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::block::{Block, Fields, Separators};
use crate::columns::Tools;
use crate::encode::Finished;
use crate::folders::Folders;
use crate::group::{Group, Refused};
use crate::kept::Kept;
use crate::scan::Field;
use crate::{ConvertError, Spec, sort};

/// Rows of a page in a table with an order: a search reads few of them.
const PAGE_ROWS: usize = 16 << 10;
/// A folder with one row of so many in a block is a large one.
const LARGE_SHARE: usize = 8;
/// In a smaller block nothing is said of shares.
const LEAST_BLOCK: usize = 32;
/// Row groups in the making, at most; each has its columns' buffers.
const MOST_LARGE: usize = 16;

/// What a segment, or a part of one, became.
#[derive(Default)]
pub(crate) struct Made {
    /// Row groups, each with its folder.
    pub groups: Vec<RowGroup>,
    /// Rows of small folders, which stand before the folder's row groups.
    pub carried: Vec<(Arc<str>, Kept)>,
}

/// A row group, ready to be written.
pub(crate) struct RowGroup {
    pub folder: Arc<str>,
    pub rows: usize,
    pub columns: Vec<Finished>,
}

/// The folders of one thread.
pub(crate) struct Parted<'s> {
    spec: &'s Spec<'s>,
    /// `None` where all rows go to one folder.
    folders: Option<Folders>,
    one_folder: Arc<str>,
    /// Judges rows, with the columns that are folders.
    judge: Group,
    /// Makes row groups of rows that were kept.
    group: Group,
    spare: Vec<Group>,
    piles: BTreeMap<u32, Pile>,
    large: usize,
    rows: usize,
    numbers: Vec<u32>,
    selection: Selection,
    /// Rows of a block that wait.
    waiting: Vec<u32>,
}

/// The rows of one folder.
struct Pile {
    kept: Kept,
    /// The row group of a large folder without an order.
    group: Option<Group>,
    is_large: bool,
    /// Its rows in the block at hand.
    block: Vec<u32>,
}

impl<'s> Parted<'s> {
    pub fn new(
        spec: &'s Spec<'s>,
        folders: Option<Folders>,
        one_folder: Arc<str>,
    ) -> Result<Self, ConvertError> {
        Ok(Self {
            spec,
            folders,
            one_folder,
            judge: Group::judge(spec)?,
            group: Group::new(spec)?,
            spare: Vec::new(),
            piles: BTreeMap::new(),
            large: 0,
            rows: 0,
            numbers: Vec::new(),
            selection: Selection::default(),
            waiting: Vec::new(),
        })
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn judge_group(&self) -> &Group {
        &self.judge
    }

    pub fn wanted(&self) -> usize {
        self.group.wanted()
    }

    /// What is wrong with a row, or nothing. Where values that cannot be read become null, a row
    /// goes to the folder of null; one whose value can be no folder's name is never taken.
    pub fn judge_row(&self, raw: &[u8], fields: &mut [Field]) -> Option<Refused> {
        let refused = self.judge.judge_row(raw, fields);
        if refused.as_ref().is_some_and(|refused| refused.nulled.is_empty()) {
            return refused;
        }
        let folders = self.folders.as_ref();
        folders.and_then(|folders| folders.refusal(raw, fields)).map(Into::into).or(refused)
    }

    /// Takes all rows of a block, or none when any breaks a rule.
    pub fn append(&mut self, block: &Block<'_>, tools: &mut Tools) -> Result<bool, ConvertError> {
        if !self.share_out(block)? {
            return Ok(false);
        }
        self.choose_large(block.rows)?;
        let taken = self.take(block);
        let settled = if taken { self.settle(block, tools) } else { Ok(()) };
        self.piles.values_mut().for_each(|pile| pile.block.clear());
        settled.map(|()| taken)
    }

    /// Gives each row of a block to its folder.
    fn share_out(&mut self, block: &Block<'_>) -> Result<bool, ConvertError> {
        let mut numbers = std::mem::take(&mut self.numbers);
        match &mut self.folders {
            Some(folders) => {
                if !folders.numbers(block, &mut numbers) {
                    self.numbers = numbers;
                    return Ok(false);
                }
            }
            None => {
                numbers.clear();
                numbers.resize(block.rows, 0);
            }
        }
        let mut row = 0;
        for same in numbers.chunk_by(|one, other| one == other) {
            let folder = same.first().copied().unwrap_or_default();
            let until = row + same.len() as u32;
            self.pile(folder).block.extend(row..until);
            row = until;
        }
        self.numbers = numbers;
        self.refuse_too_many()?;
        Ok(true)
    }

    fn pile(&mut self, folder: u32) -> &mut Pile {
        let fields = self.group.wanted();
        self.piles.entry(folder).or_insert_with(|| Pile {
            kept: Kept::new(fields),
            group: None,
            is_large: false,
            block: Vec::new(),
        })
    }

    fn refuse_too_many(&self) -> Result<(), ConvertError> {
        let limit = self.spec.placement.max_partitions;
        if self.folders.is_none() || self.piles.len() <= limit as usize {
            return Ok(());
        }
        let names: Vec<&str> = self.piles.keys().filter_map(|folder| self.name(*folder)).collect();
        Err(too_many(self.spec, &names))
    }

    fn name(&self, folder: u32) -> Option<&str> {
        self.folders.as_ref()?.name(folder).map(AsRef::as_ref)
    }

    fn choose_large(&mut self, rows: usize) -> Result<(), ConvertError> {
        let sorted = !self.spec.placement.cluster_by.is_empty();
        let one_folder = self.folders.is_none();
        for pile in self.piles.values_mut().filter(|pile| !pile.is_large) {
            let share = rows >= LEAST_BLOCK && pile.block.len() * LARGE_SHARE >= rows;
            if one_folder || share && self.large < MOST_LARGE {
                pile.is_large = true;
                self.large += 1;
                if !sorted {
                    let spare = self.spare.pop();
                    pile.group = Some(spare.map_or_else(|| Group::new(self.spec), Ok)?);
                }
            }
        }
        Ok(())
    }

    /// Checks all rows, and takes those of row groups in the making.
    fn take(&mut self, block: &Block<'_>) -> bool {
        let Self { piles, judge, selection, waiting, .. } = self;
        waiting.clear();
        let mut took: Vec<&mut Group> = Vec::new();
        for pile in piles.values_mut().filter(|pile| !pile.block.is_empty()) {
            let Some(group) = &mut pile.group else {
                waiting.extend_from_slice(&pile.block);
                continue;
            };
            if !selection.of(block, &pile.block, |selected| group.take(selected)) {
                took.into_iter().for_each(Group::undo);
                return false;
            }
            took.push(group);
        }
        let fine = waiting.is_empty() || selection.of(block, waiting, |selected| judge.check(selected));
        if !fine {
            took.into_iter().for_each(Group::undo);
        }
        fine
    }

    /// Keeps what was taken, and what waits.
    fn settle(&mut self, block: &Block<'_>, tools: &mut Tools) -> Result<(), ConvertError> {
        let Self { piles, selection, .. } = self;
        for pile in piles.values_mut().filter(|pile| !pile.block.is_empty()) {
            match &mut pile.group {
                Some(group) => group.settle(pile.block.len(), tools)?,
                None => selection.keep(block, &pile.block, &mut pile.kept),
            }
        }
        self.rows += block.rows;
        Ok(())
    }

    /// Ends the row groups in the making, and hands on the rows of small folders.
    pub fn finish(&mut self, tools: &mut Tools) -> Result<Made, ConvertError> {
        let mut made = Made::default();
        (self.rows, self.large) = (0, 0);
        for (number, pile) in std::mem::take(&mut self.piles) {
            let one_folder = &self.one_folder;
            let folder = self.folders.as_ref().map_or(Some(one_folder), |folders| folders.name(number));
            let folder = folder.unwrap_or(one_folder).clone();
            let Pile { mut kept, group, is_large, .. } = pile;
            if !is_large || group.is_some() {
                if kept.rows() > 0 {
                    made.carried.push((folder.clone(), kept));
                }
            } else {
                made.groups.push(self.row_group(folder.clone(), &mut kept, tools)?);
            }
            if let Some(mut group) = group {
                let rows = group.rows();
                if rows > 0 {
                    made.groups.push(RowGroup { folder, rows, columns: group.finish(tools)? });
                }
                self.spare.push(group);
            }
        }
        Ok(made)
    }

    /// Makes one row group of rows that waited, in their order.
    pub fn row_group(
        &mut self,
        folder: Arc<str>,
        kept: &mut Kept,
        tools: &mut Tools,
    ) -> Result<RowGroup, ConvertError> {
        kept.seal();
        let rows = kept.rows();
        let cluster_by = &self.spec.placement.cluster_by;
        if cluster_by.is_empty() {
            fill(&mut self.group, kept, 0..rows, tools)?;
        } else {
            let order = sort::order(kept, &self.judge, cluster_by);
            self.group.index(cluster_by, PAGE_ROWS, rows)?;
            fill(&mut self.group, kept, order.into_iter().map(|row| row as usize), tools)?;
        }
        Ok(RowGroup { folder, rows, columns: self.group.finish(tools)? })
    }
}

/// Puts checked rows into a group.
fn fill(
    group: &mut Group,
    kept: &Kept,
    order: impl ExactSizeIterator<Item = usize>,
    tools: &mut Tools,
) -> Result<(), ConvertError> {
    kept.blocks(order, |block| match group.append(block, tools)? {
        true => Ok(()),
        false => Err(ConvertError::Spec("a checked row was refused".into())),
    })
}

/// Some rows of a block as a block, with the memory for it.
#[derive(Default)]
struct Selection {
    places: Vec<u32>,
    placed: Vec<Field>,
}

impl Selection {
    fn of(&mut self, block: &Block<'_>, rows: &[u32], take: impl FnOnce(&Block<'_>) -> bool) -> bool {
        if rows.len() == block.rows {
            return take(block);
        }
        let columns = block.columns;
        let fields = match block.fields {
            Fields::Plain(places) => Fields::Plain(self.separators(places, rows, columns)),
            Fields::Quoted(places) => Fields::Quoted(self.separators(places, rows, columns)),
            Fields::Placed(fields) => {
                self.placed.clear();
                let row = |row: &u32| {
                    fields.get(*row as usize * columns..).unwrap_or_default().iter().take(columns)
                };
                self.placed.extend(rows.iter().flat_map(row));
                Fields::Placed(&self.placed)
            }
            Fields::Same(field) => Fields::Same(field),
        };
        take(&Block { fields, rows: rows.len(), ..*block })
    }

    fn separators<'a>(&'a mut self, all: Separators<'a>, rows: &[u32], columns: usize) -> Separators<'a> {
        all.select(rows, columns, &mut self.places);
        Separators { places: &self.places, stride: columns + 1, ..all }
    }

    fn keep(&mut self, block: &Block<'_>, rows: &[u32], kept: &mut Kept) {
        let mut placed = Vec::new();
        self.of(block, rows, |selected| {
            selected.place(&mut placed);
            kept.push(selected.text, &placed);
            true
        });
    }
}

/// The error of a file whose rows go to too many folders, and the column that has most of them.
pub(crate) fn too_many(spec: &Spec<'_>, folders: &[&str]) -> ConvertError {
    let values = |level: usize| {
        let values: BTreeSet<&str> = folders.iter().filter_map(|name| name.split('/').nth(level)).collect();
        values.len()
    };
    let placement = spec.placement;
    let most =
        placement.partition_by.iter().enumerate().max_by_key(|(level, _)| (values(*level), Reverse(*level)));
    match most {
        Some((_, column)) => {
            ConvertError::TooManyPartitions { limit: placement.max_partitions, column: column.clone() }
        }
        None => ConvertError::Spec("a table without folders has too many".into()),
    }
}
