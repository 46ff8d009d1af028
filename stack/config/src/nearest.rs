//! Which of the right words a wrong one was meant to be.

use strsim::damerau_levenshtein;

/// The candidate nearest to a word, if one is near enough to be meant. Case and the kind of dash
/// count for nothing; of every three characters one may differ.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let folded = fold(word);
    candidates
        .into_iter()
        .map(|candidate| (damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= word.len().max(candidate.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    word.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_far_ones_are_not() {
        let words = ["files", "columns", "on_arrival"];
        for (word, meant) in [
            ("fiels", Some("files")),
            ("Columns", Some("columns")),
            ("on-arrival", Some("on_arrival")),
            ("onarrival", Some("on_arrival")),
            ("partition", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), meant, "{word}");
        }
    }
}
