//! Hive folders: which folder a row belongs to, and how it is called.
//!
//! A folder is `column=value/` for each column of `partition_by`. Values are spelled as Athena,
//! Hive, Spark and DuckDB read them back in the column's type:
//!
//! | value | folder |
//! |---|---|
//! | `view` | `event=view` |
//! | 7, also written `007` or ` 7` | `n=7` |
//! | decimal(6,2) of 1.5 | `price=1.50` |
//! | true, a date, a timestamp | `b=true`, `day=2026-01-31`, `at=2026-01-31 08%3A15%3A00`, with `.123` where it has a fraction |
//! | null, and the empty text, which Hive cannot tell from it | `event=__HIVE_DEFAULT_PARTITION__` |
//! | `a/b`, `100%`, `x=y`, control characters and `"#'*:?[\]^{}` | each such byte as `%2F` |
//! | `..`, a space, `ü` | as they are: behind `column=` two dots are a name like any other |
//! | the text `__HIVE_DEFAULT_PARTITION__` | a bad row: every reader would take it for null |
//! | a value that makes folders of more than 765 bytes | a bad row: no key of an object has room for it |

use std::collections::HashMap;
use std::sync::Arc;

use chrono::DateTime;
use parquet::schema::types::SchemaDescriptor;
use tarn_lake::{Column as Declared, ColumnName, ColumnType, Csv, TimeUnit};

use crate::block::Block;
use crate::columns::{self, Column, Refusal, Rules, TextDictionary, Worth};
use crate::group::{Source, unusable};
use crate::rejects::{Place, Reason};
use crate::scan::Field;
use crate::{ConvertError, Spec, schema};

/// What stands for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// The key of an object has 1,024 bytes; the table's name and the file's need some of them.
const LONGEST_FOLDERS: usize = 765;

/// The folders of one thread, each with a number of its own.
pub(crate) struct Folders {
    columns: Vec<Key>,
    /// The folder of its number, with `/` at its end.
    names: Vec<Arc<str>>,
    /// From a folder and the value of the next column to the folder inside.
    inner: HashMap<(u32, u32), u32>,
}

/// A column whose values are folders.
struct Key {
    name: ColumnName,
    kind: ColumnType,
    source: Source,
    column: Box<dyn Column>,
    /// Spellings that were met, outside of quotes and inside.
    spellings: [Spellings; 2],
    /// Folders of this column, and the numbers of their names.
    names: Vec<String>,
    values: HashMap<String, u32>,
}

/// The number of the value that each spelling has.
#[derive(Default)]
struct Spellings {
    texts: TextDictionary,
    values: Vec<u32>,
}

impl Folders {
    /// Folders for files of a layout.
    pub fn new(spec: &Spec<'_>) -> Result<Self, ConvertError> {
        let columns: Result<Vec<Key>, ConvertError> =
            spec.placement.partition_by.iter().map(|name| Key::new(spec, name)).collect();
        Ok(Self { columns: columns?, names: Vec::new(), inner: HashMap::new() })
    }

    /// The folder that all rows of the file go to, if the rows themselves have no say in it.
    pub fn fixed(&self) -> Result<Option<String>, ConvertError> {
        let mut folder = String::new();
        for key in &self.columns {
            let value = match &key.source {
                Source::Field(_) => return Ok(None),
                Source::Fixed(text) => key.spelled(text, false),
                Source::Nothing => Ok(folder_name(&key.name, NULL)),
            };
            let unreadable = |_| ConvertError::FixedValue { column: key.name.clone(), kind: key.kind };
            folder += &value.map_err(unreadable)?;
        }
        Ok(Some(folder))
    }

    /// How a folder is called.
    pub fn name(&self, number: u32) -> Option<&Arc<str>> {
        self.names.get(number as usize)
    }

    /// The folder of every row; `false` when a row has none.
    pub fn numbers(&mut self, block: &Block<'_>, numbers: &mut Vec<u32>) -> bool {
        numbers.clear();
        numbers.resize(block.rows, ROOT);
        let Self { columns, names, inner, .. } = self;
        columns.iter_mut().all(|key| key.numbers(block, numbers, &mut Enter { names, inner, last: None }))
    }

