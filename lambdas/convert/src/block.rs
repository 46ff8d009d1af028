//! A block: rows of the text by the places of their fields, so that each column can take all of
//! its fields at once.

use crate::rows::line_breaks;
use crate::scan::Field;

/// Rows that all have the layout's number of fields.
#[derive(Clone, Copy)]
pub(crate) struct Block<'a> {
    /// The text that places count in; readable for a few bytes before and behind any field.
    pub text: &'a [u8],
    pub rows: usize,
    pub columns: usize,
    pub fields: Fields<'a>,
}

/// Where the fields are.
#[derive(Clone, Copy)]
pub(crate) enum Fields<'a> {
    /// Between separators; no field is quoted.
    Plain(Separators<'a>),
    /// Between separators; a field that begins with a quote also ends with one.
    Quoted(Separators<'a>),
    /// Each field with its own place, row by row.
    Placed(&'a [Field]),
    /// One field, the same in every row.
    Same(Field),
}

/// Places of all delimiters and line ends of rows, behind the place before the first field.
#[derive(Clone, Copy)]
pub(crate) struct Separators<'a> {
    pub places: &'a [u32],
    /// From the place before a row to the place before the next one: as many as columns where rows
    /// stand one behind the other, one more where each has both of its ends.
    pub stride: usize,
    /// Whether lines end with CR and LF; then the CR is no part of the last field.
    pub crlf: bool,
    /// What stands around quoted fields, if any is.
    pub quote: u8,
}

impl Block<'_> {
    /// Hands on the fields of a column, row after row.
    #[inline(always)]
    pub fn each_field(&self, column: usize, take: impl FnMut(Field)) {
        let Self { text, rows, columns, fields } = *self;
        match fields {
            Fields::Plain(places) => places.plain(column, columns).take(rows).for_each(take),
            Fields::Quoted(places) => places.quoted(text, column, columns).take(rows).for_each(take),
            Fields::Placed(fields) => {
                fields.iter().skip(column).step_by(columns).take(rows).copied().for_each(take);
            }
            Fields::Same(field) => std::iter::repeat_n(field, rows).for_each(take),
        }
    }

    /// All fields, row by row.
    pub fn place(&self, placed: &mut Vec<Field>) {
        placed.clear();
        placed.resize(self.rows * self.columns, Field { start: 0, end: 0, quoted: false });
        for column in 0..self.columns {
            let mut places = placed.iter_mut().skip(column).step_by(self.columns);
            self.each_field(column, |field| {
                if let Some(place) = places.next() {
                    *place = field;
                }
            });
        }
    }
}

/// The fields of one column, the first `rows` of them.
pub(crate) trait Places: Iterator<Item = Field> {}
impl<I: Iterator<Item = Field>> Places for I {}

impl Block<'_> {
    /// The field of a row and a column.
    pub fn field(&self, row: usize, column: usize) -> Option<Field> {
        let at = row * self.columns;
        match self.fields {
            Fields::Plain(places) => places.behind(row * places.stride).plain(column, self.columns).next(),
            Fields::Quoted(places) => {
                places.behind(row * places.stride).quoted(self.text, column, self.columns).next()
            }
            Fields::Placed(fields) => fields.get(at + column).copied(),
            Fields::Same(field) => Some(field),
        }
    }

    /// The line that each row begins on, in the place of what was in the list. `first` is that of the
    /// block. Rows that were placed one by one have no lines here.
    pub fn row_lines(&self, first: u64, lines: &mut Vec<u64>) {
        lines.clear();
        match self.fields {
            Fields::Plain(_) => lines.extend((0..self.rows as u64).map(|row| first + row)),
            Fields::Quoted(separators) => {
                let ends = separators.places.iter().step_by(self.columns).take(self.rows + 1);
                let (mut line, mut start) = (first, None);
                for end in ends {
                    let row = start.and_then(|start: u32| self.text.get(start as usize..*end as usize + 1));
                    line += row.map_or(0, line_breaks);
                    lines.push(line);
                    start = Some(end.wrapping_add(1));
                }
            }
            Fields::Placed(_) | Fields::Same(_) => {}
        }
    }

    /// The fields of a column, in the place of what was in the list.
    pub fn collect(&self, column: usize, list: &mut Vec<Field>) {
        list.clear();
        match self.fields {
            Fields::Plain(places) => list.extend(places.plain(column, self.columns).take(self.rows)),
            Fields::Quoted(places) => {
                list.extend(places.quoted(self.text, column, self.columns).take(self.rows));
            }
            Fields::Placed(fields) => {
                list.extend(fields.iter().skip(column).step_by(self.columns).take(self.rows));
            }
            Fields::Same(field) => list.extend(std::iter::repeat_n(field, self.rows)),
        }
    }
}

impl<'a> Separators<'a> {
    /// Without the first so many places.
    fn behind(self, at: usize) -> Self {
        Self { places: self.places.get(at..).unwrap_or_default(), ..self }
    }

    /// The fields of a column when none is quoted.
    #[inline(always)]
    pub fn plain(self, column: usize, columns: usize) -> impl Places + 'a {
        let behind = u32::from(self.crlf && column + 1 == columns);
        self.pairs(column).map(move |(before, end)| Field {
            start: before + 1,
            end: end - behind,
            quoted: false,
        })
    }

    /// The fields of a column where quotes are taken off.
    #[inline(always)]
    pub fn quoted(self, text: &'a [u8], column: usize, columns: usize) -> impl Places + 'a {
        let quote = self.quote;
        self.plain(column, columns).map(move |field| {
            if text.get(field.start as usize) == Some(&quote) && field.start + 1 < field.end {
                Field { start: field.start + 1, end: field.end - 1, quoted: true }
            } else {
                field
            }
        })
    }

    /// The separators of some rows, each with both of its ends.
    pub fn select(self, rows: &[u32], columns: usize, places: &mut Vec<u32>) {
        places.clear();
        for row in rows {
            let start = *row as usize * self.stride;
            places.extend_from_slice(self.places.get(start..=start + columns).unwrap_or_default());
        }
    }

    #[inline(always)]
    fn pairs(self, column: usize) -> impl Iterator<Item = (u32, u32)> + 'a {
        let mut rest = self.places.get(column..).unwrap_or_default();
        std::iter::from_fn(move || {
            let [before, end] = *rest.first_chunk::<2>()?;
            rest = rest.get(self.stride..).unwrap_or_default();
            Some((before, end))
        })
    }
}
