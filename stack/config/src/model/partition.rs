//! `partition_by` of a model: columns, and what of them makes a partition.

use tarn_lake::{PartitionField, Transform};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::Key;
use crate::name;
use crate::nearest::nearest;
use crate::reader::Reader;
use crate::{Code, Diagnostic};

/// Transforms that take nothing but a column.
const PLAIN: [(&str, Transform); 5] = [
    ("identity", Transform::Identity),
    ("year", Transform::Year),
    ("month", Transform::Month),
    ("day", Transform::Day),
    ("hour", Transform::Hour),
];
/// Those that take a number before it.
const COUNTED: [&str; 2] = ["bucket", "truncate"];
const HELP: &str = "write `region`, `day(sold_at)`, `bucket(16, user_id)` or `truncate(4, name)`";

/// Reads the list.
pub fn read(block: &Reader, key: &Key) -> Vec<PartitionField> {
    let Some(written) = block.find(key).and_then(|_| block.texts(key)) else { return Vec::new() };
    if written.get_ref().is_empty() {
        block.refuse_empty(key, written.span());
    }
    let mut fields: Vec<PartitionField> = Vec::new();
    for text in written.into_inner() {
        let Some(field) = field(block, &text) else { continue };
        if fields.contains(&field) {
            let title = format!("`partition_by` has {} twice", quote(text.get_ref()));
            let fault = Diagnostic::error(Code::DuplicateName, text.span(), title);
            block.faults.push(fault.label("it stands in the list already").help("leave it out here"));
            continue;
        }
        fields.push(field);
    }
    fields
}

fn field(block: &Reader, written: &Spanned<&str>) -> Option<PartitionField> {
    let text = *written.get_ref();
    let Some((word, inside)) = text.split_once('(') else {
        let column = name::check(written, block.faults)?;
        return Some(PartitionField { column, transform: Transform::Identity });
    };
    let Some(inside) = inside.trim_end().strip_suffix(')') else {
        return refuse(block, written, "its bracket is not closed".into());
    };
    let (transform, column) = match transform(word.trim(), inside) {
        Ok(found) => found,
        Err(why) => return refuse(block, written, why),
    };
    let column = name::check(&Spanned::new(written.span(), column.trim()), block.faults)?;
    Some(PartitionField { column, transform })
}

/// What a call means, and the column that it is of.
fn transform<'t>(word: &str, inside: &'t str) -> Result<(Transform, &'t str), String> {
    if let Some((_, transform)) = PLAIN.iter().find(|(plain, _)| *plain == word) {
        return Ok((*transform, inside));
    }
    if !COUNTED.contains(&word) {
        let words = PLAIN.iter().map(|(plain, _)| *plain).chain(COUNTED);
        return Err(match nearest(word.trim_end_matches('s'), words) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} is no transform", quote(word)),
        });
    }
    let (number, column) = inside.split_once(',').ok_or_else(|| format!("`{word}` takes a number first"))?;
    let number: u32 = number
        .trim()
        .parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("{} is no number of 1 or more", quote(number.trim())))?;
    let transform = if word == "bucket" { Transform::Bucket(number) } else { Transform::Truncate(number) };
    Ok((transform, column))
}

fn refuse<T>(block: &Reader, written: &Spanned<&str>, why: String) -> Option<T> {
    let title = format!("{} is no partition", quote(written.get_ref()));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title).label(why);
    block.faults.push(fault.help(HELP));
    None
}
