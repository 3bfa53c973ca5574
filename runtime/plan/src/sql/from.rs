//! FROM: tables, subqueries, functions, joins, samples, lateral views, pivots.
//!
//!     FROM a, LATERAL f(a.x) AS b JOIN c USING (k) TABLESAMPLE (10 PERCENT) PIVOT (..) LATERAL VIEW explode(y) z AS v
//!
//! Commas join without condition; joins go from left to right. A subquery without a name gets one nobody can write by
//! accident, so the names inside stay inside. Begin at [`Parser::relations_of_from`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::lexer::Kind;
use super::words;
use crate::tree::{Expr, ExprKind, Join, JoinCondition, JoinType, Literal, Options, Relation, RelationKind, TimeTravel};

/// The name Spark gives a subquery in FROM that has none.
const UNNAMED_SUBQUERY: &str = "__auto_generated_subquery_name";

impl Parser<'_> {
    pub(super) fn relations_of_from(&mut self) -> Result<Relation> {
        self.expect_word("FROM")?;
        let mut left = self.joined_relation()?;
        let mut links = 0;
        while self.take_sign(",") {
            links += 1;
            self.check_chain(links)?;
            let is_lateral = self.take_lateral();
            let right = self.relation_after(is_lateral)?;
            left = join(left, right, is_lateral, JoinType::Inner, JoinCondition::None)?;
            left = self.extended(left)?;
        }
        Ok(left)
    }

    /// What LATERAL stands before: a subquery or a function, no table.
    fn lateral_relation(&mut self) -> Result<Relation> {
        let start = self.at;
        let right = self.relation_primary()?;
        match *right.kind {
            RelationKind::Table { .. } => {
                let error = Error::new("INVALID_SQL_SYNTAX.LATERAL_WITHOUT_SUBQUERY_OR_TABLE_VALUED_FUNC");
                Err(self.error_since(start, error.text("LATERAL stands before a subquery or a table function only.")))
            }
            _ => Ok(right),
        }
    }

    fn relation_after(&mut self, is_lateral: bool) -> Result<Relation> {
        if is_lateral { self.lateral_relation() } else { self.relation_primary() }
    }

    /// One relation with the joins behind it.
    fn joined_relation(&mut self) -> Result<Relation> {
        if self.take_lateral() {
            let right = self.lateral_relation()?;
            let lateral = join(super::select::one_row(), right, true, JoinType::Inner, JoinCondition::None)?;
            return self.extended(lateral);
        }
        let left = self.relation_primary()?;
        self.extended(left)
    }

    fn take_lateral(&mut self) -> bool {
        !self.is_word_at(1, "VIEW") && self.take_word("LATERAL")
    }

    /// Joins and pivots behind `left`.
    pub(super) fn extended(&mut self, mut left: Relation) -> Result<Relation> {
        let mut links = 0;
        loop {
            let start = self.at;
            left = if let Some((join_type, natural)) = self.join_type()? {
                self.join_with(left, join_type, natural)?.with_origin(self.origin_since(start))
            } else if self.is_word("PIVOT") && self.is_sign_at(1, "(") {
                self.pivot(left)?
            } else if self.is_word("UNPIVOT") && (self.is_sign_at(1, "(") || self.is_word_at(2, "NULLS")) {
                self.unpivot(left)?
            } else {
                return Ok(left);
            };
            links += 1;
            self.check_chain(links)?;
        }
    }

    /// The words of a join, if they stand here, and whether it is NATURAL.
    fn join_type(&mut self) -> Result<Option<(JoinType, bool)>> {
        let start = self.at;
        let natural = self.take_word("NATURAL");
        let join_type = if self.take_word("CROSS") {
            JoinType::Cross
        } else if self.take_word("INNER") {
            JoinType::Inner
        } else if self.take_word("FULL") {
            self.take_word("OUTER");
            JoinType::FullOuter
        } else if self.take_word("RIGHT") {
            self.take_word("OUTER");
            JoinType::RightOuter
        } else if self.is_one_of(&["SEMI", "ANTI"]) {
            self.half_join()
        } else if self.take_word("LEFT") {
            if self.is_one_of(&["SEMI", "ANTI"]) {
                self.half_join()
            } else {
                self.take_word("OUTER");
                JoinType::LeftOuter
            }
        } else {
            JoinType::Inner
        };
        if self.take_word("JOIN") {
            return Ok(Some((join_type, natural)));
        }
        let can_join = self.is_identifier(0) || self.is_sign("(");
        match self.at == start {
            true => Ok(None),
            false if can_join => Err(self.error_missing("'JOIN'")),
            false => Err(self.error_here()),
        }
    }

    fn half_join(&mut self) -> JoinType {
        let is_semi = self.is_word("SEMI");
        self.advance();
        if is_semi { JoinType::LeftSemi } else { JoinType::LeftAnti }
    }

    fn join_with(&mut self, left: Relation, join_type: JoinType, natural: bool) -> Result<Relation> {
        let start = self.at;
        let is_lateral = self.take_lateral();
        let right = self.relation_after(is_lateral)?;
        let condition = if natural {
            JoinCondition::Natural
        } else if self.take_word("ON") {
            JoinCondition::On(self.expression()?)
        } else if self.take_word("USING") {
            JoinCondition::Using(self.in_parentheses(Self::identifier)?)
        } else {
            JoinCondition::None
        };
        join(left, right, is_lateral, join_type, condition).map_err(|error| self.error_since(start, error))
    }

    fn relation_primary(&mut self) -> Result<Relation> {
        self.deeper(Self::relation_primary_here)
    }

    fn relation_primary_here(&mut self) -> Result<Relation> {
        if self.is_sign("(") {
            return self.parenthesized_relation();
        }
        if self.is_word("VALUES")
            && !matches!(self.kind(1), Kind::Sign("," | ")" | "." | ";") | Kind::End)
            && !self.is_word_at(1, "AS")
        {
            return self.inline_table();
        }
        let start = self.at;
        let is_streaming = self.is_word("STREAM") && (self.is_identifier(1) || self.is_sign_at(1, "("));
        if is_streaming {
            return Err(Error::unsupported("STREAM in FROM"));
        }
        let name = self.table_name()?;
        if self.is_sign("(") {
            return self.table_function(start, name);
        }
        let table = self.table(start, name)?;
        let sampled = self.sampled(table)?;
        self.aliased(sampled)
    }

    /// A table's name, or IDENTIFIER('..').
    pub(super) fn table_name(&mut self) -> Result<Vec<String>> {
        if self.is_word("IDENTIFIER") && self.is_sign_at(1, "(") {
            return self.identifier_of_text();
        }
        self.multipart_identifier()
    }

    fn table(&mut self, start: usize, name: Vec<String>) -> Result<Relation> {
        let time_travel = self.time_travel()?;
        let options = if self.is_word("WITH") && self.is_sign_at(1, "(") { self.table_options()? } else { Vec::new() };
        let kind = RelationKind::Table { name, options, is_streaming: false, time_travel };
        Ok(Relation::new(kind).with_origin(self.origin_since(start)))
    }

    fn table_options(&mut self) -> Result<Options> {
        self.expect_word("WITH")?;
        self.properties()
    }

    /// `VERSION AS OF 3`, `FOR SYSTEM_TIME AS OF x`
    fn time_travel(&mut self) -> Result<Option<TimeTravel>> {
        let ahead = usize::from(self.is_word("FOR"));
        let is_version = self.is_one_of_at(ahead, &["VERSION", "SYSTEM_VERSION"]);
        let is_time = self.is_one_of_at(ahead, &["TIMESTAMP", "SYSTEM_TIME"]);
        if !(is_version || is_time) || !self.is_word_at(ahead + 1, "AS") || !self.is_word_at(ahead + 2, "OF") {
            return Ok(None);
        }
        (0..ahead + 3).for_each(|_| self.advance());
        if is_time {
            return Ok(Some(TimeTravel { timestamp: Some(self.value()?), version: None }));
        }
        let version = match self.take_string() {
            Some(text) => text,
            None => self.integer::<i64>()?.to_string(),
        };
        Ok(Some(TimeTravel { timestamp: None, version: Some(version) }))
    }

    /// `(query)`, or joins in parentheses.
    fn parenthesized_relation(&mut self) -> Result<Relation> {
        if self.begins_query(1) {
            let query = self.query_in_parentheses()?;
            let sampled = self.sampled(query)?;
            return self.named_subquery(sampled);
        }
        self.expect_sign("(")?;
        let inner = self.joined_relation()?;
        self.expect_sign(")")?;
        let sampled = self.sampled(inner)?;
        self.aliased(sampled)
    }

    fn named_subquery(&mut self, query: Relation) -> Result<Relation> {
        let start = self.at;
        let named = self.aliased(query)?;
        if self.at > start {
            return Ok(named);
        }
        Ok(alias(named, UNNAMED_SUBQUERY.to_owned(), Vec::new()))
    }

    /// `[AS] name [(a, b)]` behind a relation.
    pub(super) fn aliased(&mut self, input: Relation) -> Result<Relation> {
        let explicit = self.take_word("AS");
        let is_strict = *self.kind(0) == Kind::Word && words::is_strict(self.written(0));
        if !explicit && (is_strict || !self.is_implicit_alias()) {
            return Ok(input);
        }
        let name = self.strict_identifier()?;
        let columns = if self.is_sign("(") { self.in_parentheses(Self::identifier)? } else { Vec::new() };
        Ok(alias(input, name, columns))
    }

    /// `f(a, b) AS t (x, y)`
    fn table_function(&mut self, start: usize, name: Vec<String>) -> Result<Relation> {
        self.expect_sign("(")?;
        let arguments = if self.is_sign(")") { Vec::new() } else { self.list(Self::argument)? };
        self.expect_sign(")")?;
        let kind = RelationKind::TableFunction { name, arguments };
        let called = Relation::new(kind).with_origin(self.origin_since(start));
        self.aliased(called)
    }

    /// `TABLESAMPLE (10 PERCENT) REPEATABLE (7)`
    pub(super) fn sampled(&mut self, input: Relation) -> Result<Relation> {
        if !self.is_word("TABLESAMPLE") || !self.is_sign_at(1, "(") && !self.is_sign_at(2, "(") {
            return Ok(input);
        }
        let start = self.at;
        self.advance();
        if self.take_one_of(&["SYSTEM", "BERNOULLI"]) == Some("SYSTEM") {
            return Err(Error::unsupported("TABLESAMPLE SYSTEM"));
        }
        self.expect_sign("(")?;
        let method = self.sample_method(start)?;
        self.expect_sign(")")?;
        if let SampleMethod::Fraction(fraction) = &method
            && !(0.0..=1.0).contains(fraction)
        {
            let text = format!("Sampling fraction ({fraction}) must be on interval [0, 1]");
            return Err(self.error_since(start, Error::new("_LEGACY_ERROR_TEMP_0064").with("msg", &text).text(text)));
        }
        let seed = match self.take_word("REPEATABLE") {
            true => self.in_parentheses(|parser| parser.integer())?.first().copied(),
            false => None,
        };
        Ok(match method {
            SampleMethod::Rows(limit) => Relation::new(RelationKind::Limit { input, limit: *limit }),
            SampleMethod::Fraction(upper) => {
                let kind =
                    RelationKind::Sample { input, lower: 0.0, upper, with_replacement: false, seed, deterministic_order: false };
                Relation::new(kind)
            }
        })
    }

    /// What stands in the parentheses of the TABLESAMPLE that began at `start`.
    fn sample_method(&mut self, start: usize) -> Result<SampleMethod> {
        if self.take_word("BUCKET") {
            let bucket: i64 = self.integer()?;
            self.expect_words(&["OUT", "OF"])?;
            let buckets: i64 = self.integer()?;
            if self.take_word("ON") {
                let text = "BUCKET x OUT OF y ON colname";
                self.expression()?;
                self.expect_sign(")")?;
                return Err(self.error_since(start, Error::new("_LEGACY_ERROR_TEMP_0015").with("msg", text).text(text)));
            }
            return Ok(SampleMethod::Fraction(bucket as f64 / buckets as f64));
        }
        let signed = usize::from(self.is_sign("-"));
        let is_number = matches!(self.kind(signed), Kind::Integer | Kind::Decimal);
        if is_number && self.is_word_at(signed + 1, "PERCENT") {
            return self.percent();
        }
        if is_number && matches!(self.kind(1), Kind::Word) && self.is_sign_at(2, ")") && !self.is_word_at(1, "ROWS") {
            self.advance();
            return Err(self.error_ahead(0, &format!(": extra input '{}'", self.written(0))));
        }
        if matches!(self.kind(0), Kind::Word) && self.is_sign_at(1, ")") {
            return Err(Error::unsupported("TABLESAMPLE by bytes"));
        }
        let rows = self.expression()?;
        self.expect_word("ROWS")?;
        Ok(SampleMethod::Rows(Box::new(rows)))
    }

    fn percent(&mut self) -> Result<SampleMethod> {
        let sign = if self.take_sign("-") { -1.0 } else { 1.0 };
        let percent: f64 = self.written(0).parse().map_err(|_| self.error_here())?;
        self.advance();
        self.advance();
        Ok(SampleMethod::Fraction(sign * percent / 100.0))
    }

    /// `LATERAL VIEW [OUTER] generator(..) table [AS] a, b`, as often as it stands here.
    pub(super) fn lateral_views(&mut self, input: Option<Relation>) -> Result<Option<Relation>> {
        let mut input = input;
        let mut links = 0;
        loop {
            let start = self.at;
            if !self.take_words(&["LATERAL", "VIEW"]) {
                return Ok(input);
            }
            links += 1;
            self.check_chain(links)?;
            let view = self.lateral_view(input.unwrap_or_else(super::select::one_row))?;
            let view = view.with_origin(self.origin_since(start));
            input = Some(self.extended(view)?);
        }
    }

    fn lateral_view(&mut self, input: Relation) -> Result<Relation> {
        let outer = self.is_word("OUTER") && !self.is_sign_at(1, "(") && self.is_identifier(1);
        if outer {
            self.advance();
        }
        let start = self.at;
        let name = self.multipart_identifier()?;
        if !self.is_sign("(") {
            return Err(self.error_here());
        }
        let generator = self.call(start, name)?;
        if !self.is_identifier(0) {
            return Err(self.error_here());
        }
        let table = if self.is_implicit_alias() { self.identifier()? } else { String::new() };
        let columns = match self.take_word("AS") || self.is_implicit_alias() {
            true => self.list(Self::identifier)?,
            false => Vec::new(),
        };
        Ok(Relation::new(RelationKind::LateralView { input, generator, outer, table, columns }))
    }

    /// `PIVOT (sum(a) AS s FOR (b, c) IN ((1, 2) AS x, ..)) AS t`
    fn pivot(&mut self, input: Relation) -> Result<Relation> {
        let start = self.at;
        self.expect_word("PIVOT")?;
        self.expect_sign("(")?;
        let aggregates = self.list(Self::pivot_aggregate)?;
        self.expect_word("FOR")?;
        let columns = match self.is_sign("(") {
            true => self.in_parentheses(Self::pivoted_column)?,
            false => vec![self.pivoted_column()?],
        };
        self.expect_word("IN")?;
        let values = self.in_parentheses(Self::named_expression)?;
        self.expect_sign(")")?;
        let pivoted = Relation::new(RelationKind::SqlPivot { input, aggregates, columns, values });
        let pivoted = pivoted.with_origin(self.origin_since(start));
        self.aliased(pivoted)
    }

    /// Errors about it point at all of PIVOT.
    fn pivoted_column(&mut self) -> Result<Expr> {
        self.multipart_identifier().map(Expr::attribute)
    }

    fn pivot_aggregate(&mut self) -> Result<Expr> {
        let start = self.at;
        let expression = self.expression()?;
        let is_named = self.take_word("AS") || (self.is_identifier(0) && !self.is_word("FOR"));
        if !is_named {
            return Ok(expression);
        }
        let name = self.identifier()?;
        Ok(expression.alias(name).with_origin(self.origin_since(start)))
    }

    fn pivot_column(&mut self) -> Result<Expr> {
        let start = self.at;
        let parts = self.multipart_identifier()?;
        Ok(Expr::attribute(parts).with_origin(self.origin_since(start)))
    }

    /// `UNPIVOT [INCLUDE NULLS] (v FOR n IN (a, b AS c)) AS t`: all other columns are kept.
    fn unpivot(&mut self, input: Relation) -> Result<Relation> {
        self.expect_word("UNPIVOT")?;
        let with_nulls = self.take_words(&["INCLUDE", "NULLS"]);
        self.take_words(&["EXCLUDE", "NULLS"]);
        self.expect_sign("(")?;
        if self.is_sign("(") {
            return self.unpivot_many(input, with_nulls);
        }
        let value_name = self.identifier()?;
        self.expect_word("FOR")?;
        let variable_name = self.identifier()?;
        self.expect_word("IN")?;
        let values = self.in_parentheses(Self::unpivot_column)?;
        self.expect_sign(")")?;
        let except = values.iter().filter_map(column_name).collect();
        let rest = ExprKind::Star { target: Vec::new(), plan_id: None, except, replace: Vec::new() };
        let condition = Expr::call("isnotnull", vec![Expr::attribute([value_name.as_str()])]);
        let ids = vec![Expr::new(rest)];
        let unpivoted = Relation::new(RelationKind::Unpivot { input, ids, values: Some(values), variable_name, value_name });
        let kept = match with_nulls {
            true => unpivoted,
            false => Relation::new(RelationKind::Filter { input: unpivoted, condition }),
        };
        self.aliased(kept)
    }

    /// `(x, y) FOR half IN ((a1, a2) AS a, (b1, b2))`: each set of columns becomes one row of an array of structs.
    fn unpivot_many(&mut self, input: Relation, with_nulls: bool) -> Result<Relation> {
        let value_names = self.in_parentheses(Self::identifier)?;
        self.expect_word("FOR")?;
        let variable_name = self.identifier()?;
        self.expect_word("IN")?;
        let start = self.at;
        let sets = self.in_parentheses(Self::unpivot_set)?;
        self.expect_sign(")")?;
        if sets.iter().any(|(columns, _)| columns.len() != value_names.len()) {
            return Err(
                self.error_since(start, Error::new("UNPIVOT_VALUE_SIZE_MISMATCH").with("names", value_names.len().to_string()))
            );
        }
        let row = |(columns, name): &(Vec<Expr>, String)| {
            let label = Expr::literal(Literal::String(name.clone())).alias(&variable_name);
            let values = columns.iter().zip(&value_names).map(|(column, name)| column.clone().alias(name));
            Expr::call("struct", std::iter::once(label).chain(values).collect())
        };
        let rows = Expr::call("inline", vec![Expr::call("array", sets.iter().map(row).collect())]);
        let names = std::iter::once(variable_name).chain(value_names.clone()).collect();
        let rows = Expr::new(ExprKind::Alias { expression: Box::new(rows), names, metadata: None });
        let except = sets.iter().flat_map(|(columns, _)| columns.iter().filter_map(column_name)).collect();
        let rest = Expr::new(ExprKind::Star { target: Vec::new(), plan_id: None, except, replace: Vec::new() });
        let made = Relation::new(RelationKind::Project { input: Some(input), expressions: vec![rest, rows] });
        if with_nulls {
            return self.aliased(made);
        }
        let known = value_names.iter().map(|name| Expr::call("isnotnull", vec![Expr::attribute([name.as_str()])]));
        let condition = known
            .reduce(|one, other| Expr::call("or", vec![one, other]))
            .unwrap_or_else(|| Expr::literal(Literal::Boolean(true)));
        self.aliased(Relation::new(RelationKind::Filter { input: made, condition }))
    }

    /// `(a1, a2) AS a`; without a name, the columns' names joined.
    fn unpivot_set(&mut self) -> Result<(Vec<Expr>, String)> {
        let columns = self.in_parentheses(Self::pivot_column)?;
        let name = match self.take_word("AS") || self.is_identifier(0) {
            true => self.identifier()?,
            false => {
                let last = |column: &Expr| column_name(column).and_then(|parts| parts.last().cloned());
                columns.iter().filter_map(last).collect::<Vec<_>>().join("_")
            }
        };
        Ok((columns, name))
    }

    fn unpivot_column(&mut self) -> Result<Expr> {
        let start = self.at;
        let column = self.pivot_column()?;
        if !self.take_word("AS") && !self.is_identifier(0) {
            return Ok(column);
        }
        let name = self.identifier()?;
        Ok(column.alias(name).with_origin(self.origin_since(start)))
    }
}

