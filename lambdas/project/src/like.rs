//! `LIKE`: `%` is any number of characters, `_` is one, everything else is itself.

/// Whether the whole of a text looks like a pattern. In time of the product of both lengths at most.
pub(crate) fn matches(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where to go on when what follows the last `%` does not match: one character later.
    let mut again = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                again = Some((p + 1, t));
                p += 1;
            }
            Some(wanted) if *wanted == '_' || text.get(t) == Some(wanted) => {
                p += 1;
                t += 1;
            }
            _ => match again {
                None => return false,
                Some((behind, from)) => {
                    again = Some((behind, from + 1));
                    p = behind;
                    t = from + 1;
                }
            },
        }
    }
    pattern.iter().skip(p).all(|rest| *rest == '%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_any_text_and_underscore_one_character() {
        for (pattern, text, wanted) in [
            ("", "", true),
            ("", "a", false),
            ("%", "", true),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a_c", "abc", true),
            ("a_c", "aüc", true),
            ("a_c", "ac", false),
            ("%a%a%", "banana", true),
            ("%an_", "banana", true),
            ("%ann%", "banana", false),
            ("a%b%c", "aXbXbXc", true),
            ("A", "a", false),
            ("%%", "x", true),
            ("_%_", "x", false),
            (".*", "ab", false),
        ] {
            let pattern_characters: Vec<char> = pattern.chars().collect();
            assert_eq!(matches(&pattern_characters, text), wanted, "{pattern} {text}");
        }
        let pattern: Vec<char> = "%a".repeat(20).chars().chain("b".chars()).collect();
        assert!(!matches(&pattern, &"a".repeat(5_000)));
    }
}
