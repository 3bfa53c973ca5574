//! Calls of functions, those with words among their arguments included.
//!
//!     f(DISTINCT a, b => c) WITHIN GROUP (ORDER BY d) FILTER (WHERE e) IGNORE NULLS OVER (..)
//!     CAST(a AS t)   EXTRACT(f FROM a)   TRIM(BOTH a FROM b)   SUBSTRING(a FROM b FOR c)   POSITION(a IN b)
//!     OVERLAY(a PLACING b FROM c FOR d)   DATEADD(unit, a, b)   STRUCT(a AS b)   FIRST(a IGNORE NULLS)
//!
//! A word with a syntax of its own is still an ordinary function when called in the ordinary way.
//! Not here: windows (`window`). Begin at [`Parser::call`] and [`Parser::special_call`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::lexer::Kind;
use crate::tree::{CastMode, Expr, ExprKind, FunctionCall, Literal, Relation, RelationKind, SortOrder, Subquery, SubqueryKind};
use crate::types::quote;

const TIME_UNITS: &[&str] =
    &["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"];

impl Parser<'_> {
    /// The call of `name`, whose parenthesis stands here.
    pub(super) fn call(&mut self, start: usize, name: Vec<String>) -> Result<Expr> {
        self.expect_sign("(")?;
        let is_distinct = self.set_quantifier();
        // Only a struct's arguments may have names.
        let argument =
            if name.len() == 1 && name[0].eq_ignore_ascii_case("struct") { Self::named_expression } else { Self::argument };
        let arguments = if self.is_sign(")") { Vec::new() } else { self.list(argument)? };
        self.expect_sign(")")?;
        let mut call = FunctionCall::named("", arguments);
        call.name = name;
        call.is_distinct = is_distinct;
        count_rows(&mut call);
        self.call_clauses(start, call)
    }

    /// `DISTINCT` or `ALL` before arguments.
    fn set_quantifier(&mut self) -> bool {
        let begins_argument = !matches!(self.kind(1), Kind::Sign("," | "." | "(" | "=" | "=>" | ")"));
        if self.is_word("DISTINCT") && (begins_argument || self.is_sign_at(1, "(")) {
            self.advance();
            return true;
        }
        if self.is_word("ALL") && begins_argument && !matches!(self.kind(1), Kind::Sign(_)) {
            self.advance();
        }
        false
    }

    pub(super) fn argument(&mut self) -> Result<Expr> {
        let start = self.at;
        if self.is_identifier(0) && self.is_sign_at(1, "=>") {
            let name = self.identifier()?;
            self.advance();
            let value = Box::new(self.argument()?);
            return Ok(Expr::new(ExprKind::NamedArgument { name, value }).with_origin(self.origin_since(start)));
        }
        if self.is_word("TABLE") && (self.is_sign_at(1, "(") || self.is_identifier(1)) {
            return self.table_argument();
        }
        self.expression()
    }

    /// `TABLE(t)`, `TABLE(SELECT ..)`
    fn table_argument(&mut self) -> Result<Expr> {
        let start = self.at;
        self.expect_word("TABLE")?;
        let relation = match self.is_sign("(") {
            true if self.begins_query(1) => self.query_in_parentheses()?,
            true => {
                self.advance();
                let table = self.plain_table()?;
                self.expect_sign(")")?;
                table
            }
            false => return Err(self.bare_table_argument()),
        };
        if self.is_one_of(&["PARTITION", "DISTRIBUTE", "ORDER", "WITH"]) {
            return Err(Error::unsupported("partitioning of table arguments"));
        }
        let subquery = Subquery { kind: SubqueryKind::TableArgument, relation };
        Ok(Expr::new(ExprKind::Subquery(Box::new(subquery))).with_origin(self.origin_since(start)))
    }

    fn bare_table_argument(&mut self) -> Error {
        let start = self.at;
        let name = self.multipart_identifier().unwrap_or_default();
        let quoted: Vec<String> = name.iter().map(|part| quote(part)).collect();
        let sub = "INVALID_TABLE_FUNCTION_IDENTIFIER_ARGUMENT_MISSING_PARENTHESES";
        let error = Error::new(format!("INVALID_SQL_SYNTAX.{sub}")).with("argumentName", quoted.join("."));
        self.error_since(start, error.text("TABLE as an argument needs parentheses: TABLE(name)."))
    }

    fn plain_table(&mut self) -> Result<Relation> {
        let start = self.at;
        let name = self.multipart_identifier()?;
        let kind = RelationKind::Table { name, options: Vec::new(), is_streaming: false, time_travel: None };
        Ok(Relation::new(kind).with_origin(self.origin_since(start)))
    }

    /// What may follow the arguments.
    fn call_clauses(&mut self, start: usize, mut call: FunctionCall) -> Result<Expr> {
        if self.take_words(&["WITHIN", "GROUP"]) {
            call.within_group = self.within_group()?;
        }
        if self.is_word("FILTER") && self.is_sign_at(1, "(") && self.is_word_at(2, "WHERE") {
            self.advance();
            self.advance();
            self.advance();
            call.filter = Some(Box::new(self.expression()?));
            self.expect_sign(")")?;
        }
        if let Some(ignores) = self.nulls_option() {
            call.ignore_nulls = Some(ignores);
        }
        let function = Expr::new(ExprKind::Function(call)).with_origin(self.origin_since(start));
        self.over(start, function)
    }

    fn within_group(&mut self) -> Result<Vec<SortOrder>> {
        self.expect_sign("(")?;
        self.expect_words(&["ORDER", "BY"])?;
        let orders = self.list(Self::sort_order)?;
        self.expect_sign(")")?;
        Ok(orders)
    }

    fn nulls_option(&mut self) -> Option<bool> {
        if !self.is_word_at(1, "NULLS") {
            return None;
        }
        let word = self.take_one_of(&["IGNORE", "RESPECT"])?;
        self.advance();
        Some(word == "IGNORE")
    }

    /// A call with a syntax of its own, if this is one; the word and a parenthesis stand here.
    pub(super) fn special_call(&mut self) -> Result<Option<Expr>> {
        if *self.kind(0) != Kind::Word {
            return Ok(None);
        }
        let start = self.at;
        let word = self.written(0).to_uppercase();
        let special = match word.as_str() {
            "CAST" | "TRY_CAST" => self.cast(&word)?,
            "EXTRACT" if self.is_identifier(2) && self.is_word_at(3, "FROM") => self.extract()?,
            "TRIM" => return self.trim(start),
            "SUBSTRING" | "SUBSTR" => return self.substring(start),
            "POSITION" => return self.position(start),
            "OVERLAY" => return self.overlay(start),
            "FIRST" | "LAST" | "ANY_VALUE" | "FIRST_VALUE" | "LAST_VALUE" => return self.with_nulls_option(start),
            "TIMESTAMPADD" | "DATEADD" | "DATE_ADD" if self.is_time_unit() => self.time_shift("timestampadd")?,
            "TIMESTAMPDIFF" | "DATEDIFF" | "DATE_DIFF" | "TIMEDIFF" if self.is_time_unit() => self.time_shift("timestampdiff")?,
            "IDENTIFIER" => return self.identifier_clause(start).map(Some),
            _ => return Ok(None),
        };
        Ok(Some(special.with_origin(self.origin_since(start))))
    }

    fn cast(&mut self, word: &str) -> Result<Expr> {
        self.advance();
        self.expect_sign("(")?;
        let expression = Box::new(self.expression()?);
        self.expect_word("AS")?;
        let target = self.data_type()?;
        self.expect_sign(")")?;
        let mode = if word == "CAST" { CastMode::Session } else { CastMode::Try };
        Ok(Expr::new(ExprKind::Cast { expression, target, mode }))
    }

    fn extract(&mut self) -> Result<Expr> {
        self.advance();
        self.expect_sign("(")?;
        let field = Expr::literal(Literal::String(self.identifier()?));
        self.expect_word("FROM")?;
        let source = self.value()?;
        self.expect_sign(")")?;
        Ok(Expr::call("extract", vec![field, source]))
    }

    /// `TRIM([BOTH | LEADING | TRAILING] [characters] FROM text)`; an ordinary call if there is no FROM.
    fn trim(&mut self, start: usize) -> Result<Option<Expr>> {
        let side = ["BOTH", "LEADING", "TRAILING"].into_iter().find(|side| self.is_word_at(2, side));
        let side = side.filter(|_| !matches!(self.kind(3), Kind::Sign("," | ")" | ".")));
        let is_bare = self.is_word_at(2, "FROM") && !matches!(self.kind(3), Kind::Sign(_));
        if side.is_none() && !is_bare && !self.has_word_at_this_depth("FROM") {
            return Ok(None);
        }
        self.advance();
        self.advance();
        if side.is_some() {
            self.advance();
        }
        let characters = if self.is_word("FROM") { None } else { Some(self.value()?) };
        self.expect_word("FROM")?;
        let text = self.value()?;
        self.expect_sign(")")?;
        let function = match side {
            Some("LEADING") => "ltrim",
            Some("TRAILING") => "rtrim",
            _ => "trim",
        };
        let call = Expr::call(function, characters.into_iter().chain([text]).collect());
        Ok(Some(call.with_origin(self.origin_since(start))))
    }

    fn substring(&mut self, start: usize) -> Result<Option<Expr>> {
        if !self.has_word_at_this_depth("FROM") {
            return Ok(None);
        }
        self.advance();
        self.advance();
        let mut arguments = vec![self.value()?];
        self.expect_word("FROM")?;
        arguments.push(self.value()?);
        if self.take_word("FOR") {
            arguments.push(self.value()?);
        }
        self.expect_sign(")")?;
        Ok(Some(Expr::call("substring", arguments).with_origin(self.origin_since(start))))
    }

    fn position(&mut self, start: usize) -> Result<Option<Expr>> {
        if !self.has_word_at_this_depth("IN") {
            return Ok(None);
        }
        self.advance();
        self.advance();
        let part = self.value()?;
        self.expect_word("IN")?;
        let text = self.value()?;
        self.expect_sign(")")?;
        let first = Expr::literal(Literal::Int(1));
        Ok(Some(Expr::call("locate", vec![part, text, first]).with_origin(self.origin_since(start))))
    }

    fn overlay(&mut self, start: usize) -> Result<Option<Expr>> {
        if !self.has_word_at_this_depth("PLACING") {
            return Ok(None);
        }
        self.advance();
        self.advance();
        let mut arguments = vec![self.value()?];
        self.expect_word("PLACING")?;
        arguments.push(self.value()?);
        self.expect_word("FROM")?;
        arguments.push(self.value()?);
        let length = if self.take_word("FOR") { self.value()? } else { Expr::literal(Literal::Int(-1)) };
        arguments.push(length);
        self.expect_sign(")")?;
        Ok(Some(Expr::call("overlay", arguments).with_origin(self.origin_since(start))))
    }

    /// `FIRST(a IGNORE NULLS)`
    fn with_nulls_option(&mut self, start: usize) -> Result<Option<Expr>> {
        if !self.has_word_at_this_depth("IGNORE") && !self.has_word_at_this_depth("RESPECT") {
            return Ok(None);
        }
        let name = vec![self.identifier()?];
        self.expect_sign("(")?;
        let mut call = FunctionCall::named("", self.list(Self::expression)?);
        call.name = name;
        call.ignore_nulls = self.nulls_option();
        self.expect_sign(")")?;
        self.call_clauses(start, call).map(Some)
    }

    fn is_time_unit(&self) -> bool {
        self.is_one_of_at(2, TIME_UNITS) && self.is_sign_at(3, ",")
    }

    /// `DATEADD(DAY, 1, x)`: the unit goes as text.
    fn time_shift(&mut self, function: &str) -> Result<Expr> {
        self.advance();
        self.advance();
        let mut arguments = vec![Expr::literal(Literal::String(self.identifier()?))];
        for _ in 0..2 {
            self.expect_sign(",")?;
            arguments.push(self.value()?);
        }
        self.expect_sign(")")?;
        Ok(Expr::call(function, arguments))
    }

    /// `IDENTIFIER('a.b')`: a column, or with a parenthesis behind it a function.
    fn identifier_clause(&mut self, start: usize) -> Result<Expr> {
        let parts = self.identifier_of_text()?;
        if self.is_sign("(") {
            return self.call(start, parts);
        }
        Ok(Expr::attribute(parts).with_origin(self.origin_since(start)))
    }

    /// `IDENTIFIER('a.b')` to its parts.
    pub(super) fn identifier_of_text(&mut self) -> Result<Vec<String>> {
        self.expect_word("IDENTIFIER")?;
        self.expect_sign("(")?;
        let start = self.at;
        let expression = self.expression()?;
        let text = constant_text(&expression).ok_or_else(|| {
            let error = Error::new("NOT_A_CONSTANT_STRING.NOT_CONSTANT").with("name", "IDENTIFIER");
            error.with("expr", self.written_since(start)).context(self.context_since(start))
        })?;
        self.expect_sign(")")?;
        super::parse_identifier(&text).map_err(|error| self.error_since(start - 2, error))
    }

    /// Whether `word` occurs between the parenthesis after the word here and its partner, outside other parentheses.
    fn has_word_at_this_depth(&self, word: &str) -> bool {
        let Some(behind) = self.after_partner(1) else { return false };
        let mut ahead = 2;
        while ahead < behind {
            if self.is_word_at(ahead, word) && !self.is_sign_at(ahead - 1, "(") {
                return true;
            }
            ahead = match self.is_sign_at(ahead, "(") {
                true => self.after_partner(ahead).unwrap_or(behind),
                false => ahead + 1,
            };
        }
        false
    }
}

/// A text known while parsing: strings, joined or not.
fn constant_text(expression: &Expr) -> Option<String> {
    match &expression.kind {
        ExprKind::Literal(Literal::String(text)) => Some(text.clone()),
        ExprKind::Function(call) if matches!(call.bare().as_str(), "||" | "concat") => {
            call.arguments.iter().map(constant_text).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
        }
        _ => None,
    }
}

/// `count(*)` counts rows.
fn count_rows(call: &mut FunctionCall) {
    let is_bare_star = |argument: &Expr| {
        matches!(&argument.kind, ExprKind::Star { target, except, replace, .. }
            if target.is_empty() && except.is_empty() && replace.is_empty())
    };
    if call.name.len() == 1
        && call.bare() == "count"
        && !call.is_distinct
        && matches!(&call.arguments[..], [only] if is_bare_star(only))
    {
        call.arguments = vec![Expr::literal(Literal::Int(1))];
    }
}
