//! A query: that it is one, and which tables and models it reads.
//!
//! It is parsed by the parser of the engine that runs it, so that both see the same names in it. What
//! its columns are is not asked here: that takes the engine.

use std::ops::{ControlFlow, Range};

use sqlparser::ast::{
    Cte, Ident, ObjectName, Query as Tree, SetExpr, Spanned as _, Statement, TableFactor, Visit, Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Span, Token, Tokenizer};
use toml::Spanned;

use super::refused;
use crate::faults::Faults;
use crate::{Code, Diagnostic};

/// A query without faults of its own.
pub struct Query {
    /// Its text, without what stands around it.
    pub sql: String,
    /// What it reads, in its order; a name may stand there twice.
    pub references: Vec<Reference>,
}

/// A name that stands for a table or a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name as SQL reads it.
    pub name: String,
    /// Where it stands.
    pub place: Range<usize>,
}

/// More than a query of a person's hand has.
const MOST_TOKENS: usize = 10_000;

/// Room for a query in which each of those is nested in the next, as in `1 + 1 + ...`: parsing one is a
/// loop, looking through it and dropping it is not. A test build takes a few KB for each.
const STACK_BYTES: usize = 64 << 20;

/// Reads the query at a place of the files.
pub fn read(place: &Range<usize>, faults: &Faults) -> Option<Query> {
    let text = faults.written(place);
    let begins = place.start + (text.len() - text.trim_start().len());
    read_at(text.trim(), &|range| begins + range.start..begins + range.end, faults)
}

/// Reads the query that a string holds; every fault is the whole string's, since escapes move places.
pub fn read_text(written: &Spanned<&str>, faults: &Faults) -> Option<Query> {
    read_at(written.get_ref().trim(), &|_| written.span(), faults)
}

type Placed<'p> = &'p dyn Fn(Range<usize>) -> Range<usize>;

fn read_at(text: &str, placed: Placed, faults: &Faults) -> Option<Query> {
    let refuse = |fault: Diagnostic| {
        let span = placed(fault.span.clone());
        faults.push(Diagnostic { span, ..fault });
    };
    let Read { references, faults, end } = match with_room(|| look_through(text)) {
        Ok(read) => read,
        Err(fault) => {
            refuse(*fault);
            return None;
        }
    };
    faults.into_iter().for_each(refuse);
    let references = references.into_iter().map(|it| Reference { place: placed(it.place), ..it }).collect();
    Some(Query { sql: text[..end].trim_end().to_owned(), references })
}

/// What was found in a text.
struct Read {
    references: Vec<Reference>,
    faults: Vec<Diagnostic>,
    /// Where the query ends.
    end: usize,
}

fn look_through(text: &str) -> Result<Read, Box<Diagnostic>> {
    let (statement, end) = parse(text)?;
    let mut reading = Reading { text, scopes: Vec::new(), references: Vec::new(), faults: Vec::new() };
    let _ = statement.visit(&mut reading);
    Ok(Read { references: reading.references, faults: reading.faults, end })
}

/// Does something on a stack of its own. A system that has none to give is out of memory.
fn with_room<T: Send>(act: impl FnOnce() -> Result<T, Box<Diagnostic>> + Send) -> Result<T, Box<Diagnostic>> {
    let failed = || {
        let fault = Diagnostic::error(Code::Sql, 0..0, "the query could not be read");
        Box::new(fault.label("its parser has died").help("please report it, with the query"))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, act);
        thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| Err(failed()))
    })
}

