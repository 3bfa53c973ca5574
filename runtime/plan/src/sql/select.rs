//! SELECT and its clauses.
//!
//!     SELECT /*+ hint */ DISTINCT items FROM .. LATERAL VIEW .. WHERE .. GROUP BY .. HAVING .. WINDOW .. QUALIFY ..
//!
//!     Hint ─► Deduplicate ─► Having ─► Project or Aggregate ─► Filter ─► FROM
//!
//! A call of an aggregate function without GROUP BY stays in the Project: the parser does not know functions.
//! Not here: FROM (`from`), ORDER BY and LIMIT (`query`). Begin at [`Parser::select`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::lexer::Kind;
use super::words;
use crate::tree::{Aggregate, CastMode, Expr, ExprKind, Grouping, GroupingElement, Relation, RelationKind};
use crate::types::DataType;

/// The name of the column that carries the condition of QUALIFY.
const QUALIFY: &str = "__qualify";

/// A hint as written: its name and what it is given.
type WrittenHint = (String, Vec<Expr>);

impl Parser<'_> {
    pub(super) fn select(&mut self) -> Result<Relation> {
        let start = self.at;
        self.expect_word("SELECT")?;
        let hints = self.hints()?;
        let distinct = self.select_distinct()?;
        let items = self.select_items()?;
        let input = if self.is_word("FROM") { Some(self.relations_of_from()?) } else { None };
        let input = self.lateral_views(input)?;
        let selected = self.select_over(start, input, items)?;
        Ok(hinted(hints, if distinct { deduplicated(selected) } else { selected }))
    }

    fn select_items(&mut self) -> Result<Vec<Expr>> {
        let mut start = self.at;
        let items = self.list(|parser| {
            start = parser.at;
            parser.named_expression()
        })?;
        // `SELECT a, FROM t` reads as a column called FROM.
        let is_from = |item: &Expr| match &item.kind {
            ExprKind::Alias { expression, .. } => is_named(expression, "FROM"),
            _ => is_named(item, "FROM"),
        };
        let trails = items.len() > 1 && items.last().is_some_and(is_from) && !self.text.contains('`') && !self.is_word("FROM");
        if trails {
            let error = Error::new("TRAILING_COMMA_IN_SELECT").context(self.context_since(start));
            return Err(error.text("A comma stands before FROM; remove it or add a column."));
        }
        Ok(items)
    }

    /// `FROM t SELECT a`, Hive's order of the same; `FROM t` alone is all of it.
    pub(super) fn selected_from(&mut self) -> Result<Relation> {
        let start = self.at;
        let input = self.relations_of_from()?;
        let input = self.lateral_views(Some(input))?;
        if self.is_word("INSERT") {
            return Err(Error::unsupported("FROM .. INSERT"));
        }
        if !self.take_word("SELECT") {
            return Ok(Relation::new(RelationKind::Project { input, expressions: vec![everything()] }));
        }
        let hints = self.hints()?;
        let distinct = self.select_distinct()?;
        let items = self.list(Self::named_expression)?;
        let input = self.lateral_views(input)?;
        let selected = self.select_over(start, input, items)?;
        if self.is_word("SELECT") || self.is_word("INSERT") {
            return Err(Error::unsupported("several SELECT after one FROM"));
        }
        Ok(hinted(hints, if distinct { deduplicated(selected) } else { selected }))
    }

    pub(super) fn select_distinct(&mut self) -> Result<bool> {
        if self.is_word("TRANSFORM") && self.is_sign_at(1, "(") && self.is_script_transform() {
            return Err(Error::unsupported("SELECT TRANSFORM"));
        }
        let begins_item = !matches!(self.kind(1), Kind::Sign("," | "." | "=" | "::") | Kind::End);
        if self.is_word("DISTINCT") && begins_item && !self.is_word_at(1, "FROM") {
            self.advance();
            return Ok(true);
        }
        if self.is_word("ALL") && begins_item && !self.is_word_at(1, "FROM") {
            self.advance();
        }
        Ok(false)
    }

    /// `TRANSFORM(a) USING 'script'`, which shares its name with a function.
    fn is_script_transform(&self) -> bool {
        self.after_partner(1).is_some_and(|behind| self.is_one_of_at(behind, &["USING", "ROW", "RECORDWRITER"]))
    }

    /// WHERE, GROUP BY and HAVING around `items`, in the query that began at `start`.
    fn select_over(&mut self, start: usize, input: Option<Relation>, expressions: Vec<Expr>) -> Result<Relation> {
        let wanted = if self.take_word("WHERE") { Some(self.expression()?) } else { None };
        let grouping = self.group_by()?;
        let having = if self.take_word("HAVING") { Some(truth_of(self.expression()?)) } else { None };
        // Read ahead by the query already.
        self.window_clause()?;
        let qualify = if self.is_qualify() { Some(self.qualify_condition()?) } else { None };
        let input = match wanted {
            Some(condition) => {
                let filter = RelationKind::Filter { input: input.unwrap_or_else(one_row), condition };
                Some(Relation::new(filter).with_origin(self.origin_since(start)))
            }
            None => input,
        };
        let grouping = match (grouping, &having) {
            (None, Some(_)) => Some(Grouping::By(Vec::new())),
            (grouping, _) => grouping,
        };
        let mut expressions = expressions;
        expressions.extend(qualify.iter().cloned().map(|condition| condition.alias(QUALIFY)));
        let selected = match grouping {
            None => Relation::new(RelationKind::Project { input, expressions }),
            Some(grouping) => aggregate(input.unwrap_or_else(one_row), grouping, expressions),
        };
        let selected = match having {
            Some(condition) => Relation::new(RelationKind::Having { input: selected, condition }),
            None => selected,
        };
        Ok(if qualify.is_some() { qualified(selected) } else { selected })
    }

    fn is_qualify(&self) -> bool {
        self.is_word("QUALIFY") && !matches!(self.kind(1), Kind::End | Kind::Sign("," | ")" | ";"))
    }

    /// `QUALIFY rank() OVER (..) = 1`
    fn qualify_condition(&mut self) -> Result<Expr> {
        self.expect_word("QUALIFY")?;
        self.expression()
    }

    /// `GROUP BY a, ROLLUP (b)`, `GROUP BY a WITH CUBE`, `GROUP BY a GROUPING SETS (..)`, `GROUP BY ALL`
    fn group_by(&mut self) -> Result<Option<Grouping>> {
        if !self.take_words(&["GROUP", "BY"]) {
            return Ok(None);
        }
        if self.is_word("ALL") && !matches!(self.kind(1), Kind::Sign("," | "." | "(" | "[")) {
            self.advance();
            return Ok(Some(Grouping::All));
        }
        let elements = self.list(Self::grouping_element)?;
        if self.take_words(&["WITH", "ROLLUP"]) {
            return self.plain_elements(elements).map(|by| Some(Grouping::Rollup(by)));
        }
        if self.take_words(&["WITH", "CUBE"]) {
            return self.plain_elements(elements).map(|by| Some(Grouping::Cube(by)));
        }
        if self.are_words(&["GROUPING", "SETS"]) {
            let by = self.plain_elements(elements)?;
            self.expect_words(&["GROUPING", "SETS"])?;
            let sets = self.in_parentheses(Self::grouping_set)?;
            return Ok(Some(Grouping::Sets { by, sets }));
        }
        Ok(Some(simplest(elements)))
    }

    fn plain_elements(&self, elements: Vec<GroupingElement>) -> Result<Vec<Expr>> {
        let plain = |element| match element {
            GroupingElement::Plain(expression) => Ok(expression),
            _ => Err(self.error_here()),
        };
        elements.into_iter().map(plain).collect()
    }

    fn grouping_element(&mut self) -> Result<GroupingElement> {
        if self.are_words(&["GROUPING", "SETS"]) && self.is_sign_at(2, "(") {
            self.expect_words(&["GROUPING", "SETS"])?;
            return self.in_parentheses(Self::element_of_sets).map(GroupingElement::Sets);
        }
        if self.is_one_of(&["ROLLUP", "CUBE"]) && self.is_sign_at(1, "(") {
            let is_rollup = self.is_word("ROLLUP");
            self.advance();
            let sets = self.in_parentheses(Self::grouping_set)?;
            return Ok(if is_rollup { GroupingElement::Rollup(sets) } else { GroupingElement::Cube(sets) });
        }
        self.expression().map(GroupingElement::Plain)
    }

    /// What may stand in GROUPING SETS: sets, and ROLLUP, CUBE or GROUPING SETS again.
    fn element_of_sets(&mut self) -> Result<GroupingElement> {
        let is_nested = self.are_words(&["GROUPING", "SETS"]) || self.is_one_of(&["ROLLUP", "CUBE"]);
        match is_nested && (self.is_sign_at(1, "(") || self.is_sign_at(2, "(")) {
            true => self.deeper(Self::grouping_element),
            false => self.grouping_set().map(GroupingElement::Set),
        }
    }

    /// `a`, `(a, b)` or `()`
    fn grouping_set(&mut self) -> Result<Vec<Expr>> {
        if self.is_sign("(") && self.is_sign_at(1, ")") {
            self.advance();
            self.advance();
            return Ok(Vec::new());
        }
        let behind = if self.is_sign("(") { self.after_partner(0) } else { None };
        match behind {
            Some(behind) if matches!(self.kind(behind), Kind::Sign("," | ")")) => self.in_parentheses(Self::expression),
            _ => Ok(vec![self.expression()?]),
        }
    }

    /// `expression [AS] name`, `expression AS (a, b)`
    pub fn named_expression(&mut self) -> Result<Expr> {
        let start = self.at;
        let expression = self.expression()?;
        let names = if self.take_word("AS") {
            self.alias_names()?
        } else if self.is_implicit_alias() {
            vec![self.identifier()?]
        } else if self.is_sign("(") {
            self.in_parentheses(Self::identifier)?
        } else {
            return Ok(expression);
        };
        let kind = ExprKind::Alias { expression: Box::new(expression), names, metadata: None };
        Ok(Expr::new(kind).with_origin(self.origin_since(start)))
    }

    fn alias_names(&mut self) -> Result<Vec<String>> {
        if self.is_sign("(") { self.in_parentheses(Self::identifier) } else { Ok(vec![self.identifier()?]) }
    }

    /// Whether a name for what was just read follows, rather than the next clause.
    pub(super) fn is_implicit_alias(&self) -> bool {
        match self.kind(0) {
            Kind::Quoted(_) => true,
            Kind::Word if words::begins_clause(self.written(0)) => {
                matches!(self.kind(1), Kind::End | Kind::Sign("," | ")" | ";")) || self.is_word_at(1, "FROM")
            }
            Kind::Word => true,
            _ => false,
        }
    }

    /// `/*+ BROADCAST(a), REPARTITION(3) */`
    fn hints(&mut self) -> Result<Vec<WrittenHint>> {
        let mut hints = Vec::new();
        while *self.kind(0) == Kind::HintStart {
            let start = self.at;
            let first = hints.len();
            self.advance();
            hints.push(self.hint()?);
            while *self.kind(0) != Kind::HintEnd {
                self.take_sign(",");
                hints.push(self.hint()?);
            }
            self.advance();
            // A column named by a text is told of the whole hint.
            let whole = self.origin_since(start);
            let parameters = hints[first..].iter_mut().flat_map(|(_, parameters)| parameters);
            for parameter in parameters.filter(|parameter| matches!(parameter.kind, ExprKind::Literal(_))) {
                parameter.origin = whole.clone();
            }
        }
        Ok(hints)
    }

    fn hint(&mut self) -> Result<WrittenHint> {
        let name = self.identifier()?;
        if !self.take_sign("(") {
            return Ok((name, Vec::new()));
        }
        let parameters = self.list(Self::expression)?;
        self.expect_sign(")")?;
        Ok((name, parameters))
    }
}