    /// Why a row has no folder.
    pub fn refusal(&self, raw: &[u8], fields: &[Field]) -> Option<Reason> {
        let mut folders = String::new();
        for key in &self.columns {
            let fixed = key.fixed_text();
            let (text, quoted) = match &key.source {
                Source::Field(place) => {
                    let field = fields.get(place.column - 1)?;
                    (raw.get(field.start as usize..field.end as usize).unwrap_or_default(), field.quoted)
                }
                _ => (fixed.as_slice(), false),
            };
            match key.spelled(text, quoted) {
                Ok(folder) => folders += &folder,
                Err(reason) => return Some(reason),
            }
            if folders.len() > LONGEST_FOLDERS {
                return Some(Reason::FolderTooLong(key.place()));
            }
        }
        None
    }
}

/// The folder of all folders.
const ROOT: u32 = u32::MAX;

/// Goes into a folder, and makes it if it is new.
struct Enter<'f> {
    names: &'f mut Vec<Arc<str>>,
    inner: &'f mut HashMap<(u32, u32), u32>,
    /// Rows of one folder often stand together.
    last: Option<((u32, u32), u32)>,
}

impl Enter<'_> {
    #[inline]
    fn folder<'n>(&mut self, outer: u32, value: u32, name: impl FnOnce() -> Option<&'n str>) -> Option<u32> {
        match self.last {
            Some((path, folder)) if path == (outer, value) => return Some(folder),
            _ => {}
        }
        let folder = match self.inner.get(&(outer, value)) {
            Some(folder) => *folder,
            None => self.make(outer, value, name()?)?,
        };
        self.last = Some(((outer, value), folder));
        Some(folder)
    }

    #[cold]
    fn make(&mut self, outer: u32, value: u32, name: &str) -> Option<u32> {
        let outside = self.names.get(outer as usize).map_or("", |name| name.as_ref());
        let path = format!("{outside}{name}");
        if path.len() > LONGEST_FOLDERS {
            return None;
        }
        let folder = self.names.len() as u32;
        self.names.push(path.into());
        self.inner.insert((outer, value), folder);
        Some(folder)
    }
}

impl Key {
    fn new(spec: &Spec<'_>, name: &ColumnName) -> Result<Self, ConvertError> {
        let named = |column: &&Declared| column.name == *name;
        let column = spec.schema.columns.iter().find(named).ok_or_else(|| {
            ConvertError::Spec(format!("`partition_by` names `{name}`, which is no column"))
        })?;
        let source = Source::of(column, spec)?;
        let in_file = spec.layout.columns.iter().find(named);
        let (declared, csv) = match (&source, in_file) {
            (Source::Field(_), Some(in_file)) => {
                (Declared { kind: column.kind, ..in_file.clone() }, spec.csv)
            }
            _ => (Declared::new(name.clone(), column.kind), &Csv::default()),
        };
        let root = SchemaDescriptor::new(schema::of(std::iter::once(column))?);
        let made = columns::column(&declared, Rules::new(csv, &declared), spec.hash_key, root.column(0));
        let made = made.map_err(|why| unusable(&why, column))?;
        let (kind, name) = (column.kind, name.clone());
        let (spellings, names, values) = (Default::default(), Vec::new(), HashMap::new());
        Ok(Self { name, kind, source, column: made, spellings, names, values })
    }

    /// Goes from each row's folder into the one of this column.
    fn numbers(&mut self, block: &Block<'_>, numbers: &mut [u32], enter: &mut Enter<'_>) -> bool {
        let Source::Field(Place { column, .. }) = self.source else {
            let (text, quoted) = (self.fixed_text(), false);
            let Some(value) = self.value(&text, Field { start: 0, end: text.len() as u32, quoted }) else {
                return false;
            };
            let inside = |outer: &mut u32| self.enter(enter, outer, value);
            return numbers.iter_mut().all(inside);
        };
        let mut rows = numbers.iter_mut();
        let mut all = true;
        block.each_field(column - 1, |field| {
            let Some(outer) = rows.next() else { return };
            let entered = match self.value(block.text, field) {
                Some(value) => self.enter(enter, outer, value),
                None => false,
            };
            all &= entered;
        });
        all
    }

    fn fixed_text(&self) -> Vec<u8> {
        if let Source::Fixed(text) = &self.source { text.clone() } else { Vec::new() }
    }

    fn enter(&self, enter: &mut Enter<'_>, outer: &mut u32, value: u32) -> bool {
        match enter.folder(*outer, value, || self.names.get(value as usize).map(String::as_str)) {
            Some(folder) => {
                *outer = folder;
                true
            }
            None => false,
        }
    }