/// The one statement of a text, and where it ends.
fn parse(text: &str) -> Result<(Statement, usize), Box<Diagnostic>> {
    let broken = |error: ParserError| Box::new(broken(text, &error));
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| broken(error.into()))?;
    if tokens.len() > MOST_TOKENS {
        let fault = Diagnostic::error(Code::Sql, 0..0, "the query is too long");
        let fault = fault.label(format!("it has more than {MOST_TOKENS} words and signs"));
        return Err(Box::new(fault.help("make several models of it, of which one reads the other")));
    }
    let mut parser = Parser::new(&GenericDialect).with_tokens_with_locations(tokens);
    if parser.peek_token().token == Token::EOF {
        let fault = Diagnostic::error(Code::Sql, 0..0, "there is no query").label("the file ends here");
        return Err(Box::new(fault.help("write for example `select * from sales`, below the header")));
    }
    let statement = parser.parse_statement().map_err(broken)?;
    let end = offset(text, parser.peek_token().span.start);
    while parser.consume_token(&Token::SemiColon) {}
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(Box::new(second(text, next.span)));
    }
    match &statement {
        Statement::Query(query) if is_read(&query.body) => Ok((statement, end)),
        _ => Err(Box::new(no_query(text))),
    }
}

/// Whether a query reads only. `INSERT` and its like may stand where a `SELECT` does.
fn is_read(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(_) | SetExpr::Values(_) => true,
        SetExpr::Query(query) => is_read(&query.body),
        SetExpr::SetOperation { left, right, .. } => is_read(left) && is_read(right),
        _ => false,
    }
}

fn second(text: &str, span: Span) -> Diagnostic {
    let fault = Diagnostic::error(Code::Sql, range(text, span), "there is more behind the query");
    fault.label("a model is one query").help("put it into a model of its own, or leave it out")
}

fn no_query(text: &str) -> Diagnostic {
    let first = text.find(char::is_whitespace).unwrap_or(text.len());
    let fault = Diagnostic::error(Code::Sql, 0..first, "this is no query");
    fault.label("a model is one `SELECT`").help("write `select ...`; tarn makes the table itself")
}

/// The parser says where it stands at the end of its message.
fn broken(text: &str, error: &ParserError) -> Diagnostic {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => "it is nested too deeply",
    };
    let (message, place) = match message.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, location(place)),
        None => (message, None),
    };
    // At the end of the text the parser stands nowhere.
    let last = text.char_indices().last().map_or(0, |(start, _)| start);
    let start = place.map_or(if message.ends_with("EOF") { last } else { 0 }, |place| offset(text, place));
    let length = text[start..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len() - start);
    let end = start + length.max(text[start..].chars().next().map_or(0, char::len_utf8));
    let title = format!("this is no SQL: {}", message.trim_start_matches("sql parser error: "));
    let fault = Diagnostic::error(Code::Sql, start..end, title).label("the fault is here");
    fault.help("a model is a header in a comment, and one `SELECT` as DataFusion reads it")
}

fn location(words: &str) -> Option<Location> {
    let (line, column) = words.split_once(", Column: ")?;
    Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
}

/// The byte of a place. Lines and columns count from 1, columns in characters; 0 is nowhere, the end.
fn offset(text: &str, place: Location) -> usize {
    let Some(line) = place.line.checked_sub(1) else { return text.len() };
    let start = match line {
        0 => 0,
        line => text.match_indices('\n').nth(line as usize - 1).map_or(text.len(), |(end, _)| end + 1),
    };
    let column = (place.column as usize).saturating_sub(1);
    text[start..].char_indices().nth(column).map_or(text.len(), |(offset, _)| start + offset)
}

/// The bytes of a span.
pub fn range(text: &str, span: Span) -> Range<usize> {
    let (start, end) = (offset(text, span.start), offset(text, span.end));
    start..end.max(start)
}

/// A walk through a query.
struct Reading<'t> {
    text: &'t str,
    scopes: Vec<Scope>,
    references: Vec<Reference>,
    faults: Vec<Diagnostic>,
}

/// The names that a query gives to queries of its `WITH`.
struct Scope {
    /// The name, and which query has it: its place in memory, looked at and never followed.
    names: Vec<(String, *const Tree)>,
    /// How many of them can be read where the walk is: one after the other, or all if one may read
    /// itself.
    visible: usize,
}

