//! The fast tokeniser: places of all delimiters and line ends of many rows in one pass, 64 bytes a
//! step. It takes text that is regular, and says no to anything else; `rows` takes the rest.
//!
//! Regular means: quotes only around whole fields and doubled inside them, no NUL byte, no line
//! end but LF, or CRLF throughout, and the same number of fields in every row. In text without
//! irregular quotes a byte is inside quotes when an odd number of quotes stands before it.

use crate::block::Separators;
use crate::masks::{Bytes64, STEP, Seen, Wanted};

/// Bytes that must be readable behind a text.
pub(crate) const SLACK: usize = STEP;

/// Whole rows of regular text.
pub(crate) struct Found<'a> {
    pub separators: Separators<'a>,
    pub rows: usize,
    /// Where the row after them begins.
    pub end: usize,
    pub ascii: bool,
}

/// What the rows must look like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub delimiter: u8,
    pub columns: usize,
    /// What stands around fields, where any is quoted.
    pub quote: Option<u8>,
    /// Whether a quote may be doubled inside of a field.
    pub doubled: bool,
    pub longest_row_bytes: usize,
    /// At least one.
    pub most_rows: usize,
}

/// Finds separators, with its memory.
#[derive(Default)]
pub(crate) struct Tokeniser {
    places: Vec<u32>,
    found: usize,
}

/// What a pass over the text saw beside separators.
struct Pass {
    lines: usize,
    carriage_returns: bool,
    seen: Seen,
}

impl Tokeniser {
    /// The whole rows between two places. `None` if there is no whole row, or if any is irregular.
    pub fn rows(&mut self, text: &[u8], from: usize, to: usize, shape: Shape) -> Option<Found<'_>> {
        let pass = match shape.quote {
            None => self.pass(text, from, to, shape.delimiter, |_| 0),
            Some(quote) => {
                let (quote, mut open) = (Wanted::new(quote), 0);
                self.pass(text, from, to, shape.delimiter, |bytes| inside(bytes.equal(quote), &mut open))
            }
        };
        let rows = pass.lines.min(shape.most_rows);
        if rows == 0 || pass.seen.nul() || !self.rows_are_whole(text, pass.lines, shape.columns) {
            return None;
        }
        let places = self.places.get(..=rows * shape.columns)?;
        let end = *places.last()? as usize + 1;
        let row_ends = || places.iter().step_by(shape.columns);
        let mut lengths = row_ends().zip(row_ends().skip(1)).map(|(before, end)| (end - before - 1) as usize);
        if end - from > shape.longest_row_bytes && lengths.any(|length| length > shape.longest_row_bytes) {
            return None;
        }
        let crlf = pass.carriage_returns && ends_with_crlf(text, places, shape)?;
        let ascii = !pass.seen.beyond_ascii();
        Some(Found {
            separators: Separators {
                places,
                stride: shape.columns,
                crlf,
                quote: shape.quote.unwrap_or_default(),
            },
            rows,
            end,
            ascii,
        })
    }

    /// Whether every row has as many separators as columns, the last of them a line end: there are
    /// as many line ends as rows, so none can be elsewhere.
    fn rows_are_whole(&self, text: &[u8], rows: usize, columns: usize) -> bool {
        let row_ends = self.places.get(..self.found).unwrap_or_default().iter().step_by(columns).skip(1);
        let line_end = |end: &u32| text.get(*end as usize) == Some(&b'\n');
        self.found > rows * columns && row_ends.take(rows).all(line_end)
    }

    #[inline(always)]
    fn pass(
        &mut self,
        text: &[u8],
        from: usize,
        to: usize,
        delimiter: u8,
        mut quoted: impl FnMut(&Bytes64) -> u64,
    ) -> Pass {
        let [delimiter, line_feed, carriage_return] = [delimiter, b'\n', b'\r'].map(Wanted::new);
        let mut pass = Pass { lines: 0, carriage_returns: false, seen: Seen::nothing() };
        let mut returns = 0;
        self.places.resize(self.places.len().max(STEP + 1), 0);
        self.places[0] = (from as u32).wrapping_sub(1);
        self.found = 1;
        for at in (from..to).step_by(STEP) {
            let Some(bytes) = text.get(at..).and_then(|rest| rest.first_chunk()) else { break };
            let bytes = Bytes64::load(bytes);
            pass.seen.note(&bytes);
            let kept = !quoted(&bytes) & if to - at < STEP { (1 << (to - at)) - 1 } else { u64::MAX };
            returns |= bytes.equal(carriage_return);
            let lines = bytes.equal(line_feed) & kept;
            pass.lines += lines.count_ones() as usize;
            self.emit(at as u32, bytes.equal(delimiter) & kept | lines);
        }
        pass.carriage_returns = returns != 0;
        pass
    }

    /// Writes down the places of a step. So many are always written as most steps have, because how
    /// many there are is a branch that a processor guesses wrong; rows of the benchmark have 5 to 10
    /// in 64 bytes, and with eight the branch went either way.
    #[inline(always)]
    fn emit(&mut self, base: u32, mut separators: u64) {
        const USUAL: usize = 12;
        let count = separators.count_ones() as usize;
        if self.places.len() < self.found + STEP {
            self.places.resize(self.places.len() * 2 + STEP, 0);
        }
        let free = self.places.get_mut(self.found..).and_then(|free| free.first_chunk_mut::<STEP>());
        let Some(free) = free else { return };
        let mut next = || {
            let place = base + separators.trailing_zeros();
            separators &= separators.wrapping_sub(1);
            place
        };
        free.iter_mut().take(USUAL).for_each(|place| *place = next());
        if count > USUAL {
            free.iter_mut().take(count).skip(USUAL).for_each(|place| *place = next());
        }
        self.found += count;
    }
}

