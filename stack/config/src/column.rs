//! One column: `name = "type"`, or `name = { type = "...", format = "...", required = true }`; with
//! `constant` or `from_name` it is no field of the file. Its rules are read by `quality`.

use tarn_lake::{Column, ColumnName, ColumnSource, ColumnType, FilePattern, TimeFormat};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::nearest::nearest;
use crate::reader::{Reader, Value, found};
use crate::{Code, Diagnostic, name, pii, quality};

const TYPE: Key = Key::required("type", Wants::Text, r#"type = "int64""#, "the column's type in silver")
    .also(&["kind", "dtype", "data_type"]);
const FORMAT: Key = Key::optional(
    "format",
    Wants::Text,
    r#"format = "epoch_ms""#,
    "how dates and times are written in the file",
);
const REQUIRED: Key =
    Key::optional("required", Wants::Flag, "required = true", "whether a row without a value is a bad row")
        .also(&["not_null", "mandatory"]);

const NULLS: Key =
    Key::optional("nulls", Wants::Texts, r#"nulls = ["-1"]"#, "what means \"no value\" in this column")
        .also(&["null", "null_value", "null_values", "na_values"]);

const FROM: Key =
    Key::optional("from", Wants::Text, r#"from = "Item ID""#, "what the file's header calls the column")
        .also(&["rename", "rename_from", "rename_to", "source_name", "original_name", "header", "alias"]);
const DROP: Key = Key::optional("drop", Wants::Flag, "drop = true", "whether the column stays out of silver")
    .also(&["skip", "ignore", "exclude", "omit"]);
const CONSTANT: Key = Key::optional(
    "constant",
    Wants::Literal,
    r#"constant = "web""#,
    "the value of every row, for a column that is not in the file",
)
.also(&["value", "literal"]);
const FROM_NAME: Key = Key::optional(
    "from_name",
    Wants::Text,
    r#"from_name = "date""#,
    "which part of the file's name is the value of every row",
)
.also(&["from_filename", "from_path", "filename", "capture", "from_file_name"]);

/// The keys of a column that is written as a table.
pub static BLOCK: Block = Block {
    header: "{ type = ... }",
    keys: &[
        TYPE,
        FORMAT,
        REQUIRED,
        NULLS,
        FROM,
        DROP,
        CONSTANT,
        FROM_NAME,
        quality::TRIM,
        quality::FILL,
        quality::ALLOWED,
        quality::MIN,
        quality::MAX,
        quality::PATTERN,
        quality::HASH,
        quality::MASK,
        pii::PII,
    ],
};

/// The formats that are words; anything else is a strftime pattern.
const FORMATS: [&str; 3] = ["iso", "epoch_s", "epoch_ms"];

/// Reads the columns in the order of the file. The place of a column is its type's. `files` is the
/// table's pattern, where there is one.
pub fn read_all<'a>(
    columns: &'a DeTable<'a>,
    files: Option<&FilePattern>,
    faults: &'a Faults<'a>,
) -> Vec<Spanned<Column>> {
    columns
        .iter()
        .filter_map(|(written, value)| {
            let text = Spanned::new(written.span(), written.get_ref().as_ref());
            let name = name::check(&text, faults);
            read(&text, name, value, files, faults)
        })
        .collect()
}

fn read<'a>(
    written: &Spanned<&str>,
    name: Option<ColumnName>,
    value: &'a Value<'a>,
    files: Option<&FilePattern>,
    faults: &'a Faults<'a>,
) -> Option<Spanned<Column>> {
    match value.get_ref() {
        DeValue::String(text) => {
            let kind = kind(&Spanned::new(value.span(), text), faults)?;
            Some(Spanned::new(value.span(), Column::new(name?, kind)))
        }
        DeValue::Table(table) => {
            let place = if value.span().is_empty() { written.span() } else { value.span() };
            let subject = format!("the column {}", quote(written.get_ref()));
            described(&Reader::open(&BLOCK, table, place, subject, faults), name, files)
        }
        other => {
            let title =
                format!("the column {} must have a type, not {}", quote(written.get_ref()), found(other));
            let fault = Diagnostic::error(Code::WrongType, value.span(), title);
            let help = "write for example `\"int64\"` or `{ type = \"int64\", required = true }`";
            faults.push(fault.label(format!("this is {}", found(other))).help(help));
            None
        }
    }
}

fn described(
    block: &Reader,
    name: Option<ColumnName>,
    files: Option<&FilePattern>,
) -> Option<Spanned<Column>> {
    let written = block.text(&TYPE);
    let kind = written.as_ref().and_then(|text| kind(text, block.faults));
    let format = block.text(&FORMAT);
    let required = block.flag(&REQUIRED).unwrap_or(false);
    let nulls = block.texts(&NULLS).map(Spanned::into_inner).unwrap_or_default();
    let nulls = nulls.into_iter().map(|text| text.into_inner().to_owned()).collect();
    let format = match (&format, kind) {
        (Some(format), Some(kind)) => time_format(format, kind, block)?,
        _ => TimeFormat::default(),
    };
    let from = block.text(&FROM).and_then(|written| name_in_file(&written, block));
    let drop = block.flag(&DROP).unwrap_or(false);
    if drop {
        quality::refuse_beside_drop(block, &[REQUIRED, NULLS, FORMAT]);
    }
    let quality = kind.map(|kind| quality::read(block, kind)).unwrap_or_default();
    let source = source(block, kind, files);
    let pii = pii::read(block);
    let column =
        Column { name: name?, kind: kind?, format, required, nulls, from, drop, quality, source, pii };
    Some(Spanned::new(written?.span(), column))
}

/// A name in a header is compared without the white space around it. It may be empty.
fn name_in_file(written: &Spanned<&str>, block: &Reader) -> Option<String> {
    let text = *written.get_ref();
    if text == text.trim() {
        return Some(text.to_owned());
    }
    let title = format!("{} is no name in a header", quote(text));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title);
    block.faults.push(
        fault
            .label("there is white space at its ends")
            .help("write it without white space around it: the header's is not looked at"),
    );
    None
}