impl Visitor for Reading<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Tree) -> ControlFlow<()> {
        self.faults.extend(refused::of_query(self.text, query));
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        let name = |cte: &Cte| (folded(&cte.alias.name), std::ptr::from_ref(cte.query.as_ref()));
        let names: Vec<_> = ctes.map(name).collect();
        let recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let visible = if recursive { names.len() } else { 0 };
        self.scopes.push(Scope { names, visible });
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Tree) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(scope) = self.scopes.last_mut()
            && let Some(index) = scope.names.iter().position(|(_, it)| std::ptr::eq(*it, query))
        {
            scope.visible = scope.visible.max(index + 1);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.faults.extend(refused::of_factor(self.text, factor));
        if let TableFactor::Table { name, args: None, .. } = factor {
            self.refer(name);
        }
        ControlFlow::Continue(())
    }
}

impl Reading<'_> {
    fn refer(&mut self, name: &ObjectName) {
        let place = range(self.text, name.span());
        let parts: Option<Vec<_>> = name.0.iter().map(|part| part.as_ident()).collect();
        match parts.as_deref() {
            Some([ident]) => {
                let name = folded(ident);
                if !self.is_local(&name) {
                    self.references.push(Reference { name, place });
                }
            }
            _ => self.faults.push(refused::qualified(place, name)),
        }
    }

    fn is_local(&self, name: &str) -> bool {
        let visible = |scope: &Scope| scope.names[..scope.visible].iter().any(|(known, _)| known == name);
        self.scopes.iter().any(visible)
    }
}

/// A name as the engine reads it: in lower case, but between quotes.
fn folded(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Files;

    fn names(sql: &str) -> Vec<String> {
        let files = Files::new("lake.toml", sql);
        let faults = Faults::new(&files);
        let query = read(&(0..sql.len()), &faults);
        let found = faults.into_inner();
        assert_eq!(found, [], "{sql}");
        query.unwrap().references.into_iter().map(|reference| reference.name).collect()
    }

    #[test]
    fn names_of_the_query_itself_are_no_references() {
        for (sql, wanted) in [
            ("select * from Sales s, \"users\" join dates on true", vec!["sales", "users", "dates"]),
            ("with a as (select * from sales), b as (select * from a) select * from a, b", vec!["sales"]),
            ("with sales as (select * from sales) select * from sales", vec!["sales"]),
            ("with b as (select * from a), a as (select 1) select * from a, b", vec!["a"]),
            ("with recursive n as (select 1 as i union all select i + 1 from n) select * from n", vec![]),
            ("select (with a as (select * from b) select max(x) from a) from a", vec!["b", "a"]),
            ("select * from sales where x in (select y from users) -- from none", vec!["sales", "users"]),
            ("select * from (select * from a union all select * from c) b, a", vec!["a", "c", "a"]),
            ("select * from generate_series(1, 3), unnest([1, 2])", vec![]),
            ("select extract(year from day), trim(x from name) from sales;;", vec!["sales"]),
        ] {
            assert_eq!(names(sql), wanted, "{sql}");
        }
    }

    #[test]
    fn what_stands_around_a_query_is_no_part_of_it() {
        let text = "  \n-- Why.\nselect 'a;b' -- end\n ;\n -- over";
        let files = Files::new("lake.toml", text);
        let query = read(&(0..text.len()), &Faults::new(&files)).unwrap();
        assert_eq!(query.sql, "-- Why.\nselect 'a;b' -- end");
    }

    #[test]
    fn the_longest_query_fits_into_a_stack() {
        let sums = format!("select 1{}", "+1".repeat(MOST_TOKENS / 2 - 4));
        let deep = format!("select {}1{}", "(".repeat(3000), ")".repeat(3000));
        let files = Files::new("lake.toml", "");
        for (sql, sound) in [(sums.as_str(), true), (&deep, false), (&sums.repeat(2), false)] {
            let found = read_text(&Spanned::new(0..0, sql), &Faults::new(&files));
            assert_eq!(found.is_some(), sound, "{}", sql.len());
        }
    }
}
