//! Window functions and their frames.

use emberflow_base::{Error, Result};
use emberflow_plan::ExprKind;
use emberflow_plan::tree::{Frame, FrameBound, FrameUnit, Window};

use crate::decode::Decoder;
use crate::proto::expression;
use crate::proto::expression::window::WindowFrame;
use crate::proto::expression::window::window_frame::frame_boundary::Boundary;
use crate::proto::expression::window::window_frame::{FrameBoundary, FrameType};

impl<'a> Decoder<'a> {
    pub(super) fn window(&self, window: &'a expression::Window) -> Result<ExprKind> {
        let Some(function) = window.window_function.as_deref() else {
            return Err(Error::new("CONNECT_INVALID_PLAN.WINDOW_FUNCTION_REQUIRED"));
        };
        Ok(ExprKind::Window(Box::new(Window {
            function: self.expression(function)?,
            specification: None,
            partition_by: self.expressions(&window.partition_spec)?,
            order_by: self.sort_orders(&window.order_spec)?,
            frame: window.frame_spec.as_deref().map(|frame| self.frame(frame)).transpose()?,
        })))
    }

    fn frame(&self, frame: &'a WindowFrame) -> Result<Frame> {
        const OWNER: &str = "spark.connect.Expression.Window.WindowFrame";
        let unit = match frame.frame_type() {
            FrameType::Row => FrameUnit::Rows,
            FrameType::Range => FrameUnit::Range,
            FrameType::Undefined => return Err(crate::decode::bad_enum(OWNER, "frame_type", frame.frame_type)),
        };
        let missing = |side: &str| Error::new(format!("CONNECT_INVALID_PLAN.{side}_BOUND_REQUIRED_IN_WINDOW_FRAME"));
        let lower = bound_of(frame.lower.as_deref()).ok_or_else(|| missing("LOWER"))?;
        let upper = bound_of(frame.upper.as_deref()).ok_or_else(|| missing("UPPER"))?;
        Ok(Frame {
            unit,
            lower: self.bound(lower, FrameBound::UnboundedPreceding)?,
            upper: self.bound(upper, FrameBound::UnboundedFollowing)?,
        })
    }

    fn bound(&self, boundary: &'a Boundary, unbounded: FrameBound) -> Result<FrameBound> {
        Ok(match boundary {
            Boundary::CurrentRow(_) => FrameBound::CurrentRow,
            Boundary::Unbounded(_) => unbounded,
            Boundary::Value(value) => FrameBound::Offset(self.expression(value)?),
        })
    }
}

fn bound_of(bound: Option<&FrameBoundary>) -> Option<&Boundary> {
    bound.and_then(|bound| bound.boundary.as_ref())
}
