//! How the text of a table's files is written, beyond delimiter, header and nulls: what a row is,
//! quotes, comments, preamble, encoding, compression.

use tarn_lake::{Compression, Csv, Encoding, Escape, Format};
use toml::Spanned;

use crate::diagnostic::quote;
use crate::keys::{Key, Wants};
use crate::reader::Reader;
use crate::table::{DELIMITER, HEADER};
use crate::word::{self, Synonyms};
use crate::{Code, Diagnostic};

/// What a row is.
pub const FORMAT: Key =
    Key::optional("format", Wants::Text, r#"format = "jsonl""#, "what a row of the files is").also(&[
        "type",
        "file_format",
        "file_type",
        "input_format",
        "serde",
    ]);
/// What stands around fields.
pub const QUOTE: Key = Key::optional("quote", Wants::Text, r#"quote = "'""#, "the character around fields")
    .also(&["quotechar", "quote_char", "quote_character", "enclosure"]);
/// How a quote is written inside quotes.
pub const ESCAPE: Key = Key::optional(
    "escape",
    Wants::Text,
    r#"escape = "backslash""#,
    "how a quote is written inside a quoted field",
)
.also(&["escapechar", "escape_char", "escape_character", "double_quote"]);
/// What stands at the front of lines that are no rows.
pub const COMMENT: Key =
    Key::optional("comment", Wants::Text, r##"comment = "#""##, "what a line that is no row begins with")
        .also(&["comment_char", "comment_prefix", "commentchar"]);
/// The preamble.
pub const SKIP_LINES: Key =
    Key::optional("skip_lines", Wants::Count, "skip_lines = 2", "how many lines stand before the header")
        .also(&["skip", "skiprows", "skip_rows", "skip_header", "preamble"]);
/// How characters are written as bytes.
pub const ENCODING: Key =
    Key::optional("encoding", Wants::Text, r#"encoding = "latin1""#, "how characters are written as bytes")
        .also(&["charset", "codepage", "code_page"]);
/// How files are packed.
pub const COMPRESSION: Key =
    Key::optional("compression", Wants::Text, r#"compression = "gzip""#, "how the files are packed").also(&[
        "compress",
        "compressed",
        "codec",
    ]);
/// `1.234,5`.
pub const DECIMAL_COMMA: Key = Key::optional(
    "decimal_comma",
    Wants::Flag,
    "decimal_comma = true",
    "whether a comma stands before a number's fraction",
)
.also(&["decimal", "decimal_separator", "decimal_point"]);

/// What an object with names has no use for.
const ONLY_CSV: [&Key; 7] = [&DELIMITER, &HEADER, &QUOTE, &ESCAPE, &COMMENT, &SKIP_LINES, &DECIMAL_COMMA];

const NO_QUOTE: &str = "none";
const FORMATS: Synonyms = &[
    ("tsv", "csv"),
    ("delimited", "csv"),
    ("json", "jsonl"),
    ("ndjson", "jsonl"),
    ("ldjson", "jsonl"),
    ("jsonlines", "jsonl"),
    ("json_lines", "jsonl"),
    ("json lines", "jsonl"),
    ("json-lines", "jsonl"),
];
const ESCAPES: Synonyms =
    &[("\\", "backslash"), ("backslashes", "backslash"), ("\"", "doubled"), ("double", "doubled")];
const ENCODINGS: Synonyms = &[
    ("utf8", "utf-8"),
    ("utf_8", "utf-8"),
    ("ascii", "utf-8"),
    ("unicode", "utf-16"),
    ("utf16", "utf-16"),
    ("ucs-2", "utf-16"),
    ("utf-16-le", "utf-16le"),
    ("utf-16-be", "utf-16be"),
    ("latin-1", "latin1"),
    ("iso-8859-1", "latin1"),
    ("iso8859-1", "latin1"),
    ("cp1252", "windows-1252"),
    ("ansi", "windows-1252"),
    ("sjis", "shift-jis"),
    ("shift_jis", "shift-jis"),
    ("cp932", "shift-jis"),
    ("windows-31j", "shift-jis"),
];
const COMPRESSIONS: Synonyms = &[
    ("gz", "gzip"),
    (".gz", "gzip"),
    ("zst", "zstd"),
    ("zstandard", "zstd"),
    ("bz2", "bzip2"),
    ("bzip", "bzip2"),
    ("plain", "none"),
    ("uncompressed", "none"),
    ("zip", ""),
];

/// Adds to a format what the keys here say about it.
pub fn read(block: &Reader, csv: Csv) -> Csv {
    let read = Csv {
        format: word::read(block, &FORMAT, Format::WORDS, FORMATS).unwrap_or(csv.format),
        quote: block.text(&QUOTE).and_then(|text| quote_character(&text, block)).unwrap_or(csv.quote),
        escape: word::read(block, &ESCAPE, Escape::WORDS, ESCAPES).unwrap_or(csv.escape),
        comment: block.text(&COMMENT).and_then(|text| special(&COMMENT, &text, block)).or(csv.comment),
        skip_lines: block.count(&SKIP_LINES).unwrap_or(csv.skip_lines),
        encoding: word::read(block, &ENCODING, Encoding::WORDS, ENCODINGS).unwrap_or(csv.encoding),
        compression: word::read(block, &COMPRESSION, Compression::WORDS, COMPRESSIONS)
            .unwrap_or(csv.compression),
        decimal_comma: block.flag(&DECIMAL_COMMA).unwrap_or(csv.decimal_comma),
        ..csv
    };
    match read.format {
        Format::Csv => refuse_same_character(&read, block),
        Format::JsonLines => ONLY_CSV.iter().for_each(|key| refuse_beside_json(key, block)),
    }
    read
}

fn refuse_beside_json(key: &Key, block: &Reader) {
    if block.find(key).is_none() {
        return;
    }
    let title = format!("`{}` means nothing beside `format = \"jsonl\"`", key.name);
    let fault = Diagnostic::error(Code::InvalidValue, block.key_place(key), title);
    let fault = fault.label("only delimited text has it");
    block.faults.push(fault.help(format!("leave `{}` out, or `format`", key.name)));
}

fn quote_character(written: &Spanned<&str>, block: &Reader) -> Option<Option<char>> {
    if *written.get_ref() == NO_QUOTE { Some(None) } else { special(&QUOTE, written, block).map(Some) }
}

/// A character that means something to the tokeniser: one ASCII byte, and no line break.
fn special(key: &Key, written: &Spanned<&str>, block: &Reader) -> Option<char> {
    let mut characters = written.get_ref().chars();
    let why = match (characters.next(), characters.next()) {
        (Some('\n' | '\r'), None) => "a line break ends a row",
        (Some('\0'), None) => "no text holds it",
        (Some(character), None) if character.is_ascii() => return Some(character),
        (Some(_), None) => "this is not an ASCII character",
        (None, _) => "it is empty",
        (Some(_), Some(_)) => "this is more than one character",
    };
    let (example, name) = (key.example, key.name);
    let help = match name {
        "quote" => format!("write one ASCII character such as `{example}`, or `quote = \"none\"`"),
        _ => format!("write one ASCII character such as `{example}`, or leave `{name}` out"),
    };
    let title = format!("{} cannot be `{name}`", quote(written.get_ref()));
    block.faults.push(Diagnostic::error(Code::InvalidValue, written.span(), title).label(why).help(help));
    None
}

/// Delimiter, quote, comment and the escaping backslash are four characters.
fn refuse_same_character(csv: &Csv, block: &Reader) {
    let backslash = (csv.escape == Escape::Backslash).then_some('\\');
    let specials: [(&Key, Option<char>); 4] = [
        (&DELIMITER, Some(csv.delimiter)),
        (&ESCAPE, backslash),
        (&QUOTE, csv.quote),
        (&COMMENT, csv.comment),
    ];
    for (index, (key, character)) in specials.iter().enumerate() {
        let same = |(_, other): &&(&Key, Option<char>)| other.is_some() && other == character;
        let Some((other, _)) = specials.iter().take(index).find(same) else { continue };
        let Some(written) = block.find(key).or_else(|| block.find(other)) else { continue };
        let title = format!("`{}` and `{}` are the same character", key.name, other.name);
        let fault = Diagnostic::error(Code::InvalidValue, written.span(), title);
        let fault = fault.label("nobody could tell which of the two is meant");
        block.faults.push(fault.help("give each a character of its own"));
    }
}