/// Where the values come from. What a key says about fields means nothing to a column without any.
fn source(block: &Reader, kind: Option<ColumnType>, files: Option<&FilePattern>) -> ColumnSource {
    let constant = kind.and_then(|kind| {
        quality::refuse_unfit(block, &CONSTANT, kind);
        quality::literal(block, &CONSTANT, kind)
    });
    let from_name = block.text(&FROM_NAME);
    let (key, source) = match (constant, from_name) {
        (None, None) => return ColumnSource::Field,
        (Some(_), Some(_)) => {
            refuse_beside(block, &FROM_NAME, &CONSTANT, "a column has one of the two");
            return ColumnSource::Field;
        }
        (Some(text), None) => (&CONSTANT, ColumnSource::Constant(text)),
        (None, Some(word)) => {
            check_capture(&word, kind, files, block);
            (&FROM_NAME, ColumnSource::Name(word.into_inner().into()))
        }
    };
    let fields_only = [FORMAT, REQUIRED, NULLS, FROM, DROP];
    for other in fields_only.iter().chain(&quality::KEYS).filter(|other| block.find(other).is_some()) {
        refuse_beside(block, other, key, "it speaks of fields, and the column is none");
    }
    source
}

fn refuse_beside(block: &Reader, key: &Key, other: &Key, why: &str) {
    let title = format!("`{}` means nothing beside `{}`", key.name, other.name);
    let fault = Diagnostic::error(Code::Contradiction, block.key_place(key), title).label(why);
    block.faults.push(fault.help(format!("leave `{}` out, or `{}`", key.name, other.name)));
}

