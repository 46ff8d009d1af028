//! Walks through a range from one state on: which rows begin and end, 64 bytes a step where quotes
//! are regular, byte by byte through the few steps where they are not.

use crate::masks::{Bytes64, STEP, Wanted};
use crate::tokens::inside;

use super::grammar::{Grammar, State};
use super::lines::Lines;

/// What a walk needs to know of the table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    pub grammar: Grammar,
    pub longest_row_bytes: u64,
}

impl Ground {
    /// The lines of a text, as bad rows count them.
    pub fn lines(&self, text: &[u8]) -> Lines {
        if self.grammar.returns { Lines::of(text) } else { Lines::of_feeds(text) }
    }
}

/// A walk, and what it has met. Places count from the range's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walk {
    pub state: State,
    /// The row that was under way at the range's beginning: up to its line's end, or so far.
    pub head: Head,
    /// Where the first row of the range begins.
    pub first_row: Option<u64>,
    /// Where the last row begins, or `None` while it is the head.
    pub last_row: Option<u64>,
    /// Whether the last row has a quoted field.
    pub quoted: bool,
    /// Where the first row begins that has a quoted field and is longer than the limit.
    pub too_long: Option<u64>,
    at: u64,
}

/// The rest of a row that began before the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub bytes: u64,
    pub quoted: bool,
    pub ended: bool,
}

impl Walk {
    pub fn from(state: State) -> Self {
        let ended = state.is_between_rows();
        let quoted = matches!(state, State::Quoted | State::AfterQuote | State::Spoiled);
        Self {
            state,
            head: Head { bytes: 0, quoted: false, ended },
            first_row: None,
            last_row: None,
            quoted,
            too_long: None,
            at: 0,
        }
    }

    /// Whether it will meet the same from here on, but for what it has met only once.
    pub fn has_joined(&self, other: &Self) -> bool {
        let future = |walk: &Self| (walk.state, walk.last_row, walk.quoted, walk.too_long);
        self.first_row.is_some() && other.first_row.is_some() && future(self) == future(other)
    }

    /// Takes over what another walk, which it has joined, has met since.
    pub fn follow(&mut self, other: &Self) {
        *self = Self { head: self.head, first_row: self.first_row, ..*other };
    }

    /// Walks through the next piece of the range.
    pub fn through(&mut self, piece: &[u8], ground: &Ground) {
        let marks = Sought::new(ground.grammar);
        let (steps, rest) = piece.as_chunks::<STEP>();
        for step in steps {
            // Rows within a step are never looked at one by one.
            if ground.longest_row_bytes < STEP as u64 || !self.step(&Bytes64::load(step), &marks, ground) {
                self.bytes(step, ground);
            }
        }
        self.bytes(rest, ground);
        if !self.head.ended {
            self.head = Head { bytes: self.at, quoted: self.quoted, ended: false };
        }
    }

    fn bytes(&mut self, bytes: &[u8], ground: &Ground) {
        for byte in bytes {
            let was = self.state;
            self.state = ground.grammar.next(was, *byte);
            let second_half = was == State::AfterReturn && *byte == b'\n';
            if was.is_between_rows() && !second_half {
                self.row_begins(self.at);
            }
            self.quoted |= self.state == State::Quoted;
            if self.state.is_between_rows() && !second_half {
                self.row_ends(self.at, ground);
            }
            self.at += 1;
        }
    }

    fn row_begins(&mut self, at: u64) {
        self.first_row = self.first_row.or(Some(at));
        self.last_row = Some(at);
        self.quoted = false;
    }

    fn row_ends(&mut self, at: u64, ground: &Ground) {
        match self.last_row {
            None => self.head = Head { bytes: at, quoted: self.quoted, ended: true },
            Some(start) if self.quoted && at - start > ground.longest_row_bytes => {
                self.too_long = self.too_long.or(Some(start));
            }
            Some(_) => {}
        }
    }

