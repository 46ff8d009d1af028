//! Names with rules: which part of the rule a wrong one breaks, and the nearest one that keeps it.

use tarn_lake::{ColumnName, EnvironmentName, InvalidName, LakeName, TableName, ZoneName};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::{Code, Diagnostic};

/// What the name types have in common.
pub trait Name: TryFrom<String, Error = InvalidName> {
    /// The greatest length in bytes.
    const LONGEST: usize;
    /// The character between two words.
    const JOINT: char;
}

macro_rules! names {
    ($($name:ident $joint:literal)*) => {
        $(impl Name for $name {
            const LONGEST: usize = $name::LONGEST;
            const JOINT: char = $joint;
        })*
    };
}

names! { LakeName '-' EnvironmentName '-' ZoneName '-' TableName '_' ColumnName '_' }

/// Checks a name and records how it breaks its rule.
pub fn check<N: Name>(written: &Spanned<&str>, faults: &Faults) -> Option<N> {
    let text = *written.get_ref();
    let refused = match N::try_from(text.to_owned()) {
        Ok(name) => return Some(name),
        Err(refused) => refused,
    };
    let title = format!("{} cannot be the name of {} {}", quote(text), article(refused.what), refused.what);
    let fault = Diagnostic::error(Code::InvalidName, written.span(), title).label(broken::<N>(text));
    faults.push(fault.help(match repair::<N>(text) {
        Some(name) => {
            let rule = refused.rule.strip_prefix("write ").unwrap_or(refused.rule);
            format!("write for example `{name}`: {rule}")
        }
        None => refused.rule.into(),
    }));
    None
}

/// The part of the rule that the text breaks.
fn broken<N: Name>(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == N::JOINT;
    if text.is_empty() {
        return "it is empty".into();
    }
    if let Some(wrong) = text.chars().find(|c| !allowed(*c)) {
        return format!("{} is not allowed in it", quote(&wrong.to_string()));
    }
    if text.len() > N::LONGEST {
        return format!("it has {} characters, {} too many", text.len(), text.len() - N::LONGEST);
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return "it does not begin with a letter".into();
    }
    if text.ends_with('-') || text.contains("--") {
        return "a dash stands between two words, and alone".into();
    }
    "the lake itself uses this name".into()
}

/// The text made into a name, where little is wrong with it.
fn repair<N: Name>(text: &str) -> Option<String> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { N::JOINT };
    let spaced: String = text.chars().map(plain).collect();
    let words: Vec<&str> = spaced.split(N::JOINT).filter(|word| !word.is_empty()).collect();
    let repaired = words.join(&N::JOINT.to_string());
    (repaired != text && N::try_from(repaired.clone()).is_ok()).then_some(repaired)
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broken_part_of_the_rule_is_named() {
        for (text, why) in [
            ("", "empty"),
            ("Events", "`E` is not allowed"),
            ("a-very-long-name-for-a-lake", "27 characters, 11 too many"),
            ("2lake", "begin with a letter"),
            ("a--b", "a dash"),
        ] {
            assert!(broken::<LakeName>(text).contains(why), "{text}: {}", broken::<LakeName>(text));
        }
        assert!(broken::<ZoneName>("silver").contains("the lake itself"));
    }

    #[test]
    fn a_name_is_repaired_where_little_is_wrong() {
        assert_eq!(repair::<LakeName>("My Lake").as_deref(), Some("my-lake"));
        assert_eq!(repair::<TableName>("item-properties").as_deref(), Some("item_properties"));
        assert_eq!(repair::<TableName>("1st"), None);
        assert_eq!(repair::<ZoneName>("silver"), None);
    }
}