/// Whether the pattern captures something under the word, and something of the type.
fn check_capture(
    word: &Spanned<&str>,
    kind: Option<ColumnType>,
    files: Option<&FilePattern>,
    block: &Reader,
) {
    let (Some(files), text) = (files, *word.get_ref()) else { return };
    let fault = |title: String| Diagnostic::error(Code::InvalidValue, word.span(), title);
    let known = files.captures();
    if !known.contains(&text) {
        let label = match (nearest(text, known.iter().copied()), known.is_empty()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, true) => "`files` captures nothing".into(),
            (None, false) => format!("`files` captures `{}`", known.join("`, `")),
        };
        let help = "write for example `files = \"events_{date:%Y%m%d}.csv\"` for `from_name = \"date\"`, or \
                    `{shop:*}` for `from_name = \"shop\"`";
        let title = format!("`files` captures nothing called {}", quote(text));
        return block.faults.push(fault(title).label(label).help(help));
    }
    let fits = |kind| match (text, kind) {
        ("date", ColumnType::Date | ColumnType::Timestamp(_)) | (_, ColumnType::String) => true,
        ("timestamp", ColumnType::Timestamp(_)) => true,
        ("date" | "time" | "timestamp", _) | (_, ColumnType::Binary) => false,
        _ => true,
    };
    if let Some(kind) = kind.filter(|kind| !fits(*kind)) {
        let title = format!("the part {} of a file's name is no `{kind}`", quote(text));
        let help = match text {
            "date" => "make the column a `date`, a `timestamp(ms)` or a `string`",
            "timestamp" => "make the column a `timestamp(ms)` or a `string`",
            _ => "make the column a `string`",
        };
        block.faults.push(fault(title).label(format!("the column's type is `{kind}`")).help(help));
    }
}

fn kind<T: AsRef<str>>(written: &Spanned<T>, faults: &Faults) -> Option<ColumnType> {
    let text = written.get_ref().as_ref();
    let refused = match text.parse() {
        Ok(kind) => return Some(kind),
        Err(refused) => refused,
    };
    let tarn_lake::InvalidType { text, hint } = refused;
    let label = match meant(&text) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "no such type".into(),
    };
    let title = format!("{} is no column type", quote(&text));
    let fault = Diagnostic::error(Code::InvalidValue, written.span(), title);
    faults.push(fault.label(label).help(hint));
    None
}

/// The type that other systems' words, or a slip of the pen, stand for.
fn meant(text: &str) -> Option<&str> {
    let folded = text.to_lowercase();
    match folded.as_str() {
        "text" | "varchar" | "char" | "str" | "utf8" => Some("string"),
        "integer" | "smallint" | "tinyint" | "int16" | "int8" => Some("int32"),
        "datetime" | "timestamptz" => Some("timestamp(ms)"),
        "number" | "numeric" | "money" | "decimal" => Some("decimal(18,2)"),
        "real" => Some("float32"),
        "bytes" | "blob" => Some("binary"),
        _ => nearest(text, ColumnType::spellings()),
    }
}

fn time_format(written: &Spanned<&str>, kind: ColumnType, block: &Reader) -> Option<TimeFormat> {
    let text = *written.get_ref();
    let fault = |title: String| Diagnostic::error(Code::InvalidValue, written.span(), title);
    let fault = match TimeFormat::from(text.to_owned()) {
        _ if !kind.takes_format() => fault(format!("{} takes no `format`", block.subject()))
            .label(format!("its type is `{kind}`"))
            .help("leave `format` out; it is for `date` and `timestamp` columns"),
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis if kind == ColumnType::Date => {
            fault(format!("{} is no format for a date", quote(text)))
                .label("it counts from a moment, and the type is `date`")
                .help("write `iso`, a pattern such as `%d.%m.%Y`, or make the column a `timestamp(ms)`")
        }
        TimeFormat::Pattern(_) if !text.contains('%') => fault(format!("{} is no format", quote(text)))
            .label(
                nearest(text, FORMATS)
                    .map_or("no such format".into(), |near| format!("did you mean `{near}`?")),
            )
            .help("write `iso`, `epoch_s`, `epoch_ms`, or a pattern with `%` such as `%d.%m.%Y %H:%M:%S`"),
        format => return Some(format),
    };
    block.faults.push(fault);
    None
}
