//! Windows: `OVER (..)`, `OVER name`, and the `WINDOW` clause that names them.
//!
//! A named window may be used before the clause that defines it, so a query first looks ahead for its clause and keeps the
//! definitions while it reads its items. Begin at [`Parser::over`].

use emberflow_base::{Error, Result};

use super::cursor::Parser;
use super::lexer::Kind;
use super::words;
use crate::tree::{Expr, ExprKind, Frame, FrameBound, FrameUnit, NullOrder, Origin, SortDirection, SortOrder, Window};
use crate::types::quote;

/// Words by which what stands in the parentheses of a window begins.
const WINDOW_WORDS: &[&str] = &["CLUSTER", "DISTRIBUTE", "ORDER", "PARTITION", "RANGE", "ROWS", "SORT"];

const DOCUMENTATION: &str = "https://spark.apache.org/docs/latest";

/// One entry of a `WINDOW` clause.
pub(crate) type NamedWindow = (String, WindowParts);

#[derive(Debug, Clone, Default)]
pub(crate) struct WindowParts {
    origin: Origin,
    partition_by: Vec<Expr>,
    order_by: Vec<SortOrder>,
    frame: Option<Frame>,
}

impl Parser<'_> {
    /// `function` with the OVER behind it, if there is one.
    pub(super) fn over(&mut self, start: usize, function: Expr) -> Result<Expr> {
        let is_clause = *self.kind(1) == Kind::Word && words::begins_clause(self.written(1));
        if !self.is_word("OVER") || is_clause || !(self.is_sign_at(1, "(") || self.is_identifier(1)) {
            return Ok(function);
        }
        self.advance();
        let parts = match self.is_sign("(") {
            true if self.is_identifier(1) && self.is_sign_at(2, ")") => {
                self.advance();
                let parts = self.named_window()?;
                self.expect_sign(")")?;
                parts
            }
            true if self.is_identifier(1) && !self.is_one_of_at(1, WINDOW_WORDS) => return Err(self.error_here()),
            true => self.window_parts()?,
            false => self.named_window()?,
        };
        let WindowParts { origin, partition_by, order_by, frame } = parts;
        let window = Window { function, specification: origin, partition_by, order_by, frame };
        Ok(Expr::new(ExprKind::Window(Box::new(window))).with_origin(self.origin_since(start)))
    }

    fn named_window(&mut self) -> Result<WindowParts> {
        let start = self.at;
        let name = self.identifier()?;
        let found = self.windows.iter().rev().flatten().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        found.map(|(_, parts)| parts.clone()).ok_or_else(|| {
            let text = format!("There is no window `{name}` in the WINDOW clause of this query.");
            let error = Error::new("MISSING_WINDOW_SPECIFICATION").with("windowName", &name).with("docroot", DOCUMENTATION);
            error.text(text).context(self.context_since(start))
        })
    }

    fn window_parts(&mut self) -> Result<WindowParts> {
        let start = self.at;
        self.expect_sign("(")?;
        let mut parts = WindowParts::default();
        if self.take_words(&["CLUSTER", "BY"]) {
            parts.partition_by = self.list(Self::expression)?;
        }
        if self.take_words(&["PARTITION", "BY"]) || self.take_words(&["DISTRIBUTE", "BY"]) {
            parts.partition_by = self.list(Self::expression)?;
        }
        if self.take_words(&["ORDER", "BY"]) || self.take_words(&["SORT", "BY"]) {
            parts.order_by = self.list(Self::sort_order)?;
        }
        parts.frame = self.frame()?;
        self.expect_sign(")")?;
        parts.origin = self.origin_since(start);
        Ok(parts)
    }

    fn frame(&mut self) -> Result<Option<Frame>> {
        let unit = match self.take_one_of(&["ROWS", "RANGE"]) {
            Some("ROWS") => FrameUnit::Rows,
            Some(_) => FrameUnit::Range,
            None => return Ok(None),
        };
        if !self.take_word("BETWEEN") {
            return Ok(Some(Frame { unit, lower: self.frame_bound()?, upper: FrameBound::CurrentRow }));
        }
        let lower = self.frame_bound()?;
        self.expect_word("AND")?;
        Ok(Some(Frame { unit, lower, upper: self.frame_bound()? }))
    }

    fn frame_bound(&mut self) -> Result<FrameBound> {
        if self.take_words(&["CURRENT", "ROW"]) {
            return Ok(FrameBound::CurrentRow);
        }
        let is_unbounded = self.take_word("UNBOUNDED");
        let offset = if is_unbounded { None } else { Some(self.value()?) };
        let word = self.take_one_of(&["PRECEDING", "FOLLOWING"]).ok_or_else(|| self.error_here())?;
        Ok(match (offset, word) {
            (None, "PRECEDING") => FrameBound::UnboundedPreceding,
            (None, _) => FrameBound::UnboundedFollowing,
            (Some(offset), "PRECEDING") => FrameBound::Offset(Expr::call("negative", vec![offset])),
            (Some(offset), _) => FrameBound::Offset(offset),
        })
    }

    /// `a DESC NULLS LAST`
    pub(super) fn sort_order(&mut self) -> Result<SortOrder> {
        let child = self.expression()?;
        let (direction, nulls) = self.sort_direction()?;
        Ok(SortOrder { child, direction, nulls })
    }

    /// `ASC` or `DESC` and where nulls go; ascending puts them first.
    pub(super) fn sort_direction(&mut self) -> Result<(SortDirection, NullOrder)> {
        let direction = match self.take_one_of(&["ASC", "DESC"]) {
            Some("DESC") => SortDirection::Descending,
            _ => SortDirection::Ascending,
        };
        if self.take_word("NULLS") {
            let nulls = self.take_one_of(&["FIRST", "LAST"]).ok_or_else(|| self.error_here())?;
            return Ok((direction, if nulls == "FIRST" { NullOrder::First } else { NullOrder::Last }));
        }
        let nulls = if direction == SortDirection::Ascending { NullOrder::First } else { NullOrder::Last };
        Ok((direction, nulls))
    }

    /// The `WINDOW` clause of the query that begins here, read ahead; the cursor does not move.
    pub(super) fn windows_ahead(&mut self) -> Result<Vec<NamedWindow>> {
        let found = if self.may_have_windows { self.find_window_clause() } else { None };
        let Some(ahead) = found else { return Ok(Vec::new()) };
        let back = self.at;
        self.at += ahead;
        let windows = self.window_clause();
        self.at = back;
        windows
    }

    /// How far ahead the `WINDOW` of this query stands, outside parentheses and before the next query of a set operation.
    fn find_window_clause(&self) -> Option<usize> {
        let mut ahead = 0;
        loop {
            match self.kind(ahead) {
                Kind::End | Kind::Sign(")" | ";") => return None,
                Kind::Sign("(" | "[") => ahead = self.after_partner(ahead)?,
                Kind::Word if self.is_one_of_at(ahead, &["UNION", "INTERSECT", "MINUS", "SETMINUS"]) => return None,
                Kind::Word if self.is_window_clause(ahead) => return Some(ahead),
                _ => ahead += 1,
            }
        }
    }

    fn is_window_clause(&self, ahead: usize) -> bool {
        self.is_word_at(ahead, "WINDOW") && self.is_identifier(ahead + 1) && self.is_word_at(ahead + 2, "AS")
    }

    /// `WINDOW a AS (..), b AS a`; nothing if none stands here.
    pub(super) fn window_clause(&mut self) -> Result<Vec<NamedWindow>> {
        let mut windows: Vec<NamedWindow> = Vec::new();
        if !self.is_window_clause(0) {
            return Ok(windows);
        }
        let start = self.at;
        self.advance();
        loop {
            let (name, parts) = self.window_definition(&windows)?;
            if windows.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                let text = format!("The window `{name}` is defined twice.");
                let error = Error::new("INVALID_SQL_SYNTAX.REPETITIVE_WINDOW_DEFINITION").with("windowName", quote(&name));
                return Err(self.error_since(start, error.text(text)));
            }
            windows.push((name, parts));
            if !self.take_sign(",") {
                return Ok(windows);
            }
        }
    }

    fn window_definition(&mut self, before: &[NamedWindow]) -> Result<NamedWindow> {
        let name = self.identifier()?;
        self.expect_word("AS")?;
        let is_reference = self.is_identifier(0) || (self.is_identifier(1) && self.is_sign_at(2, ")"));
        if !is_reference {
            return Ok((name, self.window_parts()?));
        }
        let in_parentheses = self.take_sign("(");
        self.windows.push(before.to_vec());
        let parts = self.named_window();
        self.windows.pop();
        if in_parentheses {
            self.expect_sign(")")?;
        }
        Ok((name, parts?))
    }
}
