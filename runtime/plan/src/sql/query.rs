//! Queries: what stands around SELECT.
//!
//!     WITH a AS (..)   term UNION term INTERSECT term   ORDER BY .. LIMIT .. OFFSET ..
//!
//!     Limit ─► Offset ─► Sort ─► SetOp ─► Project ...        (With outermost)
//!
//! INTERSECT binds tighter than UNION and EXCEPT, which go from left to right.
//! Not here: SELECT itself (`select`), what is selected from (`from`). Begin at [`Parser::query`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::lexer::Kind;
use crate::tree::{Cte, Expr, ExprKind, FunctionCall, NullOrder, Relation, RelationKind, SetOpKind, SortDirection, SortOrder};
use crate::types::quote;

/// Words by which a query goes on behind its first term.
const CONTINUES: &[&str] =
    &["UNION", "EXCEPT", "MINUS", "SETMINUS", "INTERSECT", "ORDER", "SORT", "CLUSTER", "DISTRIBUTE", "LIMIT", "OFFSET", "WINDOW"];

impl Parser<'_> {
    pub fn query(&mut self) -> Result<Relation> {
        self.deeper(Self::query_here)
    }

    fn query_here(&mut self) -> Result<Relation> {
        if !self.is_word("WITH") {
            return self.query_without_names();
        }
        let (ctes, recursive) = self.ctes()?;
        let input = self.query_without_names()?;
        Ok(Relation::new(RelationKind::With { ctes, recursive, input }))
    }

    /// `WITH [RECURSIVE] a AS (..), b (x, y) AS (..)`
    pub(super) fn ctes(&mut self) -> Result<(Vec<Cte>, bool)> {
        let start = self.at + 1;
        self.expect_word("WITH")?;
        let recursive = self.is_word("RECURSIVE") && self.is_identifier(1) && !self.is_word_at(1, "AS");
        if recursive {
            self.advance();
        }
        let ctes = self.list(Self::cte)?;
        let twice =
            ctes.iter().enumerate().find(|(at, cte)| ctes[..*at].iter().any(|other| other.name.eq_ignore_ascii_case(&cte.name)));
        match twice {
            None => Ok((ctes, recursive)),
            Some((_, cte)) => {
                let name = quote(&cte.name);
                while !self.is_end() {
                    self.advance();
                }
                let error = Error::new("DUPLICATED_CTE_NAMES").with("duplicateNames", &name);
                Err(self.error_since(start - 1, error.text(format!("WITH defines {name} more than once."))))
            }
        }
    }

    fn cte(&mut self) -> Result<Cte> {
        let start = self.at;
        let name = self.identifier()?;
        let has_columns = self.is_sign("(") && !self.begins_query(1);
        let columns = if has_columns { self.in_parentheses(Self::identifier)? } else { Vec::new() };
        let most_rounds = match self.take_words(&["MAX", "RECURSION", "LEVEL"]) {
            true => Some(self.integer::<i64>()?),
            false => None,
        };
        self.take_word("AS");
        let mut relation = self.query_in_parentheses()?;
        let origin = self.origin_since(start);
        if !columns.is_empty() && relation.origin.is_none() {
            relation.origin = origin.clone();
        }
        Ok(Cte { name, columns, relation, most_rounds, origin })
    }

    pub fn query_in_parentheses(&mut self) -> Result<Relation> {
        self.expect_sign("(")?;
        let query = self.query()?;
        if self.is_end() {
            return Err(self.error_missing("')'"));
        }
        self.expect_sign(")")?;
        Ok(query)
    }

    pub(super) fn query_without_names(&mut self) -> Result<Relation> {
        let windows = self.windows_ahead()?;
        self.windows.push(windows);
        let query = self.terms().and_then(|terms| self.organized(terms));
        self.windows.pop();
        query
    }

    /// Terms joined by UNION and EXCEPT.
    fn terms(&mut self) -> Result<Relation> {
        let mut left = self.intersections()?;
        let mut links = 0;
        while let Some(op) = self.set_operator() {
            links += 1;
            self.check_chain(links)?;
            let is_all = self.is_all();
            let right = self.intersections()?;
            left = set_op(op, left, right, is_all);
        }
        self.piped(left)
    }

    /// `|> UNION ALL (..)`
    pub(super) fn set_step(&mut self, left: Relation) -> Result<Relation> {
        let op = if self.take_word("INTERSECT") { Some(SetOpKind::Intersect) } else { self.set_operator() };
        let op = op.ok_or_else(|| self.error_here())?;
        let is_all = self.is_all();
        let right = self.term()?;
        Ok(set_op(op, left, right, is_all))
    }

    fn set_operator(&mut self) -> Option<SetOpKind> {
        let word = self.take_one_of(&["UNION", "EXCEPT", "MINUS", "SETMINUS"])?;
        Some(if word == "UNION" { SetOpKind::Union } else { SetOpKind::Except })
    }

    fn intersections(&mut self) -> Result<Relation> {
        let mut left = self.term()?;
        let mut links = 0;
        while self.take_word("INTERSECT") {
            links += 1;
            self.check_chain(links)?;
            let is_all = self.is_all();
            let right = self.term()?;
            left = set_op(SetOpKind::Intersect, left, right, is_all);
        }
        Ok(left)
    }

    fn is_all(&mut self) -> bool {
        self.take_one_of(&["ALL", "DISTINCT"]) == Some("ALL")
    }

    fn term(&mut self) -> Result<Relation> {
        if self.is_sign("(") {
            return self.query_in_parentheses();
        }
        match self.written(0).to_uppercase().as_str() {
            "SELECT" => self.select(),
            "VALUES" => self.inline_table(),
            "FROM" => self.selected_from(),
            "TABLE" => {
                self.advance();
                let start = self.at;
                let name = self.table_name()?;
                let kind = RelationKind::Table { name, options: Vec::new(), is_streaming: false, time_travel: None };
                Ok(Relation::new(kind).with_origin(self.origin_since(start)))
            }
            "MAP" | "REDUCE" => Err(Error::unsupported("SELECT TRANSFORM and its old spellings MAP and REDUCE")),
            _ => Err(self.error_here()),
        }
    }

    /// Ordering and limits over `query`.
    pub(super) fn organized(&mut self, query: Relation) -> Result<Relation> {
        let sorted = self.sorted(query)?;
        self.window_clause()?;
        let limit = self.limit()?;
        let offset = if self.take_word("OFFSET") { Some(self.expression()?) } else { None };
        let skipped = match offset {
            Some(offset) => Relation::new(RelationKind::Offset { input: sorted, offset }),
            None => sorted,
        };
        Ok(match limit {
            Some(limit) => Relation::new(RelationKind::Limit { input: skipped, limit }),
            None => skipped,
        })
    }

    fn limit(&mut self) -> Result<Option<Expr>> {
        if !self.take_word("LIMIT") || self.take_word("ALL") {
            return Ok(None);
        }
        self.expression().map(Some)
    }

    /// ORDER BY, or CLUSTER BY, or DISTRIBUTE BY and SORT BY.
    pub(super) fn sorted(&mut self, query: Relation) -> Result<Relation> {
        let start = self.at;
        if self.take_words(&["ORDER", "BY"]) {
            let sorted = self.order_by(query)?;
            return self.refuse_more_orders(start).map(|()| sorted);
        }
        if self.take_words(&["CLUSTER", "BY"]) {
            let expressions = self.list(Self::expression)?;
            let orders = expressions.iter().cloned().map(ascending).collect();
            let clustered = local_sort(repartition(query, expressions), orders);
            return self.refuse_more_orders(start).map(|()| clustered);
        }
        let mut query = query;
        if self.take_words(&["DISTRIBUTE", "BY"]) {
            query = repartition(query, self.list(Self::expression)?);
        }
        if self.take_words(&["SORT", "BY"]) {
            let orders = self.list(Self::sort_order)?;
            query = local_sort(query, orders);
        }
        self.refuse_more_orders(start).map(|()| query)
    }

    /// A second order after the one that began at `start`: in Spark's order of clauses it is a combination not allowed.
    fn refuse_more_orders(&mut self, start: usize) -> Result<()> {
        const CLAUSES: [&str; 4] = ["ORDER", "CLUSTER", "DISTRIBUTE", "SORT"];
        let Some(next) = CLAUSES.iter().position(|word| self.are_words(&[word, "BY"])) else { return Ok(()) };
        let here = std::mem::replace(&mut self.at, start);
        let first = CLAUSES.iter().position(|word| self.is_word(word));
        self.at = here;
        if first.is_none_or(|first| next <= first) {
            return Err(self.error_here());
        }
        self.advance();
        self.advance();
        let error = Error::new("UNSUPPORTED_FEATURE.COMBINATION_QUERY_RESULT_CLAUSES");
        Err(self.error_since(start, error.text("ORDER BY, SORT BY, CLUSTER BY and DISTRIBUTE BY cannot be combined so.")))
    }

    fn order_by(&mut self, input: Relation) -> Result<Relation> {
        let is_all = self.is_word("ALL") && !matches!(self.kind(1), Kind::Sign("," | "." | "(" | "["));
        let (orders, all) = match is_all {
            true => {
                self.advance();
                (Vec::new(), Some(self.sort_direction()?))
            }
            false => (self.list(Self::sort_order)?, None),
        };
        Ok(Relation::new(RelationKind::Sort { input, orders, is_global: true, all }))
    }

    /// `VALUES (1, 'a'), (2, 'b')`
    pub(super) fn inline_table(&mut self) -> Result<Relation> {
        let start = self.at;
        self.expect_word("VALUES")?;
        let rows: Vec<Vec<Expr>> = self.list(Self::expression)?.into_iter().map(row_values).collect();
        let widths: Vec<usize> = rows.iter().map(Vec::len).collect();
        let values = Relation::new(RelationKind::Values { rows }).with_origin(self.origin_since(start));
        let table = self.aliased(values)?;
        let expected = match &*table.kind {
            RelationKind::SubqueryAlias { columns, .. } if !columns.is_empty() => columns.len(),
            _ => widths[0],
        };
        match widths.iter().position(|width| *width != expected) {
            None => Ok(table),
            Some(row) => Err(self.error_since(start, uneven_rows(expected, row, widths[row]))),
        }
    }

    /// Whether a query begins at the token `ahead`; also `(SELECT 1) UNION ..`, but not `(SELECT 1) + 1`.
    pub fn begins_query(&self, ahead: usize) -> bool {
        let parentheses = self.opening_run(ahead);
        if !self.begins_plain_query(ahead + parentheses) {
            return false;
        }
        (ahead..ahead + parentheses).rev().all(|opening| {
            let Some(behind) = self.after_partner(opening) else { return true };
            matches!(self.kind(behind), Kind::Sign(")") | Kind::End) || self.is_one_of_at(behind, CONTINUES)
        })
    }

    fn begins_plain_query(&self, ahead: usize) -> bool {
        let name_follows = self.is_identifier(ahead + 1) && !self.is_word_at(ahead + 1, "AS");
        match self.kind(ahead) {
            Kind::Word if self.is_word_at(ahead, "SELECT") => !matches!(self.kind(ahead + 1), Kind::Sign(")" | "," | "." | "=")),
            Kind::Word if self.is_word_at(ahead, "VALUES") => {
                !matches!(self.kind(ahead + 1), Kind::Sign(")" | "," | "." | "=" | "["))
            }
            Kind::Word if self.is_one_of_at(ahead, &["WITH", "FROM", "TABLE"]) => name_follows,
            _ => false,
        }
    }
}

