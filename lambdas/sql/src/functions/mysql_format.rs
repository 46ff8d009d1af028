//! The patterns of `date_parse` and `date_format`: MySQL's, as Athena takes them.
//!
//! They look like strftime's and differ where it hurts: `%i` is the minute and `%M` the name of the
//! month, where strftime has `%M` for the minute.

/// A pattern in chrono's words, or the part of it that has none.
pub(super) fn to_chrono(pattern: &str) -> Result<String, String> {
    let mut words = String::with_capacity(pattern.len() + 8);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            words.push(c);
            continue;
        }
        let Some(letter) = chars.next() else { return Err("a `%` with nothing behind it".into()) };
        words.push_str(word(letter).ok_or_else(|| format!("`%{letter}`"))?);
    }
    Ok(words)
}

fn word(letter: char) -> Option<&'static str> {
    Some(match letter {
        'Y' => "%Y",
        'y' => "%y",
        'm' => "%m",
        'c' => "%-m",
        'M' => "%B",
        'b' => "%b",
        'd' => "%d",
        'e' => "%-d",
        'H' => "%H",
        'k' => "%-H",
        'h' | 'I' => "%I",
        'l' => "%-I",
        'i' => "%M",
        's' | 'S' => "%S",
        'f' => "%6f",
        'p' => "%p",
        'T' => "%H:%M:%S",
        'r' => "%I:%M:%S %p",
        'j' => "%j",
        'a' => "%a",
        'W' => "%A",
        'x' => "%G",
        'v' => "%V",
        '%' => "%%",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_months_are_not_mixed_up() {
        assert_eq!(to_chrono("%Y-%m-%d %H:%i:%s").as_deref(), Ok("%Y-%m-%d %H:%M:%S"));
        assert_eq!(to_chrono("%e. %M %Y, 100%%").as_deref(), Ok("%-d. %B %Y, 100%%"));
        assert_eq!(to_chrono("%Q"), Err("`%Q`".into()));
        assert!(to_chrono("50%").is_err());
    }
}
