//! A cursor over one block: takes the keys the block knows, in the type they want, and records
//! a fault for every other thing it meets.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::quote;
use crate::faults::Faults;
use crate::keys::{Block, Key, Wants};
use crate::{Code, Diagnostic};

/// A value of the document and its place.
pub type Value<'a> = Spanned<DeValue<'a>>;

/// One block of the document.
pub struct Reader<'a> {
    block: &'static Block,
    /// The block it stands in. A key that slipped into the inner block is recognised by it.
    outer: Option<&'static Block>,
    table: &'a DeTable<'a>,
    place: Range<usize>,
    subject: String,
    /// Keys read under another spelling. Their fault is recorded; to miss them as well, or what
    /// they say, would only bury it.
    misspelt: Vec<(&'static str, &'a Value<'a>)>,
    /// Where faults go.
    pub faults: &'a Faults<'a>,
}

impl<'a> Reader<'a> {
    /// Opens a block that stands for itself; `subject` is what messages call it.
    pub fn open(
        block: &'static Block,
        table: &'a DeTable<'a>,
        place: Range<usize>,
        subject: impl Into<String>,
        faults: &'a Faults<'a>,
    ) -> Self {
        Self { block, outer: None, table, place, subject: subject.into(), misspelt: Vec::new(), faults }
            .without_unknown_keys()
    }

    /// Opens a block that stands inside this one.
    pub fn open_inner(
        &self,
        block: &'static Block,
        table: &'a DeTable<'a>,
        place: Range<usize>,
        subject: impl Into<String>,
    ) -> Self {
        let (outer, faults) = (Some(self.block), self.faults);
        Self { block, outer, table, place, subject: subject.into(), misspelt: Vec::new(), faults }
            .without_unknown_keys()
    }

    /// Where the block begins: its header, or the whole of an inline table.
    pub fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// What messages call the block.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The value of a key, whatever its type.
    pub fn find(&self, key: &Key) -> Option<&'a Value<'a>> {
        let misspelt = || self.misspelt.iter().find(|(name, _)| *name == key.name).map(|(_, value)| *value);
        self.table.get(key.name).or_else(misspelt)
    }

    /// The place of a key itself.
    pub fn key_place(&self, key: &Key) -> Range<usize> {
        self.table.get_key_value(key.name).map_or(self.place(), |(written, _)| written.span())
    }

    /// The value of a key, missed where it is required.
    pub fn take(&self, key: &Key) -> Option<&'a Value<'a>> {
        let found = self.find(key);
        if found.is_none() && key.required {
            self.miss(key);
        }
        found
    }

