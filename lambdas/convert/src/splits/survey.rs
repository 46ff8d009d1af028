//! What one range says, for every state that it can begin in; and two ranges together.

use std::io::{ErrorKind, Read};

use serde::{Deserialize, Serialize};

use super::grammar::{Grammar, State};
use super::lines::Lines;
use super::opening;
use super::walk::{Ground, Head, Walk};
use crate::{ConvertError, Spec};

/// Walks join soon, so the first piece that is looked at in one go is small.
const FIRST_PIECE_BYTES: usize = 4 << 10;
const PIECE_BYTES: usize = 256 << 10;

/// What a range of a file says about its rows. Small, and serialisable: surveys may be made by one
/// worker each. Two that lie side by side are [`Survey::then`] the survey of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    start: u64,
    bytes: u64,
    lines: Lines,
    /// Rows that are longer and hold quotes are not split by the grammar alone.
    longest_row_bytes: u64,
    outcomes: [Outcome; State::ALL.len()],
}

/// What becomes of a range that begins in one state. Places count from the range's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// The state behind the last byte.
    pub end: State,
    /// The rest of the row that is under way at the beginning.
    head: Stretch,
    /// Where the first row begins, and the line breaks before it.
    pub first_row: Option<FirstRow>,
    /// Where the last row begins, unless it is the head.
    last_row: Option<u64>,
    /// Whether the last row has a quoted field.
    quoted: bool,
    /// Where the first row begins that is longer than the limit and has a quoted field.
    pub too_long: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FirstRow {
    pub at: u64,
    pub lines_before: Lines,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    bytes: u64,
    quoted: bool,
    ended: bool,
}

/// Surveys the range that begins at a byte of the file and that `source` gives to its end.
///
/// It is an error if the table's format is none that is split; [`super::open`] says so before.
pub fn survey<R: Read>(spec: &Spec<'_>, start: u64, source: R) -> Result<Survey, ConvertError> {
    let mut surveyed = Surveyed::new(spec, start, source)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match surveyed.read(&mut piece) {
            Ok(0) => return Ok(surveyed.survey()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(ConvertError::Source(error)),
        }
    }
}

/// A range that is surveyed while somebody reads it.
pub struct Surveyed<R> {
    source: R,
    start: u64,
    walks: Walks,
}

impl<R> Surveyed<R> {
    /// The range that begins at a byte of the file.
    pub fn new(spec: &Spec<'_>, start: u64, source: R) -> Result<Self, ConvertError> {
        let grammar = Grammar::of(spec.csv).map_err(|why| ConvertError::Spec(why.to_string()))?;
        let longest_row_bytes = opening::longest_row_bytes(spec);
        Ok(Self { source, start, walks: Walks::new(Ground { grammar, longest_row_bytes }) })
    }

    /// The survey of what was read.
    pub fn survey(self) -> Survey {
        self.walks.survey(self.start)
    }
}

impl<R: Read> Read for Surveyed<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(into)?;
        let first_bytes = if self.walks.bytes == 0 { count.min(FIRST_PIECE_BYTES) } else { 0 };
        let (first, rest) = into.get(..count).unwrap_or_default().split_at(first_bytes);
        self.walks.through(first);
        self.walks.through(rest);
        Ok(count)
    }
}

/// The walks from all states, side by side.
struct Walks {
    ground: Ground,
    walks: [Walk; State::ALL.len()],
    /// The walk that each has joined, itself if none.
    leaders: [usize; State::ALL.len()],
    lines_before: [Option<Lines>; State::ALL.len()],
    lines: Lines,
    bytes: u64,
}

impl Walks {
    fn new(ground: Ground) -> Self {
        Self {
            ground,
            walks: State::ALL.map(Walk::from),
            leaders: State::ALL.map(State::index),
            lines_before: [None; State::ALL.len()],
            lines: Lines::NONE,
            bytes: 0,
        }
    }

    fn leads(&self, walk: usize) -> bool {
        self.leaders.get(walk) == Some(&walk)
    }

    fn through(&mut self, piece: &[u8]) {
        for index in 0..State::ALL.len() {
            if self.leads(index) {
                self.walk(index, piece);
            }
        }
        for index in 0..State::ALL.len() {
            self.join(index);
        }
        self.lines = self.lines.then(self.ground.lines(piece));
        self.bytes += piece.len() as u64;
    }

    fn walk(&mut self, index: usize, piece: &[u8]) {
        let (Some(walk), Some(lines_before)) = (self.walks.get_mut(index), self.lines_before.get_mut(index))
        else {
            return;
        };
        walk.through(piece, &self.ground);
        if let (Some(first), None) = (walk.first_row, *lines_before) {
            let before = piece.get(..(first - self.bytes) as usize).unwrap_or_default();
            *lines_before = Some(self.lines.then(self.ground.lines(before)));
        }
    }

    /// Joins the first walk before it that goes the same way.
    fn join(&mut self, index: usize) {
        let Some(walk) = self.walks.get(index).copied() else { return };
        let joined = |other: &usize| {
            self.leads(*other) && self.walks.get(*other).is_some_and(|other| other.has_joined(&walk))
        };
        if let (Some(other), Some(leader)) = ((0..index).find(joined), self.leaders.get_mut(index)) {
            *leader = other;
        }
    }

