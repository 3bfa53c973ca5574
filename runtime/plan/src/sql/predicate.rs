//! Predicates: what is said about one value.
//!
//!     BETWEEN a AND b    IN (..)    LIKE x ESCAPE '/'    LIKE ANY (..)    RLIKE x    IS [NOT] NULL, TRUE, DISTINCT FROM x
//!
//! LIKE ANY and LIKE ALL become OR and AND of LIKEs, which give the same answers for nulls too, under a call by which Spark
//! names them where all patterns are constants.
//! Begin at [`Parser::predicate`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::expression::{balanced, negate};
use crate::tree::{Expr, ExprKind, FunctionCall, Literal, Subquery, SubqueryKind};

impl Parser<'_> {
    /// `value` with the predicate behind it if there is one.
    pub(super) fn predicate(&mut self, value: Expr) -> Result<Expr> {
        if self.is_word("IS") && self.is_identifier(1) {
            return self.is_predicate(value);
        }
        let behind = self.at;
        let negated = self.is_word("NOT");
        let ahead = usize::from(negated);
        if !self.is_one_of_at(ahead, &["BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP"]) {
            return Ok(value);
        }
        if negated {
            self.advance();
        }
        // What is wrong with a predicate is told of what follows the value alone.
        let inner = self.positive_predicate(behind, value, negated)?;
        Ok(inner.with_origin(self.origin_since(behind)))
    }

    fn positive_predicate(&mut self, start: usize, value: Expr, negated: bool) -> Result<Expr> {
        let wrap = |inner: Expr| if negated { negate(inner) } else { inner };
        if self.take_word("BETWEEN") {
            let lower = self.value()?;
            self.expect_word("AND")?;
            let upper = self.value()?;
            let between = Expr::call("between", vec![value, lower, upper]).with_origin(self.origin_since(start));
            return Ok(wrap(between));
        }
        if self.take_word("IN") {
            let inner = self.in_predicate(value)?.with_origin(self.origin_since(start));
            return Ok(wrap(inner));
        }
        if self.take_one_of(&["RLIKE", "REGEXP"]).is_some() {
            let pattern = self.value()?;
            return Ok(wrap(Expr::call("rlike", vec![value, pattern]).with_origin(self.origin_since(start))));
        }
        let function = if self.take_word("ILIKE") { "ilike" } else { "like" };
        if function == "like" {
            self.expect_word("LIKE")?;
        }
        match self.quantifier() {
            Some(join) => self.quantified_like(start, function, join, value, negated),
            None => {
                let like = self.like(function, value)?.with_origin(self.origin_since(start));
                Ok(wrap(like))
            }
        }
    }

    /// `ANY`, `SOME` or `ALL` before parentheses; how the patterns are joined.
    fn quantifier(&mut self) -> Option<&'static str> {
        if !self.is_sign_at(1, "(") {
            return None;
        }
        self.take_one_of(&["ANY", "SOME", "ALL"]).map(|word| if word == "ALL" { "and" } else { "or" })
    }

    fn quantified_like(&mut self, start: usize, function: &str, join: &str, value: Expr, negated: bool) -> Result<Expr> {
        if self.is_sign_at(1, ")") {
            self.advance();
            self.advance();
            let text = "LIKE ANY and LIKE ALL need at least one pattern.";
            return Err(self.error_since(start, Error::new("_LEGACY_ERROR_TEMP_0064").with("msg", text).text(text)));
        }
        let patterns = self.in_parentheses(Self::expression)?;
        let are_constant = patterns.iter().all(|pattern| matches!(pattern.kind, ExprKind::Literal(Literal::String(_))));
        let named = if function == "ilike" { Expr::call("lower", vec![value.clone()]) } else { value.clone() };
        let likes = patterns.into_iter().map(|pattern| {
            let like = Expr::call(function, vec![value.clone(), pattern]);
            if negated { negate(like) } else { like }
        });
        let likes = balanced(join, likes.collect());
        if !are_constant {
            return Ok(likes);
        }
        let name = format!("{}like{}", if negated { "not" } else { "" }, if join == "and" { "all" } else { "any" });
        let call = FunctionCall { is_internal: true, ..FunctionCall::named(&name, vec![named, likes]) };
        Ok(Expr::new(ExprKind::Function(call)))
    }

    fn like(&mut self, function: &str, value: Expr) -> Result<Expr> {
        let mut arguments = vec![value, self.value()?];
        if self.take_word("ESCAPE") {
            let start = self.at;
            let escape = self.string()?;
            if escape.chars().count() != 1 {
                let error = Error::new("INVALID_ESC").with("invalidEscape", format!("'{escape}'"));
                return Err(self.error_since(start, error.text("ESCAPE needs exactly one character.")));
            }
            arguments.push(Expr::literal(Literal::String(escape)));
        }
        Ok(Expr::call(function, arguments))
    }

    fn in_predicate(&mut self, value: Expr) -> Result<Expr> {
        if self.is_sign("(") && self.begins_query(1) {
            let relation = self.query_in_parentheses()?;
            let kind = SubqueryKind::In(values_of(value));
            return Ok(Expr::new(ExprKind::Subquery(Box::new(Subquery { kind, relation }))));
        }
        if self.is_sign("(") && self.is_sign_at(1, ")") {
            let start = self.at - 1;
            self.advance();
            self.advance();
            let error = Error::new("INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE").text("IN needs at least one value.");
            return Err(self.error_since(start, error));
        }
        let mut arguments = vec![value];
        arguments.extend(self.in_parentheses(Self::expression)?);
        Ok(Expr::call("in", arguments))
    }

    fn is_predicate(&mut self, value: Expr) -> Result<Expr> {
        let start = self.at;
        self.expect_word("IS")?;
        let negated = self.take_word("NOT");
        let word = self.take_one_of(&["NULL", "UNKNOWN", "TRUE", "FALSE", "DISTINCT"]).ok_or_else(|| self.error_here())?;
        let boolean = |truth| Expr::literal(Literal::Boolean(truth));
        let inner = match word {
            "NULL" | "UNKNOWN" if negated => Expr::call("isnotnull", vec![value]),
            "NULL" | "UNKNOWN" => Expr::call("isnull", vec![value]),
            "DISTINCT" => {
                self.expect_word("FROM")?;
                let other = self.value()?;
                Expr::call("<=>", vec![value, other])
            }
            _ => Expr::call("<=>", vec![value, boolean(word == "TRUE")]),
        };
        let flips = match word {
            "NULL" | "UNKNOWN" => false,
            "DISTINCT" => !negated,
            _ => negated,
        };
        let inner = inner.with_origin(self.origin_since(start));
        Ok(if flips { negate(inner).with_origin(self.origin_since(start)) } else { inner })
    }
}

/// The values of `(a, b)`, which stands before IN as one row.
fn values_of(value: Expr) -> Vec<Expr> {
    match value.kind {
        ExprKind::Function(FunctionCall { name, arguments, is_internal: true, .. }) if name == ["named_struct"] => {
            arguments.into_iter().skip(1).step_by(2).collect()
        }
        _ => vec![value],
    }
}
