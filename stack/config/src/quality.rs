//! The rules of a column: what its values must be, and what is done to them.
//!
//! A rule is checked against the column's type and against the other rules, so that one that could
//! never hold, or never matter, is a fault here and no surprise in the quarantine.

use std::num::NonZeroU8;

use tarn_lake::{ColumnType, Disguise, Literal, Quality, ValuePattern};
use toml::Spanned;
use toml::de::DeValue;

use crate::diagnostic::quote;
use crate::keys::{Block, Key, Wants};
use crate::reader::{Reader, Value, found};
use crate::{Code, Diagnostic};

/// Takes white space off.
pub const TRIM: Key =
    Key::optional("trim", Wants::Flag, "trim = true", "whether white space at both ends is taken off")
        .also(&["strip", "strip_whitespace", "skip_initial_space"]);
/// What null becomes.
pub const FILL: Key =
    Key::optional("fill", Wants::Literal, r#"fill = "unknown""#, "what stands in the place of no value")
        .also(&["default", "fill_value", "fill_null", "fillna", "coalesce"]);
/// The only values.
pub const ALLOWED: Key = Key::optional(
    "allowed",
    Wants::Literals,
    r#"allowed = ["view", "addtocart"]"#,
    "the only values it may have",
)
.also(&["allowed_values", "accepted_values", "enum", "values", "one_of"]);
/// The least value.
pub const MIN: Key = Key::optional("min", Wants::Literal, "min = 0", "the least value").also(&[
    "minimum",
    "min_value",
    "least",
]);
/// The greatest value.
pub const MAX: Key =
    Key::optional("max", Wants::Literal, "max = 100", "the greatest value").also(&["maximum", "max_value"]);
/// What a text must match.
pub const PATTERN: Key = Key::optional(
    "pattern",
    Wants::Text,
    "pattern = '[A-Z]{2}[0-9]+'",
    "what the whole of a text must match",
)
.also(&["regex", "regexp", "matches", "match"]);
/// A keyed hash in the place of a text.
pub const HASH: Key = Key::optional(
    "hash",
    Wants::Text,
    r#"hash = "sha256""#,
    "which keyed hash stands in the place of a text",
)
.also(&["hashed", "sha256", "pseudonymize"]);
/// Something in the place of a text.
pub const MASK: Key = Key::optional("mask", Wants::Mask, "mask = { keep_last = 4 }", "what hides a text")
    .also(&["masked", "redact", "anonymize"]);

const KEEP_LAST: Key =
    Key::required("keep_last", Wants::Count, "keep_last = 4", "how many characters at the end stay").also(&[
        "keep",
        "last",
        "show_last",
    ]);
/// The keys of a mask that keeps something.
pub static MASK_BLOCK: Block = Block { header: "mask = { ... }", keys: &[KEEP_LAST] };

/// All of them, for the columns that take none.
pub const KEYS: [Key; 8] = [TRIM, FILL, ALLOWED, MIN, MAX, PATTERN, HASH, MASK];

/// The only hash.
pub const HASH_WORD: &str = "sha256";

/// Reads the rules of a column of a type.
pub fn read(block: &Reader, kind: ColumnType) -> Quality {
    KEYS.iter().for_each(|key| refuse_unfit(block, key, kind));
    let quality = Quality {
        trim: block.flag(&TRIM).unwrap_or(false),
        fill: literal(block, &FILL, kind),
        allowed: literals(block, kind),
        min: literal(block, &MIN, kind),
        max: literal(block, &MAX, kind),
        pattern: block.text(&PATTERN).and_then(|written| pattern(block, &written)),
        disguise: disguise(block),
    };
    refuse_empty_range(block, kind, &quality);
    refuse_values_that_break_rules(block, kind, &quality);
    quality
}

/// Records every rule of a column that stays out of silver: nothing of it is looked at.
pub fn refuse_beside_drop(block: &Reader, others: &[Key]) {
    for key in KEYS.iter().chain(others).filter(|key| block.find(key).is_some()) {
        let title = format!("`{}` means nothing beside `drop = true`", key.name);
        let fault = Diagnostic::error(Code::Contradiction, block.key_place(key), title);
        let fault =
            fault.label(format!("{} stays out of silver, and nobody looks at its values", block.subject()));
        block.faults.push(fault.help(format!("leave `{}` out, or `drop`", key.name)));
    }
}

/// Whether values of a type can have a rule; else what to write instead.
fn unfit(key: &Key, kind: ColumnType) -> Option<&'static str> {
    match (key.name, kind) {
        (_, ColumnType::String) if kind.is_ordered() || !matches!(key.name, "min" | "max") => None,
        ("min" | "max", kind) if kind.is_ordered() => None,
        ("min" | "max", _) => Some("leave it out; it is for numbers, dates and timestamps"),
        ("allowed" | "fill" | "constant", ColumnType::Binary) => {
            Some("leave it out, or make the column a `string`")
        }
        ("allowed" | "fill" | "constant", _) => None,
        ("trim", _) => Some("leave it out; only a `string` keeps the white space around its value"),
        ("pattern", _) => {
            Some("leave it out, or make the column a `string`; `min`, `max` and `allowed` compare values")
        }
        _ => Some("make the column a `string`: what hides a value is a text"),
    }
}