fn set_op(op: SetOpKind, left: Relation, right: Relation, is_all: bool) -> Relation {
    Relation::new(RelationKind::SetOp { op, left, right, is_all, by_name: false, allow_missing_columns: false })
}

fn repartition(input: Relation, expressions: Vec<Expr>) -> Relation {
    Relation::new(RelationKind::RepartitionByExpression { input, expressions, partitions: None })
}

fn local_sort(input: Relation, orders: Vec<SortOrder>) -> Relation {
    Relation::new(RelationKind::Sort { input, orders, is_global: false, all: None })
}

fn ascending(child: Expr) -> SortOrder {
    SortOrder { child, direction: SortDirection::Ascending, nulls: NullOrder::First }
}

fn uneven_rows(expected: usize, row: usize, actual: usize) -> Error {
    let error = Error::new("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH").with("expectedNumCols", expected.to_string());
    let error = error.with("actualNumCols", actual.to_string()).with("rowIndex", row.to_string());
    error.text(format!("Row {row} of VALUES has {actual} columns, not {expected}."))
}

/// The values of one row: those of `(a, b)` or `struct(a, b)`, else the one that stands alone.
fn row_values(row: Expr) -> Vec<Expr> {
    match row.kind {
        ExprKind::Function(FunctionCall { name, arguments, is_internal: true, .. }) if name == ["named_struct"] => {
            arguments.into_iter().skip(1).step_by(2).collect()
        }
        ExprKind::Function(FunctionCall { name, arguments, .. }) if name.len() == 1 && name[0].eq_ignore_ascii_case("struct") => {
            arguments
        }
        _ => vec![row],
    }
}