/// Whether rows end with CR and LF; `None` if some do and some do not, or if a carriage return
/// stands elsewhere outside of quotes.
fn ends_with_crlf(text: &[u8], places: &[u32], shape: Shape) -> Option<bool> {
    let is_return = |place: usize| text.get(place) == Some(&b'\r');
    let row_ends = places.iter().step_by(shape.columns).skip(1);
    let rows = row_ends.len();
    let crlf = row_ends.filter(|end| is_return(**end as usize - 1)).count();
    let range = *places.first()? as usize + 1..*places.last()? as usize;
    let all = text.get(range)?.iter().filter(|byte| **byte == b'\r').count();
    let others_are_quoted = shape.quote.is_some() || all == crlf;
    if others_are_quoted && (crlf == 0 || crlf == rows) { Some(crlf > 0) } else { None }
}

/// Which bytes of a step are inside quotes, from the opening quote on and without the closing one.
/// `open` is all ones when the step begins inside.
#[inline]
pub(crate) fn inside(quotes: u64, open: &mut u64) -> u64 {
    let mut parity = quotes;
    if quotes != 0 {
        for shift in [1, 2, 4, 8, 16, 32] {
            parity ^= parity << shift;
        }
    }
    parity ^= *open;
    *open = ((parity as i64) >> 63) as u64;
    parity
}

/// Whether a text from a row's beginning on is regular as far as quotes, carriage returns outside
/// of them and the length of rows go; and where its last whole row ends. This is what the fast
/// tokeniser takes for granted, and what decides where a text with quotes can be cut.
pub(crate) fn regular_end(text: &[u8], from: usize, to: usize, ended: bool, shape: Shape) -> Option<usize> {
    if shape.longest_row_bytes < STEP {
        // Of rows within one step the length is not looked at.
        return None;
    }
    let [quote, delimiter, line_feed, carriage_return] =
        [shape.quote?, shape.delimiter, b'\n', b'\r'].map(Wanted::new);
    let mut state = State {
        open: 0,
        after_boundary: 1,
        after_closing: 0,
        after_return: 0,
        doubled: if shape.doubled { u64::MAX } else { 0 },
    };
    let mut last_end = from;
    for at in (from..to).step_by(STEP) {
        let bytes = Bytes64::load(text.get(at..)?.first_chunk()?);
        let valid = if to - at < STEP { (1 << (to - at)) - 1 } else { u64::MAX };
        let lines = bytes.equal(line_feed);
        let marks = Marks {
            quotes: bytes.equal(quote) & valid,
            boundaries: bytes.equal(delimiter) | lines | bytes.equal(carriage_return),
            returns: bytes.equal(carriage_return) & valid,
            lines,
        };
        let quoted = state.step(marks, valid)?;
        let ends = lines & valid & !quoted;
        if ends != 0 {
            let first = at + ends.trailing_zeros() as usize;
            if first - last_end > shape.longest_row_bytes {
                return None;
            }
            last_end = at + STEP - ends.leading_zeros() as usize;
        }
    }
    let tail = to - last_end;
    match ended {
        true if state.open != 0 || state.after_return != 0 || tail > shape.longest_row_bytes => None,
        true => Some(to),
        false => Some(last_end),
    }
}

struct Marks {
    quotes: u64,
    boundaries: u64,
    returns: u64,
    lines: u64,
}

/// What the step before ended with, as a bit in the lowest place.
struct State {
    open: u64,
    after_boundary: u64,
    after_closing: u64,
    after_return: u64,
    /// All ones where quotes may be doubled, and so one may open again what one has closed.
    doubled: u64,
}

impl State {
    /// What is inside quotes, unless a quote or a carriage return stands where it must not.
    #[inline]
    fn step(&mut self, marks: Marks, valid: u64) -> Option<u64> {
        let Marks { quotes, boundaries, returns, lines } = marks;
        let quoted = inside(quotes, &mut self.open);
        let (opening, closing) = (quotes & quoted, quotes & !quoted);
        let behind = |bits: u64, carried: u64| bits << 1 | carried;
        let second = behind(closing, self.after_closing) & self.doubled;
        let bad_opening = opening & !behind(boundaries, self.after_boundary) & !second;
        let bad_closing = behind(closing, self.after_closing) & !(boundaries | quotes);
        let outside = returns & !quoted;
        let bad_return = behind(outside, self.after_return) & !lines;
        self.after_boundary = boundaries >> 63;
        self.after_closing = closing >> 63;
        self.after_return = outside >> 63;
        ((bad_opening | bad_closing | bad_return) & valid == 0).then_some(quoted)
    }
}
