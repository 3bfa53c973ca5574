//! The pipe operator: a query that goes on step by step.
//!
//!     FROM t |> WHERE a > 1 |> EXTEND a + 1 AS b |> AGGREGATE sum(b) GROUP BY c |> ORDER BY c |> LIMIT 3
//!
//! Each step has what is left of it as its input. Begin at [`Parser::piped`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::select::everything;
use crate::tree::{Aggregate, Alias, Expr, ExprKind, Grouping, Relation, RelationKind};

impl Parser<'_> {
    /// `left` with the steps behind it.
    pub(super) fn piped(&mut self, left: Relation) -> Result<Relation> {
        let mut left = left;
        let mut links = 0;
        while self.take_sign("|>") {
            links += 1;
            self.check_chain(links)?;
            left = self.step(left)?;
        }
        Ok(left)
    }

    fn step(&mut self, input: Relation) -> Result<Relation> {
        match self.written(0).to_uppercase().as_str() {
            "SELECT" => self.select_step(input),
            "EXTEND" => {
                self.advance();
                let mut expressions = vec![everything()];
                expressions.extend(self.list(Self::named_expression)?);
                Ok(checked("EXTEND", Relation::new(RelationKind::Project { input: Some(input), expressions })))
            }
            "SET" => {
                self.advance();
                let replace = self.list(Self::assignment)?;
                Ok(checked("SET", project(input, Star { replace, ..Star::default() })))
            }
            "DROP" => {
                self.advance();
                let except = self.list(Self::identifier)?.into_iter().map(|name| vec![name]).collect();
                Ok(project(input, Star { except, ..Star::default() }))
            }
            "WHERE" => {
                self.advance();
                let condition = self.expression()?;
                Ok(Relation::new(RelationKind::Filter { input, condition }))
            }
            "AGGREGATE" => self.aggregate_step(input),
            "AS" => self.aliased(input),
            "UNION" | "EXCEPT" | "MINUS" | "SETMINUS" | "INTERSECT" => self.set_step(input),
            "ORDER" | "SORT" | "CLUSTER" | "DISTRIBUTE" | "LIMIT" | "OFFSET" => self.organized_step(input),
            "TABLESAMPLE" => self.sampled(input),
            _ => self.relation_step(input),
        }
    }

    fn select_step(&mut self, input: Relation) -> Result<Relation> {
        self.expect_word("SELECT")?;
        let distinct = self.select_distinct()?;
        let expressions = self.list(Self::named_expression)?;
        // Read ahead by the query already.
        self.window_clause()?;
        let input = Relation::new(RelationKind::Project { input: Some(input), expressions });
        Ok(match distinct {
            true => {
                Relation::new(RelationKind::Deduplicate { input, keys: Vec::new(), all_columns: true, within_watermark: false })
            }
            false => input,
        })
    }

    /// One of ordering and limiting, not both.
    fn organized_step(&mut self, input: Relation) -> Result<Relation> {
        let start = self.at;
        let first = ["ORDER", "SORT", "CLUSTER", "DISTRIBUTE"].iter().find(|word| self.is_word(word)).copied();
        let sorted = self.sorted(input)?;
        let (Some(first), Some(second)) = (first, ["LIMIT", "OFFSET"].iter().find(|word| self.is_word(word))) else {
            return self.organized(sorted);
        };
        self.organized(sorted)?;
        let error = Error::new("MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS").with("clause1", format!("{first} BY"));
        let text = format!("{first} BY and {second} need a |> each.");
        Err(self.error_since(start, error.with("clause2", *second).text(text)))
    }

    /// `a = a + 1`
    fn assignment(&mut self) -> Result<Alias> {
        let name = self.identifier()?;
        self.expect_sign("=")?;
        Ok(Alias { name, expression: self.expression()?, metadata: None })
    }

    /// `AGGREGATE sum(a) GROUP BY b`: the groupings come first.
    fn aggregate_step(&mut self, input: Relation) -> Result<Relation> {
        self.expect_word("AGGREGATE")?;
        let is_grouped = |parser: &Self| parser.is_word("GROUP") && parser.is_word_at(1, "BY");
        let aggregates: Vec<Expr> = if is_grouped(self) { Vec::new() } else { self.list(Self::named_expression)? };
        let by = match self.take_words(&["GROUP", "BY"]) {
            true => self.list(Self::named_expression)?,
            false => Vec::new(),
        };
        if self.is_word("WITH") || self.are_words(&["GROUPING", "SETS"]) {
            return Err(Error::unsupported("grouping sets behind |> AGGREGATE"));
        }
        let grouping = Grouping::By(by);
        let aggregate = Aggregate { input, grouping, aggregates, groupings_come_first: true };
        Ok(checked("AGGREGATE", Relation::new(RelationKind::Aggregate(aggregate))))
    }

    /// Joins and pivots.
    fn relation_step(&mut self, input: Relation) -> Result<Relation> {
        let start = self.at;
        let extended = self.extended(input)?;
        if self.at > start {
            return Ok(extended);
        }
        let hint = if self.is_end() { String::new() } else { format!(": extra input '{}'", self.written(0)) };
        Err(self.error_ahead(0, &hint))
    }
}

/// `*`, without some columns and with others in the place of theirs.
#[derive(Default)]
struct Star {
    except: Vec<Vec<String>>,
    replace: Vec<Alias>,
}

fn checked(clause: &'static str, step: Relation) -> Relation {
    Relation::new(RelationKind::PipeStep { step, clause })
}

fn project(input: Relation, star: Star) -> Relation {
    let Star { except, replace } = star;
    let all = Expr::new(ExprKind::Star { target: Vec::new(), plan_id: None, except, replace });
    Relation::new(RelationKind::Project { input: Some(input), expressions: vec![all] })
}
