//! Words to a condition, by recursive descent.

use std::ops::Range;

use super::lexer::{Fault, Token, Word, tokens};
use super::{Ask, ColumnTest, Comparison, Condition, Form, RowFilter, SqlLiteral};
use crate::ColumnName;

/// How deep brackets and `NOT`s may stand in each other. Evaluation goes as deep.
const DEEPEST: usize = 32;

/// Reads a whole text.
pub(super) fn condition(text: &str) -> Result<Condition, Fault> {
    if text.len() > RowFilter::LONGEST {
        let why = format!("it has {} bytes, and Lake Formation takes {}", text.len(), RowFilter::LONGEST);
        return Err((0..text.len(), why));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, end: text.len(), at: 0, depth: 0 };
    let condition = parser.any_of()?;
    match parser.peek() {
        None => Ok(condition),
        Some(token) => Err((token.place.clone(), "the condition is complete before this".into())),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    end: usize,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    /// `term { OR term }`
    fn any_of(&mut self) -> Result<Condition, Fault> {
        let mut condition = self.all_of()?;
        while self.takes("or") {
            condition = Condition::Or(Box::new(condition), Box::new(self.all_of()?));
        }
        Ok(condition)
    }

    /// `factor { AND factor }`
    fn all_of(&mut self) -> Result<Condition, Fault> {
        let mut condition = self.factor()?;
        while self.takes("and") {
            condition = Condition::And(Box::new(condition), Box::new(self.factor()?));
        }
        Ok(condition)
    }

    fn factor(&mut self) -> Result<Condition, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let place = self.place();
            return Err((place, format!("more than {DEEPEST} brackets and `NOT`s stand in each other")));
        }
        let condition = if self.takes("not") {
            Condition::Not(Box::new(self.factor()?))
        } else if self.takes_sign("(") {
            let inner = self.any_of()?;
            self.wants_sign(")")?;
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn test(&mut self) -> Result<Condition, Fault> {
        if let Some(literal) = self.literal()? {
            let comparison = self.comparison()?.ok_or_else(|| self.wanted("a comparison such as `=`"))?;
            let (column, place) = self.column()?;
            return Ok(test(column, place, Ask::Compare(comparison.flipped(), literal)));
        }
        let (column, place) = self.column()?;
        if let Some(comparison) = self.comparison()? {
            return Ok(test(column, place, Ask::Compare(comparison, self.wants_literal()?)));
        }
        if self.takes("is") {
            let negated = self.takes("not");
            self.wants("null")?;
            return Ok(negate(negated, test(column, place, Ask::IsNull)));
        }
        let negated = self.takes("not");
        Ok(negate(negated, test(column, place, self.ask()?)))
    }

    /// What may stand behind `NOT`.
    fn ask(&mut self) -> Result<Ask, Fault> {
        if self.takes("in") {
            return self.list().map(Ask::In);
        }
        if self.takes("between") {
            let low = self.wants_literal()?;
            self.wants("and")?;
            return Ok(Ask::Between(low, self.wants_literal()?));
        }
        if self.takes("like") {
            let pattern = self.wants_literal()?;
            return match pattern.form {
                Form::Text => Ok(Ask::Like(pattern)),
                _ => Err((pattern.place, "`LIKE` wants a text in single quotes".into())),
            };
        }
        Err(self.wanted("a comparison, `IN`, `BETWEEN`, `LIKE` or `IS NULL`"))
    }

    fn list(&mut self) -> Result<Vec<SqlLiteral>, Fault> {
        self.wants_sign("(")?;
        let mut literals = vec![self.wants_literal()?];
        while self.takes_sign(",") {
            literals.push(self.wants_literal()?);
        }
        self.wants_sign(")")?;
        Ok(literals)
    }

    fn comparison(&mut self) -> Result<Option<Comparison>, Fault> {
        let Some(Token { word: Word::Sign(sign), .. }) = self.peek() else { return Ok(None) };
        let comparison = match *sign {
            "=" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(comparison))
    }

    /// A literal, if one begins here. `date` without a text behind it is a column.
    fn literal(&mut self) -> Result<Option<SqlLiteral>, Fault> {
        let Some(token) = self.peek() else { return Ok(None) };
        let (form, text, end) = match &token.word {
            Word::Number(number) => (Form::Number, number.clone(), token.place.end),
            Word::Text(text) => (Form::Text, text.clone(), token.place.end),
            Word::Bare(word) => {
                let truth = ["true", "false"].into_iter().find(|truth| word.eq_ignore_ascii_case(truth));
                match (truth, self.typed(word)) {
                    (Some(truth), _) => (Form::Bool, truth.to_owned(), token.place.end),
                    (None, Some((form, text, end))) => {
                        self.at += 1;
                        (form, text, end)
                    }
                    (None, None) => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(SqlLiteral { form, text, place: token.place.start..end }))
    }

    /// `DATE '...'` and `TIMESTAMP '...'`.
    fn typed(&self, word: &str) -> Option<(Form, String, usize)> {
        let forms = [("date", Form::Date), ("timestamp", Form::Timestamp)];
        let (_, form) = forms.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name))?;
        match self.tokens.get(self.at + 1) {
            Some(Token { word: Word::Text(text), place }) => Some((form, text.clone(), place.end)),
            _ => None,
        }
    }

    fn wants_literal(&mut self) -> Result<SqlLiteral, Fault> {
        if self.is_at("null") {
            let why = "nothing compares with `NULL`; ask with `IS NULL`".into();
            return Err((self.place(), why));
        }
        self.literal()?.ok_or_else(|| self.wanted("a value: a number, or a text in single quotes"))
    }

    /// A name; SQL folds one without quotes to lower case.
    fn column(&mut self) -> Result<(ColumnName, Range<usize>), Fault> {
        let name = match self.peek().map(|token| &token.word) {
            Some(Word::Bare(word)) if !is_reserved(word) => word.to_ascii_lowercase(),
            Some(Word::Quoted(name)) => name.clone(),
            _ => return Err(self.wanted("the name of a column")),
        };
        let place = self.place();
        let name = ColumnName::new(name).map_err(|error| (place.clone(), error.to_string()))?;
        self.at += 1;
        Ok((name, place))
    }

    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn is_at(&self, keyword: &str) -> bool {
        matches!(self.peek(), Some(Token { word: Word::Bare(word), .. }) if word.eq_ignore_ascii_case(keyword))
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let found = self.is_at(keyword);
        self.at += usize::from(found);
        found
    }

    fn takes_sign(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token { word: Word::Sign(sign), .. }) if *sign == wanted);
        self.at += usize::from(found);
        found
    }

    fn wants(&mut self, keyword: &str) -> Result<(), Fault> {
        if self.takes(keyword) { Ok(()) } else { Err(self.wanted(&format!("`{}`", keyword.to_uppercase()))) }
    }

    fn wants_sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.takes_sign(sign) { Ok(()) } else { Err(self.wanted(&format!("`{sign}`"))) }
    }

    fn wanted(&self, what: &str) -> Fault {
        (self.place(), format!("{what} is missing here"))
    }

    /// The word that is next, or the end.
    fn place(&self) -> Range<usize> {
        self.peek().map_or(self.end..self.end, |token| token.place.clone())
    }
}

fn test(column: ColumnName, place: Range<usize>, ask: Ask) -> Condition {
    Condition::Test(ColumnTest { column, place, ask })
}

fn negate(negated: bool, condition: Condition) -> Condition {
    if negated { Condition::Not(Box::new(condition)) } else { condition }
}

/// Words that mean something in a condition; a column of that name stands in double quotes.
fn is_reserved(word: &str) -> bool {
    const WORDS: [&str; 9] = ["and", "or", "not", "in", "like", "is", "null", "between", "escape"];
    WORDS.iter().any(|reserved| word.eq_ignore_ascii_case(reserved))
}