fn is_named(expression: &Expr, name: &str) -> bool {
    matches!(&expression.kind, ExprKind::Attribute { parts, .. } if parts.len() == 1 && parts[0].eq_ignore_ascii_case(name))
}

/// `*`
pub(super) fn everything() -> Expr {
    Expr::new(ExprKind::Star { target: Vec::new(), plan_id: None, except: Vec::new(), replace: Vec::new() })
}

pub(super) fn one_row() -> Relation {
    Relation::new(RelationKind::Project { input: None, expressions: Vec::new() })
}

fn aggregate(input: Relation, grouping: Grouping, aggregates: Vec<Expr>) -> Relation {
    Relation::new(RelationKind::Aggregate(Aggregate { input, grouping, aggregates, groupings_come_first: false }))
}

/// What HAVING asks: a value that says nothing true or false by itself is cast, as Spark does.
fn truth_of(condition: Expr) -> Expr {
    let is_value = match &condition.kind {
        ExprKind::Attribute { .. } | ExprKind::Literal(_) => true,
        ExprKind::Function(call) => matches!(call.bare().as_str(), "+" | "-" | "*" | "/" | "%" | "negative"),
        _ => false,
    };
    if !is_value {
        return condition;
    }
    let origin = condition.origin.clone();
    let kind = ExprKind::Cast { expression: Box::new(condition), target: DataType::Boolean, mode: CastMode::Session };
    Expr::new(kind).with_origin(origin)
}

