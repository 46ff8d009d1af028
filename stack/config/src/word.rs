//! Keys whose value is one word of a few.

use crate::diagnostic::quote;
use crate::keys::Key;
use crate::nearest::nearest;
use crate::reader::Reader;
use crate::{Code, Diagnostic};

/// What other tools say, and the word that it stands for, empty for none; only for suggestions.
pub type Synonyms = &'static [(&'static str, &'static str)];

/// The meaning of the word that is written.
pub fn read<T: Copy>(block: &Reader, key: &Key, words: &[(&str, T)], synonyms: Synonyms) -> Option<T> {
    let written = block.text(key)?;
    let text = *written.get_ref();
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*meaning);
    }
    let title = format!("{} is no `{}`", quote(text), key.name);
    let label = match meant(text, words, synonyms) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "no such word".into(),
    };
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(label);
    block.faults.push(fault.help(format!("write {}", list(words))));
    None
}

/// The same where the key may be left out.
pub fn read_if_written<T: Copy>(
    block: &Reader,
    key: &Key,
    words: &[(&str, T)],
    synonyms: Synonyms,
) -> Option<T> {
    block.find(key)?;
    read(block, key, words, synonyms)
}

fn meant<'w, T>(text: &str, words: &[(&'w str, T)], synonyms: Synonyms) -> Option<&'w str> {
    let folded = text.to_lowercase();
    let mut names = words.iter().map(|(word, _)| *word);
    match synonyms.iter().find(|(other, _)| *other == folded) {
        Some((_, synonym)) => names.find(|word| word == synonym),
        None => nearest(text, names),
    }
}

fn list<T>(words: &[(&str, T)]) -> String {
    let quoted: Vec<_> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
    match quoted.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => quoted.concat(),
    }
}