    /// The number of a field's value, looked up by its spelling.
    #[inline]
    fn value(&mut self, text: &[u8], field: Field) -> Option<u32> {
        let (start, end) = (field.start as usize, field.end as usize);
        let Spellings { texts, values } = self.spellings.get_mut(usize::from(field.quoted))?;
        if let Some(code) = texts.code(text, start, end) {
            if let Some(value) = values.get(code as usize) {
                return Some(*value);
            }
        } else {
            texts.clear();
            values.clear();
        }
        self.new_spelling(text, field)
    }

    #[cold]
    fn new_spelling(&mut self, text: &[u8], field: Field) -> Option<u32> {
        let (start, end) = (field.start as usize, field.end as usize);
        let name = self.spelled(text.get(start..end)?, field.quoted).ok();
        let Spellings { texts, values } = self.spellings.get_mut(usize::from(field.quoted))?;
        let Some(name) = name else {
            texts.back_to(values.len());
            return None;
        };
        let value = match self.values.get(&name) {
            Some(value) => *value,
            None => {
                let value = self.names.len() as u32;
                self.names.push(name.clone());
                self.values.insert(name, value);
                value
            }
        };
        if texts.code(text, start, end) == Some(values.len() as u32) {
            values.push(value);
        }
        Some(value)
    }

    /// The folder of a field's value, such as `event=view/`.
    fn spelled(&self, text: &[u8], quoted: bool) -> Result<String, Reason> {
        let refused = |refusal: Refusal| refusal.of(&self.place());
        let value = match self.column.worth(text, quoted).map_err(refused)? {
            Worth::Text(text) => {
                let text = std::str::from_utf8(&text).map_err(|_| refused(Refusal::NotUtf8))?;
                match text {
                    NULL => return Err(Reason::FolderOfNull(self.place())),
                    "" => NULL.into(),
                    text => text.to_owned(),
                }
            }
            worth => spelling(self.kind, &worth),
        };
        Ok(folder_name(&self.name, &value))
    }

    fn place(&self) -> Place {
        match &self.source {
            Source::Field(place) => place.clone(),
            _ => Place { column: 0, name: self.name.clone(), kind: self.kind },
        }
    }
}

/// A value that is no text, as the default format of its type has it.
fn spelling(kind: ColumnType, worth: &Worth<'_>) -> String {
    let whole = match worth {
        Worth::Whole(whole) => *whole,
        Worth::Real(real) => return real.to_string(),
        Worth::Null | Worth::Text(_) => return NULL.into(),
    };
    match kind {
        ColumnType::Bool => (whole != 0).to_string(),
        ColumnType::Date => moment(whole as i64 * 86_400, 0, "%Y-%m-%d"),
        ColumnType::Timestamp(TimeUnit::Millis) => timestamp(whole as i64, 1_000, "%Y-%m-%d %H:%M:%S%.3f"),
        ColumnType::Timestamp(TimeUnit::Micros) => {
            timestamp(whole as i64, 1_000_000, "%Y-%m-%d %H:%M:%S%.6f")
        }
        ColumnType::Decimal { scale, .. } => decimal(whole, scale.into()),
        _ => whole.to_string(),
    }
}

/// With its fraction only if it has one.
fn timestamp(units: i64, a_second: i64, precise: &str) -> String {
    let (seconds, part) = (units.div_euclid(a_second), units.rem_euclid(a_second));
    let nanos = (part * (1_000_000_000 / a_second)) as u32;
    moment(seconds, nanos, if part == 0 { "%Y-%m-%d %H:%M:%S" } else { precise })
}

/// Parsers know the years from 1 to 9999 only, and all of them are moments.
fn moment(seconds: i64, nanos: u32, format: &str) -> String {
    DateTime::from_timestamp(seconds, nanos).map(|at| at.format(format).to_string()).unwrap_or_default()
}

fn decimal(units: i128, scale: usize) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = scale + 1);
    match digits.split_at_checked(digits.len() - scale) {
        Some((whole, fraction)) if scale > 0 => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits}"),
    }
}

/// `column=value/`, escaped as Hive does.
fn folder_name(column: &ColumnName, value: &str) -> String {
    let mut name = format!("{column}=");
    for character in value.chars() {
        match character {
            '\0'..='\x1f'
            | '\x7f'
            | '"'
            | '#'
            | '%'
            | '\''
            | '*'
            | '/'
            | ':'
            | '='
            | '?'
            | '['
            | '\\'
            | ']'
            | '^'
            | '{'
            | '}' => name += &format!("%{:02X}", character as u32),
            plain => name.push(plain),
        }
    }
    name.push('/');
    name
}
