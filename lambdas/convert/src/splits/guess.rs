//! Where a row seems to begin, by a look into the middle of a file.
//!
//! It is a guess, for whether the look begins inside quotes depends on all that comes before. So rows are
//! read from each belief, and the one wins whose rows have as many fields as the table, and quotes where
//! they belong. What a wrong guess costs is time: the surveys of the parts show it, and the file is
//! converted whole.

use std::io::Read;

use super::grammar::{Grammar, State};
use crate::{ConvertError, Spec};

/// So many rows are read from each belief, at most.
const MOST_ROWS: usize = 64;

/// The byte of the file that a row seems to begin at: the first one behind a byte, of those that
/// `source` gives from that byte on. `None` where no row begins in them.
pub fn guess<R: Read>(spec: &Spec<'_>, start: u64, mut source: R) -> Result<Option<u64>, ConvertError> {
    let grammar = Grammar::of(spec.csv).map_err(|why| ConvertError::Spec(why.to_string()))?;
    let mut window = Vec::new();
    source.read_to_end(&mut window).map_err(ConvertError::Source)?;
    let fields = spec.layout.fields().count();
    let begins = [State::Plain, State::FieldStart, State::Quoted];
    let begins = begins.into_iter().filter(|state| *state != State::Quoted || grammar.quote.is_some());
    let beliefs = begins.filter_map(|state| Belief::of(grammar, state, &window, fields));
    let best = beliefs.reduce(|best, other| if other.fitting > best.fitting { other } else { best });
    Ok(best.map(|belief| start + belief.first_row as u64))
}

/// What a window holds if it begins in a state.
struct Belief {
    first_row: usize,
    /// Rows with as many fields as the table, less those with another number, less quotes inside
    /// unquoted text and text behind quotes.
    fitting: isize,
}

impl Belief {
    fn of(grammar: Grammar, begin: State, window: &[u8], fields: usize) -> Option<Self> {
        let (mut state, mut first_row, mut rows) = (begin, None, 0);
        let (mut found, mut fitting) = (0, 0);
        for (at, byte) in window.iter().enumerate() {
            let was = state;
            state = grammar.next(was, *byte);
            let second_half = was == State::AfterReturn && *byte == b'\n';
            if was.is_between_rows() && !second_half {
                first_row.get_or_insert(at);
                found = 1;
            }
            found += usize::from(state == State::FieldStart);
            let stray = was == State::Plain && grammar.quote == Some(*byte);
            let spoiled = was == State::AfterQuote && state == State::Spoiled;
            fitting -= isize::from(stray || spoiled);
            let is_row = first_row.is_some() && was != State::Comment && !was.is_between_rows();
            if is_row && state.is_between_rows() {
                rows += 1;
                fitting += if found == fields { 1 } else { -1 };
            }
            if rows == MOST_ROWS {
                break;
            }
        }
        first_row.map(|first_row| Self { first_row, fitting })
    }
}

#[cfg(test)]
mod tests {
    use tarn_lake::{Csv, Format};

    use super::*;
    use crate::tests::{headerless, layout};

    fn guessed(csv: &Csv, text: &str) -> Option<u64> {
        let table = layout(&["id int32", "name string", "note string"]);
        guess(&Spec::new(csv, &table), 1_000, text.as_bytes()).unwrap().map(|at| at - 1_000)
    }

    #[test]
    fn a_row_begins_behind_a_line_end_outside_quotes() {
        for (text, wanted) in [
            ("end\n1,a,b\n2,c,d\n", Some(4)),
            ("end\r\n1,a,b\r\n", Some(5)),
            ("\n1,a,b\n", Some(1)),
            ("end\r1,a,b\r", Some(4)),
            ("no end in sight", None),
            ("1,a,b\n", None),
            // Inside quotes, where the line ends of two rows are text.
            ("x\n\",y\n1,\"a\n\",b\n2,c,d\n", Some(6)),
            ("and,\n\"\n1,\"b\n,\n\",c\n2,\"\n,,,\n\",e\n", Some(7)),
        ] {
            assert_eq!(guessed(&headerless(), text), wanted, "{text:?}");
        }
    }

    #[test]
    fn lines_of_json_begin_behind_lf() {
        let csv = Csv { format: Format::JsonLines, ..Csv::default() };
        assert_eq!(guessed(&csv, "\"a\r\"}\n{\"id\":1}\n"), Some(6));
    }
}