/// QUALIFY sees what the items see, windows included: its condition is one more item, filtered by and dropped again.
fn qualified(input: Relation) -> Relation {
    let condition = Expr::attribute([QUALIFY]);
    let input = Relation::new(RelationKind::Filter { input, condition });
    Relation::new(RelationKind::Drop { input, columns: Vec::new(), names: vec![QUALIFY.to_owned()] })
}

fn deduplicated(input: Relation) -> Relation {
    Relation::new(RelationKind::Deduplicate { input, keys: Vec::new(), all_columns: true, within_watermark: false })
}

/// The first hint is outermost.
fn hinted(hints: Vec<WrittenHint>, input: Relation) -> Relation {
    hints.into_iter().rev().fold(input, |input, (name, parameters)| Relation::new(RelationKind::Hint { input, name, parameters }))
}

/// `By`, `Rollup` or `Cube` where that says it all.
fn simplest(mut elements: Vec<GroupingElement>) -> Grouping {
    let singles = |sets: &[Vec<Expr>]| sets.iter().all(|set| set.len() == 1);
    if elements.iter().all(|element| matches!(element, GroupingElement::Plain(_))) {
        return Grouping::By(elements.into_iter().flat_map(into_expressions).collect());
    }
    match &elements[..] {
        [GroupingElement::Rollup(sets)] if singles(sets) => {
            Grouping::Rollup(elements.drain(..).flat_map(into_expressions).collect())
        }
        [GroupingElement::Cube(sets)] if singles(sets) => Grouping::Cube(elements.drain(..).flat_map(into_expressions).collect()),
        _ => Grouping::Mixed(elements),
    }
}

fn into_expressions(element: GroupingElement) -> Vec<Expr> {
    match element {
        GroupingElement::Plain(expression) => vec![expression],
        GroupingElement::Rollup(sets) | GroupingElement::Cube(sets) => sets.into_iter().flatten().collect(),
        GroupingElement::Set(set) => set,
        GroupingElement::Sets(elements) => elements.into_iter().flat_map(into_expressions).collect(),
    }
}
