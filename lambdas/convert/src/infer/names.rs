//! From what a header says to names that columns can have.
//!
//! 1. Capital letters become small ones; `itemId` is `itemid`, which the header's spelling equals.
//! 2. Western letters lose their marks: `Größe` is `grosse`.
//! 3. Each run of other characters than Latin letters and digits becomes one underscore; none stays at
//!    the ends. `Item ID` is `item_id`.
//! 4. What does not begin with a letter gets `column_` before it: `1st` is `column_1st`.
//! 5. What is empty by now is called by its place: `column_3`.
//! 6. A name that stands before, or that another field of the header is spelled as, gets the first
//!    free number from 2 on: `a,a,a_2` are `a`, `a_3` and `a_2`. So no two columns ever share one,
//!    and what is a name already stays.

use std::collections::{HashMap, HashSet};

use tarn_lake::ColumnName;

/// The longest name, with room for `column_` and a number.
const LONGEST: usize = ColumnName::LONGEST - 32;

/// The columns' names, in the order of the header.
pub fn of(header: &[String]) -> Vec<ColumnName> {
    let spelled: Vec<_> =
        header.iter().map(|written| ColumnName::new(written.to_ascii_lowercase()).ok()).collect();
    let mut names = Names { spelled: spelled.iter().flatten().cloned().collect(), ..Names::default() };
    let fields = header.iter().zip(spelled).enumerate();
    fields.map(|(index, (written, own))| names.take(own, &folded(written, index))).collect()
}

/// Names of columns that have none.
pub fn numbered(columns: usize) -> Vec<ColumnName> {
    of(&vec![String::new(); columns])
}

fn folded(written: &str, index: usize) -> String {
    let plain: String = written.chars().flat_map(plain).collect();
    let parts = plain.split(|character: char| !character.is_ascii_alphanumeric());
    let mut name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    name.truncate(LONGEST);
    match name.as_bytes() {
        [] => format!("column_{}", index + 1),
        [first, ..] if !first.is_ascii_lowercase() => format!("column_{name}"),
        _ => name,
    }
}

/// A small letter without its marks; every character that is no such letter as it is.
fn plain(character: char) -> impl Iterator<Item = char> {
    const MARKED: &[(&str, &str)] = &[
        ("àáâãäå", "a"),
        ("æ", "ae"),
        ("ç", "c"),
        ("èéêë", "e"),
        ("ìíîï", "i"),
        ("ñ", "n"),
        ("òóôõöø", "o"),
        ("œ", "oe"),
        ("ß", "ss"),
        ("ùúûü", "u"),
        ("ýÿ", "y"),
    ];
    let small = character.to_lowercase().next().unwrap_or(character);
    let unmarked = MARKED.iter().find(|(marked, _)| marked.contains(small)).map(|(_, plain)| *plain);
    let other = unmarked.is_none().then_some(small);
    unmarked.unwrap_or_default().chars().chain(other)
}

/// The names of a header so far.
#[derive(Default)]
struct Names {
    /// Names that fields of the header are spelled as.
    spelled: HashSet<ColumnName>,
    taken: HashSet<ColumnName>,
    /// The number to be tried next for a name; below it all are in use.
    next: HashMap<String, usize>,
}

impl Names {
    /// A field's own spelling if it can be had, or else what it was folded to, with a number if need be.
    fn take(&mut self, own: Option<ColumnName>, folded: &str) -> ColumnName {
        let name = match own.filter(|own| !self.taken.contains(own)) {
            Some(own) => own,
            None => self.free(folded),
        };
        self.taken.insert(name.clone());
        name
    }

    fn free(&mut self, folded: &str) -> ColumnName {
        let next = self.next.entry(folded.to_owned()).or_insert(1);
        let numbered = |number: usize| if number == 1 { folded.into() } else { format!("{folded}_{number}") };
        let mut candidates =
            (*next..).filter_map(|number| Some((number, ColumnName::new(numbered(number)).ok()?)));
        let in_use = |name: &ColumnName| self.taken.contains(name) || self.spelled.contains(name);
        let found = candidates.find(|(_, name)| !in_use(name));
        #[allow(
            clippy::expect_used,
            reason = "there are more numbers than columns, and `folded` keeps it short"
        )]
        let (number, name) = found.expect("a free name");
        *next = number + 1;
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(header: &[&str]) -> Vec<String> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        of(&header).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_header_says_becomes_a_name() {
        for (written, name) in [
            ("Item ID", "item_id"),
            ("itemId", "itemid"),
            ("  --a--b--  ", "a_b"),
            ("Größe (cm)", "grosse_cm"),
            ("1st", "column_1st"),
            ("_id", "id"),
            ("a__b", "a__b"),
            ("%", "column_1"),
            ("", "column_1"),
            ("日本", "column_1"),
            ("a日b", "a_b"),
        ] {
            assert_eq!(names(&[written]), [name], "{written}");
        }
        assert_eq!(names(&[&"x".repeat(5000)])[0].len(), LONGEST);
    }

    #[test]
    fn no_two_columns_share_a_name() {
        for (header, wanted) in [
            (&["a", "a", "a_2"][..], &["a", "a_3", "a_2"][..]),
            (&["a", "A", " a "], &["a", "a_2", "a_3"]),
            (&["", "", "column_1"], &["column_1_2", "column_2", "column_1"]),
            (&["Größe", "Grosse", "grösse"], &["grosse_2", "grosse", "grosse_3"]),
        ] {
            assert_eq!(names(header), wanted, "{header:?}");
        }
        let many = vec![String::from("same"); 10_000];
        assert_eq!(of(&many).into_iter().collect::<HashSet<_>>().len(), 10_000);
    }
}
