//! Expressions without operators, and what may follow one directly.
//!
//!     constant   name   t.*   (a, b)   (SELECT ..)   x -> x + 1   CASE ..   call(..)
//!     followed by   [index]   .field   ::type   COLLATE name
//!
//! A name followed by a parenthesis is a call (`call`). Begin at [`Parser::primary`].

use emberflow_base::Result;

use super::cursor::Parser;
use super::lexer::Kind;
use crate::tree::{CastMode, Expr, ExprKind, FunctionCall, Literal, Subquery, SubqueryKind};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expr> {
        let start = self.at;
        let base = self.primary_base()?;
        self.followed(start, base)
    }

    fn primary_base(&mut self) -> Result<Expr> {
        let start = self.at;
        if let Some(arguments) = self.lambda_arguments() {
            return self.lambda(start, arguments);
        }
        if let Some(constant) = self.take_constant()? {
            return Ok(constant);
        }
        match self.kind(0) {
            Kind::Sign("(") => self.parenthesized(),
            Kind::Sign("*") => {
                self.advance();
                self.star(start, Vec::new())
            }
            Kind::Word if self.is_word("CASE") && self.begins_case() => self.case(),
            Kind::Word | Kind::Quoted(_) => self.named(),
            _ => Err(self.error_here()),
        }
    }

    /// What may follow `base`, which began at `start`.
    pub(super) fn followed(&mut self, start: usize, mut base: Expr) -> Result<Expr> {
        let mut links = 0;
        loop {
            let next = match self.kind(0) {
                Kind::Sign("[") => self.element(base)?,
                Kind::Sign(".") => self.field(base)?,
                Kind::Sign("::") => {
                    self.advance();
                    let target = self.data_type()?;
                    Expr::new(ExprKind::Cast { expression: Box::new(base), target, mode: CastMode::Session })
                }
                Kind::Word if self.is_word("COLLATE") => {
                    self.advance();
                    let name = self.collation_name()?;
                    Expr::call("collate", vec![base, Expr::literal(Literal::String(name))])
                }
                Kind::Sign(":") => self.variant_path(base)?,
                _ => return Ok(base),
            };
            base = next.with_origin(self.origin_since(start));
            links += 1;
            self.check_chain(links)?;
        }
    }

    /// A collation's name; of one that says where all of them live, the last part.
    fn collation_name(&mut self) -> Result<String> {
        let parts = self.multipart_identifier()?;
        Ok(match &parts[..] {
            [catalog, schema, name] if catalog.eq_ignore_ascii_case("system") && schema.eq_ignore_ascii_case("builtin") => {
                name.clone()
            }
            _ => parts.join("."),
        })
    }

    fn element(&mut self, child: Expr) -> Result<Expr> {
        self.expect_sign("[")?;
        let extraction = self.value()?;
        self.expect_sign("]")?;
        Ok(extract(child, extraction))
    }

    /// `child:key.key[0]['key']`: a part of a variant, named by the last key.
    fn variant_path(&mut self, child: Expr) -> Result<Expr> {
        self.expect_sign(":")?;
        let mut name = self.identifier()?;
        let mut path = format!("$['{name}']");
        if !name.contains(['.', '[']) {
            path = format!("$.{name}");
        }
        loop {
            if self.is_sign(".") && self.is_identifier(1) {
                self.advance();
                name = self.identifier()?;
                path = format!("{path}.{name}");
            } else if self.is_sign("[") {
                self.advance();
                match self.kind(0).clone() {
                    Kind::String(key) => {
                        let quote = if key.contains('\'') { '"' } else { '\'' };
                        path = format!("{path}[{quote}{key}{quote}]");
                        name = key;
                        self.advance();
                    }
                    Kind::Integer => {
                        let start = self.at;
                        self.advance();
                        path = format!("{path}[{}]", self.written_since(start).trim());
                    }
                    _ => return Err(self.error_here()),
                }
                self.expect_sign("]")?;
            } else {
                break;
            }
        }
        let call = Expr::call("variant_get", vec![child, Expr::literal(Literal::String(path))]);
        Ok(call.alias(name))
    }

    fn field(&mut self, child: Expr) -> Result<Expr> {
        self.expect_sign(".")?;
        let name = self.identifier()?;
        Ok(extract(child, Expr::literal(Literal::String(name))))
    }

    /// `a.b.c`, `a.b.*`, or a call.
    fn named(&mut self) -> Result<Expr> {
        let start = self.at;
        if self.is_sign_at(1, "(")
            && let Some(special) = self.special_call()?
        {
            return Ok(special);
        }
        let mut parts = vec![self.identifier()?];
        while self.is_sign(".") && self.is_identifier(1) {
            self.advance();
            parts.push(self.identifier()?);
        }
        if self.is_sign("(") {
            return self.call(start, parts);
        }
        if self.is_sign(".") && self.is_sign_at(1, "*") {
            self.advance();
            self.advance();
            return self.star(start, parts);
        }
        let kind = match self.is_lambda_variable(&parts) {
            true => ExprKind::LambdaVariable { parts },
            false => ExprKind::Attribute { parts, plan_id: None, is_metadata_column: false },
        };
        Ok(Expr::new(kind).with_origin(self.origin_since(start)))
    }

    /// `EXCEPT (a, b.c)` behind a star.
    fn star(&mut self, start: usize, target: Vec<String>) -> Result<Expr> {
        let mut except = Vec::new();
        if self.is_word("EXCEPT") && self.is_sign_at(1, "(") && !self.begins_query(2) {
            self.advance();
            except = self.in_parentheses(Self::multipart_identifier)?;
        }
        let kind = ExprKind::Star { target, plan_id: None, except, replace: Vec::new() };
        Ok(Expr::new(kind).with_origin(self.origin_since(start)))
    }

    /// `(a)`, `(a, b)`, `(SELECT ..)`
    fn parenthesized(&mut self) -> Result<Expr> {
        let start = self.at;
        if self.begins_query(1) {
            let relation = self.query_in_parentheses()?;
            let subquery = Subquery { kind: SubqueryKind::Scalar, relation };
            return Ok(Expr::new(ExprKind::Subquery(Box::new(subquery))).with_origin(self.origin_since(start)));
        }
        self.expect_sign("(")?;
        let mut values = self.list(Self::named_expression)?;
        if matches!(&values[..], [Expr { kind: ExprKind::Alias { .. }, .. }]) {
            return Err(self.error_here());
        }
        self.expect_sign(")")?;
        if values.len() > 1 {
            return Ok(row(values).with_origin(self.origin_since(start)));
        }
        values.pop().ok_or_else(|| self.error_here())
    }

    fn begins_case(&self) -> bool {
        match self.kind(1) {
            Kind::Sign(sign) => matches!(*sign, "(" | "-" | "~" | "!" | ":" | "?"),
            Kind::Word => !self.is_one_of_at(1, &["AS", "FROM", "AND", "OR", "IS", "IN"]),
            Kind::End => false,
            _ => true,
        }
    }

    fn case(&mut self) -> Result<Expr> {
        let start = self.at;
        self.expect_word("CASE")?;
        let operand = if self.is_word("WHEN") { None } else { Some(Box::new(self.expression()?)) };
        let mut branches = Vec::new();
        while self.take_word("WHEN") {
            let condition = self.expression()?;
            self.expect_word("THEN")?;
            branches.push((condition, self.expression()?));
        }
        if branches.is_empty() {
            return Err(self.error_here());
        }
        let otherwise = if self.take_word("ELSE") { Some(Box::new(self.expression()?)) } else { None };
        self.expect_word("END")?;
        Ok(Expr::new(ExprKind::Case { operand, branches, otherwise }).with_origin(self.origin_since(start)))
    }

    /// The arguments of a lambda, if one begins here; stands behind its arrow then.
    fn lambda_arguments(&mut self) -> Option<Vec<String>> {
        if self.is_identifier(0) && self.is_sign_at(1, "->") {
            let name = self.identifier().ok()?;
            self.advance();
            return Some(vec![name]);
        }
        let behind = if self.is_sign("(") { self.after_partner(0)? } else { return None };
        let names_only = (1..behind - 1).all(|ahead| self.is_identifier(ahead) || self.is_sign_at(ahead, ","));
        if !names_only || behind < 4 || !self.is_sign_at(behind, "->") {
            return None;
        }
        let names = self.in_parentheses(Self::identifier).ok()?;
        self.advance();
        Some(names)
    }

    fn lambda(&mut self, start: usize, arguments: Vec<String>) -> Result<Expr> {
        self.lambdas.push(arguments);
        let body = self.expression();
        let arguments = self.lambdas.pop().unwrap_or_default();
        Ok(Expr::new(ExprKind::Lambda { body: Box::new(body?), arguments }).with_origin(self.origin_since(start)))
    }

    fn is_lambda_variable(&self, parts: &[String]) -> bool {
        self.lambdas.iter().flatten().any(|name| name.eq_ignore_ascii_case(&parts[0]))
    }
}

fn extract(child: Expr, extraction: Expr) -> Expr {
    Expr::new(ExprKind::ExtractValue { child: Box::new(child), extraction: Box::new(extraction) })
}

/// `(a, b + 1)` is a struct whose fields are named `a` and `col2`; internal, so that IN can take it apart.
fn row(values: Vec<Expr>) -> Expr {
    let mut arguments = Vec::with_capacity(values.len() * 2);
    for (index, value) in values.into_iter().enumerate() {
        let (name, value) = match value.kind {
            ExprKind::Alias { expression, mut names, .. } if names.len() == 1 => (names.pop(), *expression),
            ExprKind::Attribute { ref parts, .. } => (parts.last().cloned(), value),
            _ => (None, value),
        };
        arguments.push(Expr::literal(Literal::String(name.unwrap_or_else(|| format!("col{}", index + 1)))));
        arguments.push(value);
    }
    let mut call = FunctionCall::named("named_struct", arguments);
    call.is_internal = true;
    Expr::new(ExprKind::Function(call))
}