/// Records a key that columns of a type cannot have.
pub fn refuse_unfit(block: &Reader, key: &Key, kind: ColumnType) {
    let Some(help) = unfit(key, kind).filter(|_| block.find(key).is_some()) else { return };
    let title = format!("{} takes no `{}`", block.subject(), key.name);
    let fault = Diagnostic::error(Code::InvalidValue, block.key_place(key), title);
    block.faults.push(fault.label(format!("its type is `{kind}`")).help(help));
}

/// A value of a type that a key gives, as its text.
pub fn literal(block: &Reader, key: &Key, kind: ColumnType) -> Option<String> {
    let value = block.take(key)?;
    one_literal(block, key, kind, value)
}

fn literals(block: &Reader, kind: ColumnType) -> Vec<String> {
    let Some(value) = block.take(&ALLOWED) else { return Vec::new() };
    let Some(array) = value.get_ref().as_array() else {
        return block.refuse_type::<Vec<String>>(&ALLOWED, value).unwrap_or_default();
    };
    if array.is_empty() {
        block.refuse_empty(&ALLOWED, value.span());
    }
    array.iter().filter_map(|element| one_literal(block, &ALLOWED, kind, element)).collect()
}

fn one_literal(block: &Reader, key: &Key, kind: ColumnType, value: &Value) -> Option<String> {
    if unfit(key, kind).is_some() {
        return None;
    }
    let Some(text) = text_of(kind, value.get_ref()) else {
        let found = found(value.get_ref());
        refuse_literal(
            block,
            key,
            kind,
            Diagnostic::error(Code::WrongType, value.span(), "").label(format!("this is {found}")),
        );
        return None;
    };
    if Literal::read(kind, &text).is_none() {
        let label = format!("the type is `{kind}`");
        refuse_literal(
            block,
            key,
            kind,
            Diagnostic::error(Code::InvalidValue, value.span(), "").label(label),
        );
        return None;
    }
    Some(text)
}

fn refuse_literal(block: &Reader, key: &Key, kind: ColumnType, fault: Diagnostic) {
    let what =
        if key.name == ALLOWED.name { "a value in `allowed`".into() } else { format!("`{}`", key.name) };
    let title = format!("{what} of {} is no {kind}", block.subject());
    let example = example(kind);
    let list = if key.name == ALLOWED.name { format!("[{example}]") } else { example.into() };
    block
        .faults
        .push(Diagnostic { title, ..fault }.help(format!("write for example `{} = {list}`", key.name)));
}

/// A value as TOML has it, if it can be one of the type.
fn text_of(kind: ColumnType, value: &DeValue) -> Option<String> {
    match (kind, value) {
        (ColumnType::Bool, DeValue::Boolean(flag)) => Some(flag.to_string()),
        (ColumnType::String, DeValue::String(text)) => Some(text.to_string()),
        (ColumnType::Date | ColumnType::Timestamp(_) | ColumnType::Decimal { .. }, DeValue::String(text)) => {
            Some(text.to_string())
        }
        (ColumnType::Date | ColumnType::Timestamp(_), DeValue::Datetime(moment)) => Some(moment.to_string()),
        (kind, DeValue::Integer(number)) if is_number(kind) => {
            i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        (kind, DeValue::Float(number)) if is_number(kind) && !is_integer(kind) => {
            Some(number.as_str().into())
        }
        _ => None,
    }
}

fn is_integer(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Int32 | ColumnType::Int64)
}

fn is_number(kind: ColumnType) -> bool {
    is_integer(kind) || matches!(kind, ColumnType::Float32 | ColumnType::Float64 | ColumnType::Decimal { .. })
}

fn example(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Bool => "false",
        ColumnType::Int32 | ColumnType::Int64 => "10",
        ColumnType::Decimal { scale: 0, .. } => "1",
        ColumnType::Decimal { precision, scale } if precision == scale => "0.1",
        ColumnType::Float32 | ColumnType::Float64 | ColumnType::Decimal { .. } => "1.5",
        ColumnType::Date => "2026-01-31",
        ColumnType::Timestamp(_) => "2026-01-31T08:15:00Z",
        ColumnType::String | ColumnType::Binary => "\"unknown\"",
    }
}

