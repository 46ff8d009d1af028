//! `tests` of a model: what must hold before its rows are published.

use tarn_lake::{ColumnName, ModelTest, TableName};
use toml::Spanned;

use super::columns;
use super::query::{self, Reference};
use crate::keys::{Block, Key, Wants};
use crate::name;
use crate::reader::Reader;
use crate::{Code, Diagnostic};

/// The tests.
pub const TESTS: Key = Key::optional(
    "tests",
    Wants::Blocks(&BLOCK),
    r#"tests = [{ unique = ["day"] }, { not_null = ["day"] }]"#,
    "what must hold of its rows before they are published",
)
.also(&["test", "constraints", "expectations", "checks", "data_tests"]);

const UNIQUE: Key =
    Key::optional("unique", Wants::Names, r#"unique = ["order_id"]"#, "no two rows share these columns");
const NOT_NULL: Key =
    Key::optional("not_null", Wants::Names, r#"not_null = ["day"]"#, "none of these columns is ever null")
        .also(&["required"]);
const ACCEPTED_VALUES: Key = Key::optional(
    "accepted_values",
    Wants::Block(&ACCEPTED),
    r#"accepted_values = { column = "kind", values = ["a", "b"] }"#,
    "a column has no other values than these, or none",
)
.also(&["allowed", "values", "enum"]);
const RELATIONSHIP: Key = Key::optional(
    "relationship",
    Wants::Block(&RELATED),
    r#"relationship = { column = "user_id", to = "users", field = "id" }"#,
    "every value of a column stands in another table or model",
)
.also(&["relationships", "references", "foreign_key"]);
const SQL: Key = Key::optional(
    "sql",
    Wants::Text,
    r#"sql = "select * from sales where total < 0""#,
    "a query of the rows that must not be",
)
.also(&["query", "expression"]);

/// The keys of one test; it has one of them.
static BLOCK: Block =
    Block { header: "[[tests]]", keys: &[UNIQUE, NOT_NULL, ACCEPTED_VALUES, RELATIONSHIP, SQL] };

const COLUMN: Key = Key::required("column", Wants::Text, r#"column = "kind""#, "a column of the model")
    .also(&["column_name", "name"]);
const VALUES: Key =
    Key::required("values", Wants::Texts, r#"values = ["a", "b"]"#, "the values, as SQL writes them as text");
const TO: Key = Key::required("to", Wants::Text, r#"to = "users""#, "the other table or model")
    .also(&["table", "model", "ref"]);
const FIELD: Key = Key::required("field", Wants::Text, r#"field = "id""#, "its column");

static ACCEPTED: Block = Block { header: "[tests.accepted_values]", keys: &[COLUMN, VALUES] };
static RELATED: Block = Block { header: "[tests.relationship]", keys: &[COLUMN, TO, FIELD] };

/// The tests, and what they read beside the model.
#[derive(Default)]
pub struct Tests {
    pub tests: Vec<ModelTest>,
    pub references: Vec<Reference>,
}

/// Reads the tests of the model that is called `own`.
pub fn read_all(block: &Reader, own: &str) -> Tests {
    let mut tests = Tests::default();
    if block.find(&TESTS).is_none() {
        return tests;
    }
    for test in block.blocks(&TESTS, &BLOCK, "test") {
        if is_one(&test) {
            tests.add(&test, own);
        }
    }
    tests
}

/// A test of two keys would leave open whether both must hold.
fn is_one(test: &Reader) -> bool {
    let count = BLOCK.keys.iter().filter(|key| test.find(key).is_some()).count();
    if count == 0 {
        let fault = Diagnostic::error(Code::Empty, test.place(), "a test tests nothing");
        let fault = fault.label(format!("it has none of {}", BLOCK.known()));
        test.faults.push(fault.help(format!("write for example `{{ {} }}`", NOT_NULL.example)));
    } else if count > 1 {
        let fault = Diagnostic::error(Code::Contradiction, test.place(), "a test tests two things");
        let fault = fault.label("one test has one key");
        test.faults.push(fault.help("write `{ ... }, { ... }`, a test for each"));
    }
    count == 1
}

impl Tests {
    fn add(&mut self, test: &Reader, own: &str) {
        let names = |key: &Key| {
            let names: Vec<ColumnName> = columns(test, key).into_iter().map(Spanned::into_inner).collect();
            (!names.is_empty()).then_some(names)
        };
        self.tests.extend(names(&UNIQUE).map(ModelTest::Unique));
        self.tests.extend(names(&NOT_NULL).map(ModelTest::NotNull));
        self.tests.extend(accepted(test));
        self.relate(test, own);
        self.query(test, own);
    }

    fn relate(&mut self, test: &Reader, own: &str) {
        let Some(inner) = test.find(&RELATIONSHIP).and_then(|_| test.block(&RELATIONSHIP, &RELATED)) else {
            return;
        };
        let (column, field, to) = (column(&inner, &COLUMN), column(&inner, &FIELD), inner.text(&TO));
        let Some(to) = to else { return };
        if *to.get_ref() != own {
            self.references.push(Reference { name: to.get_ref().to_string(), place: to.span() });
        }
        let to = TableName::new(*to.get_ref()).ok();
        if let (Some(column), Some(to), Some(field)) = (column, to, field) {
            self.tests.push(ModelTest::Relationship { column, to, field });
        }
    }

    fn query(&mut self, test: &Reader, own: &str) {
        let Some(written) = test.text_if_written(&SQL) else { return };
        if let Some(query) = query::read_text(&written, test.faults) {
            let others = query.references.into_iter().filter(|reference| reference.name != own);
            self.references.extend(others);
            self.tests.push(ModelTest::Sql(query.sql));
        }
    }
}

fn accepted(test: &Reader) -> Option<ModelTest> {
    test.find(&ACCEPTED_VALUES)?;
    let inner = test.block(&ACCEPTED_VALUES, &ACCEPTED)?;
    let (column, values) = (column(&inner, &COLUMN), inner.texts(&VALUES)?);
    if values.get_ref().is_empty() {
        inner.refuse_empty(&VALUES, values.span());
    }
    let values = values.into_inner().into_iter().map(|value| value.into_inner().to_owned()).collect();
    Some(ModelTest::AcceptedValues { column: column?, values })
}

fn column(block: &Reader, key: &Key) -> Option<ColumnName> {
    name::check(&block.text(key)?, block.faults)
}
