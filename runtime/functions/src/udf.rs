//! One shape for every kernel of ours: a [`Kernel`] is a DataFusion function whose result type, nullability and identity
//! are fixed when the analyzer builds it, so that no later rule of the optimizer can see it differently.
//!
//!     Kernel::new("pmod", Int32, nullable).of("int").fallible().run(|arguments, rows| ..).call(vec![a, b]) ──► Expr
//!
//! Promises: types are never coerced behind our back; two kernels are equal exactly when name and key are; an error of
//! ours keeps its condition and gets the origin set by [`with_origin`]. A kernel called with constants alone gives a
//! constant, so the optimizer can fold it; if it fails there, it fails again (or not) when the row is reached.
//! Not here: what any kernel computes. Begin at [`Kernel`].

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType as Arrow, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result as FusionResult, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use emberflow_base::{Error, QueryContext};

use crate::errors::{from_datafusion, to_datafusion};

/// What a kernel answers: a failure is always one of ours.
pub type KernelResult<T = ColumnarValue> = Result<T, DataFusionError>;

type Body = dyn Fn(&[ColumnarValue], usize) -> KernelResult + Send + Sync;

/// What can go wrong in some row, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    None,
    /// A result may not fit its type. Nobody writes guards against that, so none are kept.
    Overflow,
    /// A text may not be what it is read as.
    Cast,
    /// Division by zero, a missing element, an error on demand: what guards are written for.
    Other,
}

/// A function of ours as DataFusion sees it.
#[derive(Clone)]
pub struct Kernel {
    name: String,
    returns: Arrow,
    nullable: bool,
    risk: Risk,
    volatility: Volatility,
    origin: Option<Arc<QueryContext>>,
    body: Option<Arc<Body>>,
    signature: Signature,
}

impl Kernel {
    /// A kernel with exactly this result; give it a body with [`Kernel::run`] or [`Kernel::run_arrays`].
    pub fn new(name: &str, returns: Arrow, nullable: bool) -> Self {
        Self {
            name: name.to_owned(),
            returns,
            nullable,
            risk: Risk::None,
            volatility: Volatility::Immutable,
            origin: None,
            body: None,
            signature: Signature::nullary(Volatility::Immutable),
        }
    }

    /// Everything but the arguments that tells this kernel from others of its name: types, modes, patterns.
    pub fn of(mut self, key: impl fmt::Display) -> Self {
        self.name = format!("{}<{key}>", self.name);
        self
    }

    /// Some input makes it raise an error, so it must not be evaluated for rows that a guard excludes.
    pub fn fallible(self) -> Self {
        self.risks(Risk::Other)
    }

    pub fn fallible_if(self, fallible: bool) -> Self {
        self.risks(if fallible { Risk::Other } else { Risk::None })
    }

    /// How it may fail, if more is known than that.
    pub fn risks(mut self, risk: Risk) -> Self {
        self.risk = risk;
        self
    }

    /// A new value per row even for equal arguments.
    pub fn volatile(mut self) -> Self {
        self.volatility = Volatility::Volatile;
        self
    }

    /// The body: arguments as they come (constants stay constants) and the number of rows.
    pub fn run(mut self, body: impl Fn(&[ColumnarValue], usize) -> KernelResult + Send + Sync + 'static) -> Self {
        self.body = Some(Arc::new(body));
        self
    }