    fn survey(mut self, start: u64) -> Survey {
        // A leader can have joined another later, but only one before it.
        for index in 0..State::ALL.len() {
            let leader = self.leaders.get(index).and_then(|leader| self.walks.get(*leader)).copied();
            if let (Some(walk), Some(leader)) = (self.walks.get_mut(index), leader) {
                walk.follow(&leader);
            }
        }
        let outcomes = State::ALL.map(|state| {
            let index = state.index();
            let walk = self.walks.get(index).copied().unwrap_or_else(|| Walk::from(state));
            Outcome::of(&walk, self.lines_before.get(index).copied().flatten())
        });
        let Self { bytes, lines, ground, .. } = self;
        Survey { start, bytes, lines, longest_row_bytes: ground.longest_row_bytes, outcomes }
    }
}

impl Outcome {
    fn of(walk: &Walk, lines_before: Option<Lines>) -> Self {
        let Walk { state: end, head, last_row, quoted, too_long, .. } = *walk;
        let Head { bytes, quoted: head_quoted, ended } = head;
        Self {
            end,
            head: Stretch { bytes, quoted: head_quoted, ended },
            first_row: walk
                .first_row
                .zip(lines_before)
                .map(|(at, lines_before)| FirstRow { at, lines_before }),
            last_row,
            quoted,
            too_long,
        }
    }

    /// What becomes of this range, which is so long, and the next together.
    fn then(self, next: Self, bytes: u64, lines: Lines, longest_row_bytes: u64) -> Self {
        let moved = |at: u64| bytes + at;
        let is_head = self.last_row.is_none() && !self.head.ended;
        let head = match is_head {
            false => self.head,
            true => Stretch {
                bytes: self.head.bytes + next.head.bytes,
                quoted: self.quoted || next.head.quoted,
                ended: next.head.ended,
            },
        };
        let over = self.row_over(next.head, bytes).filter(|(_, length)| *length > longest_row_bytes);
        let next_first = next
            .first_row
            .map(|first| FirstRow { at: moved(first.at), lines_before: lines.then(first.lines_before) });
        Self {
            end: next.end,
            head,
            first_row: self.first_row.or(next_first),
            last_row: next.last_row.map(moved).or(self.last_row),
            quoted: if next.last_row.is_some() { next.quoted } else { self.quoted || next.quoted },
            too_long: self.too_long.or(over.map(|(start, _)| start)).or(next.too_long.map(moved)),
        }
    }

    /// Where the last row begins, and its length, if it has quotes and ends in the next range.
    fn row_over(&self, rest: Stretch, bytes: u64) -> Option<(u64, u64)> {
        let start = self.last_row.filter(|_| !self.end.is_between_rows() && rest.ended)?;
        (self.quoted || rest.quoted).then(|| (start, bytes - start + rest.bytes))
    }

    /// Where the first row begins that cannot be told to be one, when the text ends here.
    pub fn uncertain(&self, bytes: u64, longest_row_bytes: u64) -> Option<(u64, Doubt)> {
        let last = self.last_row.filter(|_| !self.end.is_between_rows());
        let too_long = last.filter(|start| self.quoted && bytes - start > longest_row_bytes);
        let open = last.filter(|_| self.end == State::Quoted);
        let known = self.too_long.or(too_long).map(|start| (start, Doubt::TooLong));
        known.or(open.map(|start| (start, Doubt::OpenQuote)))
    }
}

/// Why the grammar alone does not say where a row ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    TooLong,
    OpenQuote,
}

impl Survey {
    /// The survey of both ranges; `None` unless the other begins where this one ends.
    pub fn then(&self, next: &Self) -> Option<Self> {
        let beside = self.end() == next.start && self.longest_row_bytes == next.longest_row_bytes;
        beside.then(|| Self {
            start: self.start,
            bytes: self.bytes + next.bytes,
            lines: self.lines.then(next.lines),
            longest_row_bytes: self.longest_row_bytes,
            outcomes: self.outcomes.map(|outcome| {
                outcome.then(next.from(outcome.end), self.bytes, self.lines, self.longest_row_bytes)
            }),
        })
    }

    /// The byte of the file that it begins at.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The byte of the file behind its last.
    pub fn end(&self) -> u64 {
        self.start + self.bytes
    }

    pub(super) fn from(&self, state: State) -> Outcome {
        let [first, ..] = self.outcomes;
        self.outcomes.get(state.index()).copied().unwrap_or(first)
    }

    pub(super) fn lines(&self) -> Lines {
        self.lines
    }

    /// The first row that the grammar alone does not split, if the range begins with a row and
    /// the file ends with it.
    pub(super) fn doubt(&self) -> Option<(u64, Doubt)> {
        let doubt = self.from(State::RowStart).uncertain(self.bytes, self.longest_row_bytes);
        doubt.map(|(at, doubt)| (self.start + at, doubt))
    }
}