    /// Takes 64 bytes at once, or none of them where quotes are irregular.
    fn step(&mut self, bytes: &Bytes64, sought: &Sought, ground: &Ground) -> bool {
        let quotes = sought.quote.map_or(0, |quote| bytes.equal(quote));
        match self.state {
            State::Spoiled | State::Comment => return false,
            State::Quoted if quotes == 0 => {}
            _ => {
                let [delimiters, feeds] = [sought.delimiter, sought.line_feed].map(|it| bytes.equal(it));
                let returns = sought.carriage_return.map_or(0, |it| bytes.equal(it));
                let begins_row = (feeds | returns) << 1 | u64::from(self.state.is_between_rows());
                if sought.comment.is_some_and(|comment| bytes.equal(comment) & begins_row != 0) {
                    return false;
                }
                let Some(quoted) = self.quoted_bytes(quotes, delimiters | feeds | returns) else {
                    return false;
                };
                self.take(Outside { quotes, quoted, delimiters, feeds, returns }, ground);
            }
        }
        self.at += STEP as u64;
        true
    }

    /// Which bytes are inside quotes, if every quote is where a regular text has it.
    fn quoted_bytes(&self, quotes: u64, boundaries: u64) -> Option<u64> {
        let mut open = if self.state == State::Quoted { u64::MAX } else { 0 };
        if quotes == 0 && self.state != State::AfterQuote {
            return Some(open);
        }
        let is = |states: &[State]| u64::from(states.contains(&self.state));
        let after_boundary = is(&[State::RowStart, State::AfterReturn, State::FieldStart]);
        let quoted = inside(quotes, &mut open);
        let (opening, closing) = (quotes & quoted, quotes & !quoted);
        let behind_closing = closing << 1 | is(&[State::AfterQuote]);
        let bad_opening = opening & !(boundaries << 1 | after_boundary) & !behind_closing;
        let bad_closing = behind_closing & !(boundaries | quotes);
        ((bad_opening | bad_closing) == 0).then_some(quoted)
    }

    fn take(&mut self, step: Outside, ground: &Ground) {
        let after_return = self.state == State::AfterReturn;
        let (feeds, returns) = (step.feeds & !step.quoted, step.returns & !step.quoted);
        let second_halves = feeds & (returns << 1 | u64::from(after_return));
        // Of CR and LF together, the row's content ends at the first and the next begins behind the second.
        let (contents_end, lines_end) =
            ((feeds | returns) & !second_halves, feeds | returns & !(second_halves >> 1));
        if self.state.is_between_rows() {
            // The LF of a CR before the step leaves the row to begin behind it.
            let skipped = second_halves & 1;
            self.row_begins(self.at + skipped);
        }
        let last = STEP as u64 - 1;
        self.state = step.last_state();
        if contents_end == 0 {
            self.quoted |= step.quotes != 0;
            return;
        }
        let first_end = u64::from(contents_end.trailing_zeros());
        self.quoted |= step.quotes & ((1 << first_end) - 1) != 0;
        self.row_ends(self.at + first_end, ground);
        let ends_before_last = lines_end & !(second_halves & 1) & !(1 << last);
        if ends_before_last != 0 {
            let first = u64::from(ends_before_last.trailing_zeros()) + 1;
            self.first_row = self.first_row.or(Some(self.at + first));
            let start = STEP as u64 - u64::from(ends_before_last.leading_zeros());
            self.row_begins(self.at + start);
            self.quoted = step.quotes >> start != 0;
        }
    }
}

/// A step by the meaning of its bytes.
struct Outside {
    quotes: u64,
    quoted: u64,
    delimiters: u64,
    feeds: u64,
    returns: u64,
}

impl Outside {
    fn last_state(&self) -> State {
        let last = |mask: u64| mask >> (STEP - 1) != 0;
        match () {
            () if last(self.quoted) => State::Quoted,
            () if last(self.quotes) => State::AfterQuote,
            () if last(self.feeds) => State::RowStart,
            () if last(self.returns) => State::AfterReturn,
            () if last(self.delimiters) => State::FieldStart,
            () => State::Plain,
        }
    }
}

struct Sought {
    delimiter: Wanted,
    line_feed: Wanted,
    carriage_return: Option<Wanted>,
    quote: Option<Wanted>,
    comment: Option<Wanted>,
}

impl Sought {
    fn new(grammar: Grammar) -> Self {
        Self {
            delimiter: Wanted::new(grammar.delimiter),
            line_feed: Wanted::new(b'\n'),
            carriage_return: grammar.returns.then(|| Wanted::new(b'\r')),
            quote: grammar.quote.map(Wanted::new),
            comment: grammar.comment.map(Wanted::new),
        }
    }
}