    /// A string.
    pub fn text(&self, key: &Key) -> Option<Spanned<&'a str>> {
        let value = self.take(key)?;
        let text = value.get_ref().as_str().map(|text| Spanned::new(value.span(), text));
        text.or_else(|| self.refuse_type(key, value))
    }

    /// A string, if it is written.
    pub fn text_if_written(&self, key: &Key) -> Option<Spanned<&'a str>> {
        self.find(key)?;
        self.text(key)
    }

    /// A whole table, if it is written.
    pub fn table_if_written(&self, key: &Key) -> Option<Spanned<&'a DeTable<'a>>> {
        self.find(key)?;
        self.table(key)
    }

    /// A string that may be left out, empty then.
    pub fn text_or_empty(&self, key: &Key) -> String {
        self.text(key).map(|text| text.into_inner().to_owned()).unwrap_or_default()
    }

    /// A boolean, if it is written.
    pub fn flag(&self, key: &Key) -> Option<bool> {
        let value = self.take(key)?;
        value.get_ref().as_bool().or_else(|| self.refuse_type(key, value))
    }

    /// A whole number, 0 or more, if it is written.
    pub fn count(&self, key: &Key) -> Option<u32> {
        let value = self.take(key)?;
        let Some(number) = value.get_ref().as_integer() else { return self.refuse_type(key, value) };
        let count = u32::from_str_radix(number.as_str(), number.radix()).ok();
        count.or_else(|| self.refuse_range(key, value))
    }

    /// A number from 0 to 1, if it is written.
    pub fn share(&self, key: &Key) -> Option<f64> {
        let value = self.take(key)?;
        let written = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => return self.refuse_type(key, value),
        };
        let share = written.filter(|share| (0.0..=1.0).contains(share));
        share.or_else(|| self.refuse_range(key, value))
    }

    /// A list of strings; elements of other types are refused one by one.
    pub fn texts(&self, key: &Key) -> Option<Spanned<Vec<Spanned<&'a str>>>> {
        let value = self.take(key)?;
        let Some(array) = value.get_ref().as_array() else { return self.refuse_type(key, value) };
        let texts = array.iter().filter_map(|element| self.element(key, element)).collect();
        Some(Spanned::new(value.span(), texts))
    }

    /// A whole table, to be read by somebody else.
    pub fn table(&self, key: &Key) -> Option<Spanned<&'a DeTable<'a>>> {
        let value = self.take(key)?;
        let table = value.get_ref().as_table().map(|table| Spanned::new(value.span(), table));
        table.or_else(|| self.refuse_type(key, value))
    }

    /// A block inside this one.
    pub fn block(&self, key: &Key, block: &'static Block) -> Option<Reader<'a>> {
        let table = self.table(key)?;
        let place = if table.span().is_empty() { self.key_place(key) } else { table.span() };
        Some(self.open_inner(block, table.into_inner(), place, format!("`{}`", block.header)))
    }

    /// The blocks of a list, `called` in messages by what they are and their `name`.
    pub fn blocks(&self, key: &Key, block: &'static Block, called: &str) -> Vec<Reader<'a>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.refuse_type::<()>(key, value);
            return Vec::new();
        };
        if array.is_empty() {
            self.refuse_empty(key, value.span());
        }
        let open = |element: &'a Value<'a>| {
            let Some(table) = element.get_ref().as_table() else {
                return self.refuse_type(key, element);
            };
            let name = table.get("name").and_then(|name| name.get_ref().as_str());
            let subject =
                name.map_or(format!("this {called}"), |name| format!("the {called} {}", quote(name)));
            Some(self.open_inner(block, table, element.span(), subject))
        };
        array.iter().filter_map(open).collect()
    }

    /// Records that something must be there.
    pub fn refuse_empty(&self, key: &Key, place: Range<usize>) {
        let title = format!("`{}` of {} is empty", key.name, self.subject);
        let fault = Diagnostic::error(Code::Empty, place, title).label("at least one is needed");
        self.faults.push(fault.help(format!("write for example `{}`", key.example)));
    }

    /// Records a value of the wrong type; `None` for the caller to pass on.
    pub fn refuse_type<T>(&self, key: &Key, value: &Value) -> Option<T> {
        let wanted = key.wants.words();
        let found = match (key.wants, found(value.get_ref())) {
            (Wants::Blocks(_), "a table") => "a single block",
            (Wants::Block(_), "a list") => "a list of blocks",
            (_, found) => found,
        };
        let title = format!("`{}` must be {wanted}, not {found}", key.spelled());
        let help =
            self.as_wanted(key, value).unwrap_or_else(|| format!("write for example `{}`", key.example));
        let fault = Diagnostic::error(Code::WrongType, value.span(), title).label(format!("this is {found}"));
        self.faults.push(fault.help(help));
        None
    }

    /// Records a number that is too small or too great.
    fn refuse_range<T>(&self, key: &Key, value: &Value) -> Option<T> {
        let title = format!("`{}` must be {}", key.name, key.wants.words());
        let written = self.faults.written(&value.span());
        let label = if written.starts_with('-') { "this is too small" } else { "this is too great" };
        let fault = Diagnostic::error(Code::InvalidValue, value.span(), title).label(label);
        self.faults.push(fault.help(format!("write for example `{}`", key.example)));
        None
    }

    fn element(&self, key: &Key, element: &'a Value<'a>) -> Option<Spanned<&'a str>> {
        let text = element.get_ref().as_str().map(|text| Spanned::new(element.span(), text));
        if text.is_none() {
            let found = found(element.get_ref());
            let title = format!("`{}` must hold strings only, not {found}", key.name);
            let fault = Diagnostic::error(Code::WrongType, element.span(), title);
            let quoted = scalar(element.get_ref()).then(|| self.faults.written(&element.span()));
            let help = quoted.map_or(format!("write for example `{}`", key.example), in_quotes);
            self.faults.push(fault.label(format!("this is {found}")).help(help));
        }
        text
    }

    /// What the user most likely meant, in the type that is wanted.
    fn as_wanted(&self, key: &Key, value: &Value) -> Option<String> {
        let written = self.faults.written(&value.span());
        match (key.wants, value.get_ref()) {
            (Wants::Text, plain) if scalar(plain) => Some(in_quotes(written)),
            (Wants::Texts | Wants::Names | Wants::ZoneTables, DeValue::String(_)) => {
                Some(format!("write `{} = [{written}]`", key.name))
            }
            (Wants::Flag, DeValue::String(text)) if matches!(&**text, "true" | "false") => {
                Some(format!("leave out the quotes: `{} = {text}`", key.name))
            }
            (Wants::Version, _) => Some(format!("write `{}`", key.example)),
            (Wants::Blocks(block), DeValue::Table(_)) => {
                Some(format!("write `{}` with two brackets, once for each", block.header))
            }
            (Wants::Block(block), DeValue::Array(_)) => {
                Some(format!("write `{}` with single brackets, once", block.header))
            }
            _ => None,
        }
    }

    /// Records that a key is not there that must be.
    pub fn miss(&self, key: &Key) {
        let title = format!("{} has no `{}`", self.subject, key.spelled());
        let fault = Diagnostic::error(Code::MissingKey, self.place(), title);
        let fault = fault.label(format!("`{}` is missing: {}", key.spelled(), key.meaning));
        self.faults.push(fault.help(key.addition()));
    }

    fn without_unknown_keys(mut self) -> Self {
        for (written, value) in self.table {
            if self.block.key(written.get_ref()).is_some() {
                continue;
            }
            let meant = self.block.suggest(written.get_ref());
            self.faults.push(self.unknown(written.get_ref(), written.span(), meant));
            if let Some(meant) = meant.filter(|meant| !self.table.contains_key(meant.name)) {
                self.misspelt.push((meant.name, value));
            }
        }
        self
    }

    fn unknown(&self, written: &str, place: Range<usize>, meant: Option<&Key>) -> Diagnostic {
        let header = self.block.header;
        let kind = if self.table.get(written).is_some_and(is_block) { "block" } else { "key" };
        let title = format!("unknown {kind} {} in {}", quote(written), self.subject);
        let fault = Diagnostic::error(Code::UnknownKey, place, title);
        if let Some(outer) = self.outer.filter(|outer| outer.key(written).is_some()) {
            let label = format!("this is a key of {}, not of `{header}`", outer.header_or_top());
            return fault.label(label).help(format!("move it up, above the first `{header}`"));
        }
        match meant {
            Some(key) => fault
                .label(format!("did you mean `{}`?", key.spelled()))
                .help(format!("write for example `{}`", key.example)),
            None => fault
                .label(format!("no such {kind}"))
                .help(format!("the keys here are {}", self.block.known())),
        }
    }
}

fn is_block(value: &Value) -> bool {
    match value.get_ref() {
        DeValue::Table(_) => true,
        DeValue::Array(array) => array.first().is_some_and(is_block),
        _ => false,
    }
}

fn in_quotes(written: &str) -> String {
    format!("put it in quotes: `\"{written}\"`")
}

fn scalar(value: &DeValue) -> bool {
    !matches!(value, DeValue::String(_) | DeValue::Array(_) | DeValue::Table(_))
}

/// The type that was found, in words.
pub fn found(value: &DeValue) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(moment) => match (moment.date, moment.time) {
            (Some(_), None) => "a date",
            (None, Some(_)) => "a time",
            _ => "a date with a time",
        },
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
