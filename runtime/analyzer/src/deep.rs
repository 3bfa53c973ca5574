//! Deep expressions, made shallow: DataFusion looks at an expression once per level, and each look walks all of it, often
//! twice over, so a sum of a thousand columns would be planned for minutes.
//!
//! Every [`LEVELS`] levels what lies below becomes one kernel over the columns it reads, which evaluates it as it was written.
//! `AND` and `OR` are never cut off, for optimizers look for them; nor is what draws or belongs to a subquery or a lambda.
//! Begin at [`shallow`].

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ExprSchema, Result};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{ColumnarValue, Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use emberflow_functions::udf::{Kernel, risk};

use crate::resolver::with_stack;

/// Expressions that are no deeper stay as they are.
const LEVELS: usize = 64;

/// Stack for the evaluation of so many levels, and how much is added when there is less.
const SPARE_BYTES: usize = 512 << 10;
const GROWTH_BYTES: usize = 8 << 20;

/// `plan` without expressions deeper than DataFusion plans well.
pub(crate) fn shallow(plan: LogicalPlan) -> LogicalPlan {
    let deep = |node: &LogicalPlan| {
        let mut deepest = 0;
        let _ = node.apply_expressions(|expression| {
            deepest = deepest.max(depth(expression));
            Ok(TreeNodeRecursion::Continue)
        });
        deepest > LEVELS && !matches!(node, LogicalPlan::Extension(_) | LogicalPlan::TableScan(_))
    };
    let mut any = false;
    let _ = plan.apply_with_subqueries(|node| {
        any |= deep(node);
        Ok(if any { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    if !any {
        return plan;
    }
    let cut = plan.clone().transform_down_with_subqueries(|node| {
        if !deep(&node) {
            return Ok(Transformed::no(node));
        }
        let (names, schema) = (NamePreserver::new(&node), merge_schema(&node.inputs()));
        node.map_expressions(|expression| {
            let name = names.save(&expression);
            let cut = cut(expression, &schema)?.expression;
            Ok(Transformed::yes(name.restore(cut)))
        })
    });
    // What cannot be cut is planned as it is.
    cut.map_or(plan, |cut| cut.data)
}

fn depth(expression: &Expr) -> usize {
    let mut below = 0;
    let _ = expression.apply_children(|child| {
        below = below.max(with_stack(|| depth(child)));
        Ok(TreeNodeRecursion::Continue)
    });
    below + 1
}

/// An expression, its levels down to the nearest kernels made here, and whether it is evaluated for every row alike.
struct Cut {
    expression: Expr,
    levels: usize,
    plain: bool,
}

fn cut(expression: Expr, schema: &DFSchema) -> Result<Cut> {
    let (mut levels, mut plain) = (0, is_plain(&expression));
    let expression = expression
        .map_children(|child| {
            let below = with_stack(|| cut(child, schema))?;
            levels = levels.max(below.levels);
            plain &= below.plain;
            Ok(Transformed::yes(below.expression))
        })?
        .data;
    levels += 1;
    if plain && levels >= LEVELS && (Kernel::behind(&expression).is_some() || matches!(expression, Expr::Case(_))) {
        return Ok(Cut { expression: kernel(expression, schema)?, levels: 1, plain });
    }
    Ok(Cut { expression, levels, plain })
}

fn is_plain(expression: &Expr) -> bool {
    match expression {
        Expr::ScalarFunction(_) => !expression.is_volatile_node(),
        Expr::Column(_) | Expr::Literal(..) | Expr::BinaryExpr(_) | Expr::Case(_) | Expr::Cast(_) | Expr::TryCast(_) => true,
        Expr::Not(_) | Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::Like(_) | Expr::Between(_) | Expr::InList(_) => true,
        _ => false,
    }
}

/// `expression` as a kernel over the columns it reads.
fn kernel(expression: Expr, schema: &DFSchema) -> Result<Expr> {
    let mut columns: Vec<&Column> = expression.column_refs().into_iter().collect();
    columns.sort();
    let columns: Vec<Column> = columns.into_iter().cloned().collect();
    let fields = columns.iter().enumerate().map(|(at, column)| {
        let field = schema.field_from_column(column)?;
        Ok(Field::new(at.to_string(), field.data_type().clone(), field.is_nullable()))
    });
    let fields = fields.collect::<Result<Vec<Field>>>()?;
    // An optimizer may come to know better what can be null.
    let inside = Arc::new(Schema::new(fields.iter().map(|field| field.clone().with_nullable(true)).collect::<Vec<_>>()));
    let named = DFSchema::try_from(Schema::new(fields))?;
    let expression = expression
        .transform_up(|node| match &node {
            Expr::Column(column) => {
                let at = columns.iter().position(|known| known == column).unwrap_or_default();
                Ok(Transformed::yes(Expr::Column(Column::new_unqualified(at.to_string()))))
            }
            _ => Ok(Transformed::no(node)),
        })?
        .data;
    let simplifier = ExprSimplifier::new(SimplifyContext::default());
    let expression = simplifier.coerce(expression, &named)?;
    let (_, result) = expression.to_field(&named)?;
    let physical = create_physical_expr(&expression, &named, &ExecutionProps::new(), &PhysicalPlanningContext::default())?;
    let kernel = Kernel::new("deep", result.data_type().clone(), result.is_nullable()).of(digest(&expression));
    let kernel = kernel.risks(risk(&expression)).run(move |arguments, rows| evaluate(&physical, &inside, arguments, rows));
    Ok(kernel.call(columns.into_iter().map(Expr::Column).collect()))
}

fn evaluate(
    expression: &Arc<dyn PhysicalExpr>,
    schema: &Arc<Schema>,
    arguments: &[ColumnarValue],
    rows: usize,
) -> Result<ColumnarValue> {
    let columns = arguments.iter().map(|argument| argument.to_array(rows)).collect::<Result<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
    // One such kernel lies in another, on a thread with a usual stack.
    stacker::maybe_grow(SPARE_BYTES, GROWTH_BYTES, || expression.evaluate(&batch))
}

/// 128 bits that tell expressions apart.
fn digest(expression: &Expr) -> String {
    let mut hashers = [DefaultHasher::new(), DefaultHasher::new()];
    hashers[1].write_u8(0x9d);
    hashers.iter_mut().for_each(|hasher| expression.hash(hasher));
    let [one, two] = hashers.map(|hasher| hasher.finish());
    format!("{one:016x}{two:016x}")
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;
    use datafusion::logical_expr::{LogicalPlanBuilder, col, lit, table_scan};

    use super::*;

    fn plus_one(expression: Expr) -> Expr {
        let body = |arguments: &[ColumnarValue], _: usize| Ok(arguments[0].clone());
        Kernel::new("plus", DataType::Int64, true).run(body).call(vec![expression, lit(1_i64)])
    }

    fn plan(levels: usize) -> LogicalPlan {
        let fields = ["a", "b"].map(|name| Field::new(name, DataType::Int64, true));
        let deep = (0..levels).fold(col("b"), |expression, _| plus_one(expression));
        let scan = table_scan(Some("t"), &Schema::new(fields.to_vec()), None).unwrap();
        LogicalPlanBuilder::from(scan.build().unwrap()).project([deep.alias("x")]).unwrap().build().unwrap()
    }

    fn deepest(plan: &LogicalPlan) -> usize {
        plan.expressions().iter().map(depth).max().unwrap()
    }

    #[test]
    fn what_is_deep_becomes_shallow_and_keeps_its_name_and_type() {
        let (deep, untouched) = (plan(1000), plan(50));
        let cut = shallow(deep.clone());
        assert!(deepest(&cut) <= LEVELS + 1, "{}", deepest(&cut));
        assert_eq!(cut.schema(), deep.schema());
        assert_eq!(shallow(untouched.clone()), untouched);
    }
}