/// The parts of a column's name, given another name or not.
fn column_name(expression: &Expr) -> Option<Vec<String>> {
    match &expression.kind {
        ExprKind::Attribute { parts, .. } => Some(parts.clone()),
        ExprKind::Alias { expression, .. } => column_name(expression),
        _ => None,
    }
}

enum SampleMethod {
    Rows(Box<Expr>),
    Fraction(f64),
}

fn alias(input: Relation, alias: String, columns: Vec<String>) -> Relation {
    Relation::new(RelationKind::SubqueryAlias { input, alias, qualifier: Vec::new(), columns })
}

fn join(left: Relation, right: Relation, is_lateral: bool, join_type: JoinType, condition: JoinCondition) -> Result<Relation> {
    if !is_lateral {
        return Ok(Relation::new(RelationKind::Join(Join { left, right, join_type, condition, joined_structs: None })));
    }
    if !matches!(join_type, JoinType::Inner | JoinType::Cross | JoinType::LeftOuter) {
        let name = format!("{join_type:?}");
        let error = Error::new("INVALID_LATERAL_JOIN_TYPE").with("joinType", &name);
        return Err(error.text(format!("A {name} join cannot be lateral.")));
    }
    let condition = match condition {
        JoinCondition::None => None,
        JoinCondition::On(condition) => Some(condition),
        JoinCondition::Using(_) | JoinCondition::Natural => {
            return Err(
                Error::new("UNSUPPORTED_FEATURE.LATERAL_JOIN_USING").text("A lateral join needs ON, not USING or NATURAL.")
            );
        }
    };
    Ok(Relation::new(RelationKind::LateralJoin { left, right, condition, join_type }))
}