    /// The body over arrays of equal length: constants are spread out, or all of length one when there is nothing else.
    pub fn run_arrays(self, body: impl Fn(&[ArrayRef]) -> KernelResult<ArrayRef> + Send + Sync + 'static) -> Self {
        self.run(move |arguments, rows| {
            let constant = !arguments.is_empty() && arguments.iter().all(|one| matches!(one, ColumnarValue::Scalar(_)));
            let length = if constant { 1 } else { rows };
            let arrays = arguments.iter().map(|one| one.to_array(length)).collect::<FusionResult<Vec<_>>>()?;
            let result = body(&arrays)?;
            if constant {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?))
            } else {
                Ok(ColumnarValue::Array(result))
            }
        })
    }

    /// The expression that calls it.
    pub fn call(mut self, arguments: Vec<Expr>) -> Expr {
        let types = if arguments.is_empty() { TypeSignature::Nullary } else { TypeSignature::Any(arguments.len()) };
        self.signature = Signature::new(types, self.volatility);
        Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(ScalarUDF::new_from_impl(self)), arguments))
    }

    /// The kernel behind an expression, if it is a call of one.
    pub fn behind(expr: &Expr) -> Option<&Kernel> {
        match expr {
            Expr::ScalarFunction(call) => call.func.inner().downcast_ref::<Kernel>(),
            _ => None,
        }
    }

    pub fn risk(&self) -> Risk {
        self.risk
    }

    fn with_place(&self, error: DataFusionError) -> DataFusionError {
        let ours = from_datafusion(error);
        match &self.origin {
            Some(origin) if ours.contexts().is_empty() => to_datafusion(ours.context(origin.as_ref().clone())),
            _ => to_datafusion(ours),
        }
    }
}

/// Whether evaluating `expr` can raise an error for some row.
pub fn can_raise(expr: &Expr) -> bool {
    risk(expr) > Risk::None
}

/// The worst that evaluating `expr` can lead to. A constant raises for all rows or none, while planning.
pub fn risk(expr: &Expr) -> Risk {
    let mut worst = Risk::None;
    let _ = expr.apply(|node| {
        if let Some(kernel) = Kernel::behind(node)
            && kernel.risk > worst
            && depends_on_rows(node)
        {
            worst = kernel.risk;
        }
        Ok(if worst == Risk::Other { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    worst
}

fn depends_on_rows(expr: &Expr) -> bool {
    expr.exists(|node| Ok(matches!(node, Expr::Column(_) | Expr::OuterReferenceColumn(..) | Expr::LambdaVariable(_))))
        .unwrap_or(true)
}

/// Tells the kernels just built for one written call where it was written; those inside already know theirs.
pub fn with_origin(expr: Expr, origin: &Arc<QueryContext>) -> Expr {
    place(expr, origin, 4)
}

/// What one builder makes is shallow; deeper down are its arguments.
fn place(expr: Expr, origin: &Arc<QueryContext>, depth: usize) -> Expr {
    match expr {
        Expr::ScalarFunction(call) => match call.func.inner().downcast_ref::<Kernel>() {
            Some(kernel) if kernel.origin.is_none() => {
                let kernel = Kernel { origin: Some(Arc::clone(origin)), ..kernel.clone() };
                let inside = |argument: Expr| if depth > 1 { place(argument, origin, depth - 1) } else { argument };
                kernel.call(call.args.into_iter().map(inside).collect())
            }
            _ => Expr::ScalarFunction(call),
        },
        other if depth <= 1 => other,
        other => match other.map_children(|child| Ok(Transformed::yes(place(child, origin, depth - 1)))) {
            Ok(placed) => placed.data,
            // The closure cannot fail.
            Err(_) => Expr::default(),
        },
    }
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[Arrow]) -> FusionResult<Arrow> {
        Ok(self.returns.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> FusionResult<FieldRef> {
        Ok(Arc::new(Field::new(&self.name, self.returns.clone(), self.nullable)))
    }

    /// The text of a deep expression grows with each level and is asked for at each level, so it ends in a digest.
    fn schema_name(&self, arguments: &[Expr]) -> FusionResult<String> {
        const NODES_MAX: usize = 32;
        let mut nodes = 0;
        for argument in arguments {
            argument.apply(|_| {
                nodes += 1;
                Ok(if nodes > NODES_MAX { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })?;
        }
        if nodes > NODES_MAX {
            let mut hasher = DefaultHasher::new();
            arguments.hash(&mut hasher);
            return Ok(format!("{}({:016x})", self.name, hasher.finish()));
        }
        let names: Vec<String> = arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        Ok(format!("{}({})", self.name, names.join(",")))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> FusionResult<ColumnarValue> {
        let body = self.body.as_ref().ok_or_else(|| to_datafusion(Error::internal(format!("{} has no body", self.name))))?;
        body(&arguments.args, arguments.number_rows).map_err(|error| self.with_place(error))
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({} -> {})", self.name, self.returns)
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.returns == other.returns && self.nullable == other.nullable
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.returns.hash(state);
    }
}
