//! Secrets do not belong into a file that is shared: no key takes one, and what looks like one is
//! refused wherever it stands.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::line_of;
use crate::faults::Faults;
use crate::{Code, Diagnostic};

/// Records every text of the document that looks like a secret. The text is not repeated.
pub fn refuse_all(root: &DeTable, faults: &Faults) {
    root.values().for_each(|value| visit(value, faults));
}

/// The same for lines that are no TOML.
pub fn refuse_lines(place: &std::ops::Range<usize>, faults: &Faults) {
    let mut start = place.start;
    for line in faults.written(place).split_inclusive('\n') {
        if let Some(kind) = kind(line) {
            refuse(start..start + line.trim_end().len(), kind, faults);
        }
        start += line.len();
    }
}

/// Takes out what is found on the line of a secret beside it: its words or its picture would repeat
/// the secret. Of several secrets on a line the first stays, whose picture hides the rest.
pub fn hush(text: &str, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let line = |fault: &Diagnostic| line_of(text, fault.span.start);
    let secret = |fault: &&Diagnostic| fault.code == Code::Secret;
    let lines: Vec<usize> = found.iter().filter(secret).map(line).collect();
    let mut told = Vec::new();
    found.retain(|fault| {
        let line = line(fault);
        let stays = !lines.contains(&line) || fault.code == Code::Secret && !told.contains(&line);
        if fault.code == Code::Secret {
            told.push(line);
        }
        stays
    });
    found
}

fn visit(value: &Spanned<DeValue>, faults: &Faults) {
    match value.get_ref() {
        DeValue::String(text) => {
            if let Some(kind) = kind(text) {
                refuse(value.span(), kind, faults);
            }
        }
        DeValue::Array(array) => array.iter().for_each(|element| visit(element, faults)),
        DeValue::Table(table) => table.values().for_each(|value| visit(value, faults)),
        _ => {}
    }
}

fn refuse(place: std::ops::Range<usize>, kind: &str, faults: &Faults) {
    let fault = Diagnostic::error(Code::Secret, place, format!("this looks like {kind}"));
    let fault = fault.label("whoever reads the file has it");
    faults.push(fault.help("take it out, and change it where it is valid: it may have been seen"));
}

/// What kind of secret a text looks like.
fn kind(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_access_key) {
        return Some("an access key of AWS");
    }
    has_password(text).then_some("a password in an address")
}

/// `AKIA...` and `ASIA...`, 20 characters (source: the prefixes in the IAM user guide).
fn is_access_key(word: &str) -> bool {
    word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `scheme://user:password@host`.
fn has_password(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::kind;

    #[test]
    fn secrets_are_known_by_their_looks() {
        let key = format!("AKIA{}", "ABCDEFGH12345678");
        assert_eq!(kind(&key), Some("an access key of AWS"));
        assert_eq!(kind(&format!("key={key};")), Some("an access key of AWS"));
        assert_eq!(kind("postgres://ana:x1@db.example.com/shop"), Some("a password in an address"));
        assert_eq!(kind("-----BEGIN RSA PRIVATE KEY-----\n"), Some("a private key"));
        for plain in [
            "",
            "AKIA",
            "s3://bucket/key",
            "https://example.com/a:b@c",
            "ana@example.com",
            "postgres://ana@db",
        ] {
            assert_eq!(kind(plain), None, "{plain}");
        }
    }
}
