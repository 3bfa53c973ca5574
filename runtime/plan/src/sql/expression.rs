//! Expressions: operators by how tightly they bind.
//!
//!     loosest   OR
//!               AND
//!               NOT, !                    before what follows, predicates included
//!               IS NULL, IN, LIKE, ...    at most one, after a value
//!               = == <=> <> != < <= > >=
//!               |   ^   &
//!               << >> >>>
//!               + - ||
//!               * / % DIV
//!     tightest  + - ~                     before a value
//!
//! AND and OR of many become balanced trees, so that a thousand conditions nest ten deep.
//! Not here: what has no operator (`primary`), predicates (`predicate`). Begin at [`Parser::expression`].

use emberflow_base::Result;

use super::cursor::Parser;
use super::lexer::Kind;
use crate::tree::{Expr, ExprKind, Literal, Subquery, SubqueryKind};

/// Signs of one level, tightest last; the name of the function each calls.
const LEVELS: &[&[(&str, &str)]] = &[
    &[
        ("=", "=="),
        ("==", "=="),
        ("<=>", "<=>"),
        ("<>", "!="),
        ("!=", "!="),
        ("<=", "<="),
        ("!>", "<="),
        ("<", "<"),
        (">=", ">="),
        ("!<", ">="),
        (">", ">"),
    ],
    &[("|", "|")],
    &[("^", "^")],
    &[("&", "&")],
    &[("<<", "<<")],
    &[("+", "+"), ("-", "-"), ("||", "concat")],
    &[("*", "*"), ("/", "/"), ("%", "%"), ("DIV", "div")],
];

const SHIFT_LEVEL: usize = 4;

impl Parser<'_> {
    /// Any expression without an alias.
    pub fn expression(&mut self) -> Result<Expr> {
        self.deeper(Self::disjunction)
    }

    fn disjunction(&mut self) -> Result<Expr> {
        self.logical("OR", Self::conjunction)
    }

    fn conjunction(&mut self) -> Result<Expr> {
        self.logical("AND", Self::negation)
    }

    /// `operand word operand word ...`
    fn logical(&mut self, word: &str, operand: fn(&mut Self) -> Result<Expr>) -> Result<Expr> {
        let start = self.at;
        let first = operand(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.take_word(word) {
            operands.push(operand(self)?);
        }
        Ok(balanced(&word.to_lowercase(), operands).with_origin(self.origin_since(start)))
    }

    fn negation(&mut self) -> Result<Expr> {
        let start = self.at;
        if !self.begins_negation() {
            return self.predicated();
        }
        self.advance();
        let operand = self.deeper(Self::negation)?;
        Ok(negate(operand).with_origin(self.origin_since(start)))
    }

    /// `NOT` may be a column's name where no operand follows.
    fn begins_negation(&self) -> bool {
        if self.is_sign("!") {
            return true;
        }
        let begins_operand = match self.kind(1) {
            Kind::Sign(sign) => matches!(*sign, "(" | "-" | "+" | "~" | "!" | ":" | "?" | "*"),
            Kind::Word => !self.is_one_of_at(1, &["AND", "OR", "IS", "AS", "FROM", "BETWEEN", "THEN"]),
            Kind::End | Kind::HintEnd => false,
            _ => true,
        };
        self.is_word("NOT") && begins_operand
    }

    /// A value and at most one predicate about it.
    fn predicated(&mut self) -> Result<Expr> {
        let start = self.at;
        if self.is_word("EXISTS") && self.is_sign_at(1, "(") && self.begins_query(2) {
            self.advance();
            let relation = self.query_in_parentheses()?;
            let subquery = Subquery { kind: SubqueryKind::Exists, relation };
            return Ok(Expr::new(ExprKind::Subquery(Box::new(subquery))).with_origin(self.origin_since(start)));
        }
        let value = self.value()?;
        self.predicate(value)
    }

    /// An expression that holds no AND, OR, NOT or predicate outside parentheses.
    pub fn value(&mut self) -> Result<Expr> {
        self.deeper(|parser| parser.level(0))
    }

    fn level(&mut self, level: usize) -> Result<Expr> {
        let Some(signs) = LEVELS.get(level) else { return self.prefixed() };
        let start = self.at;
        let mut left = self.level(level + 1)?;
        let mut links = 0;
        while let Some((function, tokens)) = self.operator(level, signs) {
            (0..tokens).for_each(|_| self.advance());
            links += 1;
            self.check_chain(links)?;
            let right = self.level(level + 1)?;
            left = infix(function, left, right).with_origin(self.origin_since(start));
        }
        Ok(left)
    }

    /// The operator of this level that stands here, and of how many tokens it is made.
    fn operator(&self, level: usize, signs: &[(&str, &'static str)]) -> Option<(&'static str, usize)> {
        let shifts = (1..3).take_while(|ahead| self.is_sign_at(*ahead, ">") && self.touches_previous(*ahead)).count();
        if self.is_sign(">") && shifts > 0 {
            return (level == SHIFT_LEVEL).then_some((if shifts == 2 { ">>>" } else { ">>" }, shifts + 1));
        }
        let found = |sign: &str| self.is_sign(sign) || (sign == "DIV" && self.is_word(sign));
        signs.iter().find(|(sign, _)| found(sign)).map(|(_, function)| (*function, 1))
    }

    fn prefixed(&mut self) -> Result<Expr> {
        let start = self.at;
        let is_number = matches!(self.kind(1), Kind::Integer | Kind::Decimal | Kind::Exponent | Kind::Suffixed(_));
        if self.is_sign("-") && is_number {
            self.advance();
            let number = self.number(start, "-")?;
            return self.followed(start, number);
        }
        let function = match self.kind(0) {
            Kind::Sign("-") => "-",
            Kind::Sign("+") => "positive",
            Kind::Sign("~") => "~",
            _ => return self.primary(),
        };
        self.advance();
        let operand = self.deeper(Self::prefixed)?;
        Ok(Expr::call(function, vec![operand]).with_origin(self.origin_since(start)))
    }
}

fn infix(function: &str, left: Expr, right: Expr) -> Expr {
    match function {
        "!=" => negate(Expr::call("==", vec![left, right])),
        _ => Expr::call(function, vec![left, right]),
    }
}

pub(super) fn negate(operand: Expr) -> Expr {
    Expr::call("not", vec![operand])
}

/// Joins operands half by half, as Spark does.
pub(super) fn balanced(function: &str, mut operands: Vec<Expr>) -> Expr {
    if operands.len() > 1 {
        let right = operands.split_off(operands.len().div_ceil(2));
        return Expr::call(function, vec![balanced(function, operands), balanced(function, right)]);
    }
    operands.pop().unwrap_or_else(|| Expr::literal(Literal::Boolean(true)))
}