fn pattern(block: &Reader, written: &Spanned<&str>) -> Option<ValuePattern> {
    let refused = match ValuePattern::new(written.get_ref()) {
        Ok(pattern) => return Some(pattern),
        Err(refused) => refused,
    };
    let title = format!("{} is no pattern", quote(&refused.text));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(refused.why);
    let help = "write a regular expression in the syntax of Rust's `regex`, in single quotes, such as \
                `'[A-Z]{2}[0-9]+'`";
    block.faults.push(fault.help(help));
    None
}

fn disguise(block: &Reader) -> Option<Disguise> {
    let hash = block.text(&HASH).and_then(|written| hash(block, &written));
    let mask = block.take(&MASK).and_then(|value| mask(block, value));
    if let (Some(_), Some(_)) = (block.find(&HASH), block.find(&MASK)) {
        let title = format!("{} has both `hash` and `mask`", block.subject());
        let fault = Diagnostic::error(Code::Contradiction, block.key_place(&MASK), title);
        block.faults.push(fault.label("a hash has nothing left to mask").help("keep one of the two"));
    }
    hash.or(mask)
}

fn hash(block: &Reader, written: &Spanned<&str>) -> Option<Disguise> {
    if *written.get_ref() == HASH_WORD {
        return Some(Disguise::Sha256);
    }
    let title = format!("{} is no `hash`", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label("no such hash");
    block.faults.push(fault.help("write `hash = \"sha256\"`: HMAC-SHA-256 under the lake's secret key"));
    None
}

/// A text, or how many characters stay.
fn mask(block: &Reader, value: &Value) -> Option<Disguise> {
    match value.get_ref() {
        DeValue::String(text) => Some(Disguise::Text(text.to_string())),
        DeValue::Table(table) => {
            let inner = block.open_inner(&MASK_BLOCK, table, value.span(), "`mask`");
            let kept = inner.count(&KEEP_LAST)?;
            let number = u8::try_from(kept).ok().and_then(NonZeroU8::new);
            number.map(Disguise::KeepLast).or_else(|| refuse_kept(&inner, kept))
        }
        _ => block.refuse_type(&MASK, value),
    }
}

fn refuse_kept(mask: &Reader, kept: u32) -> Option<Disguise> {
    let place = mask.find(&KEEP_LAST).map_or(mask.place(), Spanned::span);
    let fault = Diagnostic::error(Code::InvalidValue, place, format!("`keep_last` cannot be {kept}"));
    let fault = fault.label("wanted is a number from 1 to 255");
    mask.faults.push(
        fault.help("write for example `mask = { keep_last = 4 }`, or `mask = \"hidden\"` to keep nothing"),
    );
    None
}

fn refuse_empty_range(block: &Reader, kind: ColumnType, quality: &Quality) {
    let read = |text: &Option<String>| text.as_ref().and_then(|text| Literal::read(kind, text));
    let (Some(min), Some(max), Some(place)) = (read(&quality.min), read(&quality.max), block.find(&MAX))
    else {
        return;
    };
    if max.is_less_than(&min) {
        let title = format!("`min` of {} is greater than `max`", block.subject());
        let fault = Diagnostic::error(Code::Contradiction, place.span(), title);
        let fault = fault.label("no value can keep both");
        block.faults.push(fault.help("exchange the two, or leave one out"));
    }
}

/// What fills gaps keeps the other rules, and so does every value that is allowed.
fn refuse_values_that_break_rules(block: &Reader, kind: ColumnType, quality: &Quality) {
    let fill = quality.fill.iter().zip(block.find(&FILL)).map(|(text, value)| (&FILL, text, value));
    let listed = block.find(&ALLOWED).and_then(|value| value.get_ref().as_array());
    // With an element at fault the two lists are not of the same values.
    let listed = listed.filter(|listed| listed.len() == quality.allowed.len());
    let allowed = quality.allowed.iter().zip(listed.into_iter().flat_map(|listed| listed.iter()));
    for (key, text, value) in fill.chain(allowed.map(|(text, value)| (&ALLOWED, text, value))) {
        let Some(rule) = quality.broken_by(kind, text) else { continue };
        let title = format!("`{}` of {} holds a value that breaks `{rule}`", key.name, block.subject());
        let fault = Diagnostic::error(Code::Contradiction, value.span(), title);
        let label = match rule {
            "allowed" => "this is not among the allowed values".into(),
            "pattern" => "this does not match the pattern".into(),
            rule => format!("this is {} than `{rule}`", if rule == "min" { "less" } else { "greater" }),
        };
        block.faults.push(fault.label(label).help(format!("change it, or `{rule}`")));
    }
}
