//! Session variables, and statements made of text.
//!
//! A variable is a value that expressions find by its name where no column has it.
//! Not here: that search (`emberflow-analyzer`).

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use emberflow_base::{Error, Result};
use emberflow_connect::backend::{Operation, Rows};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::sql::{Parameters, parse_with_parameters};
use emberflow_plan::tree::{Alias, CastMode, Expr, ExprKind, Literal, Relation, RelationKind, Statement, VariableValues};
use emberflow_plan::types::quote;
use emberflow_plan::{DataType, StructType};

use crate::session::Session;
use crate::tables;

/// A session variable.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    /// As it was declared.
    pub name: String,
    pub data_type: DataType,
    pub value: ScalarValue,
    default: Expr,
}

impl Session {
    pub(crate) async fn declare_variables(
        &self,
        names: Vec<Vec<String>>,
        replace: bool,
        data_type: Option<DataType>,
        default: Option<Expr>,
    ) -> Result<Rows> {
        let names = names.iter().map(|name| bare(name).ok_or_else(|| no_place(name))).collect::<Result<Vec<_>>>()?;
        let default = default.unwrap_or_else(|| Expr::literal(Literal::Null(DataType::Null)));
        let typed = match &data_type {
            Some(target) => cast(default.clone(), target),
            None => default.clone(),
        };
        let (value, found) = self.value_of(typed).await?;
        let mut variables = self.shared.variables.write();
        if let Some(name) = names.iter().find(|name| !replace && variables.contains_key(&name.to_lowercase())) {
            return Err(Error::new("VARIABLE_ALREADY_EXISTS").with("variableName", full(name)));
        }
        for name in names {
            let data_type = data_type.clone().unwrap_or_else(|| found.clone());
            let variable = Variable { name: name.clone(), data_type, value: value.clone(), default: default.clone() };
            variables.insert(name.to_lowercase(), variable);
        }
        Ok(tables::nothing())
    }

    pub(crate) async fn set_variables(&self, assignments: VariableValues) -> Result<Rows> {
        match assignments {
            VariableValues::Each(assignments) => {
                let names: Vec<Vec<String>> = assignments.iter().map(|(name, _)| name.clone()).collect();
                let targets = self.targets(&names)?;
                let each = assignments.into_iter().zip(&targets);
                let values = each.map(|((_, value), target)| {
                    let value = value.unwrap_or_else(|| target.default.clone());
                    cast(value, &target.data_type)
                });
                let values = self.values_of(values.collect()).await?;
                self.assign(targets, values.into_iter().map(|(value, _)| value).collect());
            }
            VariableValues::Query { names, query } => {
                let targets = self.targets(&names)?;
                self.assign_row(targets, query).await?;
            }
        }
        Ok(tables::nothing())
    }

    /// The only row of a query into variables; no row gives nulls.
    async fn assign_row(&self, targets: Vec<Variable>, query: Relation) -> Result<()> {
        let found = self.analyzed(query.clone()).await?.schema;
        if found.fields.len() != targets.len() {
            return Err(Error::new("ASSIGNMENT_ARITY_MISMATCH")
                .with("numExpr", found.fields.len().to_string())
                .with("numTarget", targets.len().to_string()));
        }
        let names: Vec<String> = (0..targets.len()).map(|position| format!("value{position}")).collect();
        let input = Relation::new(RelationKind::ToDf { input: query, names: names.clone() });
        let columns = names.iter().zip(&targets).map(|(name, target)| Alias {
            name: name.clone(),
            expression: cast(Expr::attribute([name.as_str()]), &target.data_type),
            metadata: None,
        });
        let typed = Relation::new(RelationKind::WithColumns { input, columns: columns.collect() });
        let rows = self.query(typed, Operation::default()).await?;
        let schema = rows.schema.clone();
        let batches = crate::execute::collect(rows).await?;
        if batches.iter().map(RecordBatch::num_rows).sum::<usize>() > 1 {
            return Err(Error::new("ROW_SUBQUERY_TOO_MANY_ROWS").exception_class(emberflow_base::Exception::Spark));
        }
        self.assign(targets, first_row(&schema, &batches)?);
        Ok(())
    }

    fn assign(&self, targets: Vec<Variable>, values: Vec<ScalarValue>) {
        let mut variables = self.shared.variables.write();
        for (target, value) in targets.into_iter().zip(values) {
            variables.insert(target.name.to_lowercase(), Variable { value, ..target });
        }
    }

    fn targets(&self, names: &[Vec<String>]) -> Result<Vec<Variable>> {
        let mut targets: Vec<Variable> = Vec::with_capacity(names.len());
        for name in names {
            let known = bare(name).and_then(|name| self.variable(&name));
            let known = known.ok_or_else(|| {
                let database = quote(&self.current_database());
                Error::new("UNRESOLVED_VARIABLE")
                    .with("variableName", crate::catalog::quoted(name))
                    .with("searchPath", format!("[`system`.`builtin`, `system`.`session`, `spark_catalog`.{database}]"))
            })?;
            if targets.iter().any(|target| target.name.eq_ignore_ascii_case(&known.name)) {
                return Err(Error::new("DUPLICATE_ASSIGNMENTS").with("nameList", quote(&known.name)));
            }
            targets.push(known);
        }
        Ok(targets)
    }

    pub(crate) fn variable(&self, name: &str) -> Option<Variable> {
        self.shared.variables.read().get(&name.to_lowercase()).cloned()
    }

    pub(crate) fn drop_variable(&self, name: &[String], if_exists: bool) -> Result<Rows> {
        let bare = bare(name).ok_or_else(|| no_place(name))?;
        match self.shared.variables.write().remove(&bare.to_lowercase()) {
            None if !if_exists => Err(Error::new("VARIABLE_NOT_FOUND").with("variableName", full(&bare))),
            _ => Ok(tables::nothing()),
        }
    }

    pub(crate) async fn execute_immediate(
        &self,
        text: Expr,
        into: Vec<Vec<String>>,
        using: Vec<Expr>,
        operation: Operation,
    ) -> Result<Rows> {
        let text = self.evaluated_text(text).await?.ok_or_else(|| Error::new("NULL_QUERY_STRING_EXECUTE_IMMEDIATE"))?;
        let mut parameters = Parameters::default();
        for value in &using {
            match &value.kind {
                ExprKind::Alias { expression, names, .. } if names.len() == 1 => {
                    parameters.named.push((names[0].clone(), (**expression).clone()));
                }
                _ => parameters.positional.push(value.clone()),
            }
        }
        let statement = parse_with_parameters(&text, self.sql_options(), &parameters).map_err(|error| {
            let is_mixed = error.condition() == "INVALID_QUERY_MIXED_QUERY_PARAMETERS" && parameters.named.is_empty();
            if is_mixed { must_be_named(&parameters.positional) } else { error }
        })?;
        if into.is_empty() {
            return match statement {
                Statement::Query(relation) => Box::pin(self.query(relation, operation)).await,
                Statement::Command(command) => Box::pin(self.rows_of_command(command, operation)).await,
            };
        }
        let Statement::Query(query) = statement else {
            return Err(Error::new("INVALID_STATEMENT_FOR_EXECUTE_INTO").with("sqlString", text));
        };
        let targets = self.targets(&into)?;
        self.assign_row(targets, query).await?;
        Ok(tables::nothing())
    }

    /// A text that an expression without columns gives; none if it is null.
    pub(crate) async fn evaluated_text(&self, expression: Expr) -> Result<Option<String>> {
        let (value, _) = self.value_of(cast(expression, &DataType::String)).await?;
        Ok(match value {
            ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => text,
            _ => None,
        })
    }

    async fn value_of(&self, expression: Expr) -> Result<(ScalarValue, DataType)> {
        let first = self.values_of(vec![expression]).await?.pop();
        first.ok_or_else(|| Error::internal("an expression gave no value"))
    }

    /// The values of expressions without columns.
    async fn values_of(&self, expressions: Vec<Expr>) -> Result<Vec<(ScalarValue, DataType)>> {
        let relation = Relation::new(RelationKind::Project { input: None, expressions });
        let rows = self.query(relation, Operation::default()).await?;
        let schema = rows.schema.clone();
        let batches = crate::execute::collect(rows).await?;
        let values = first_row(&schema, &batches)?;
        Ok(values.into_iter().zip(schema.fields.into_iter().map(|field| field.data_type)).collect())
    }
}

fn first_row(schema: &StructType, batches: &[RecordBatch]) -> Result<Vec<ScalarValue>> {
    match batches.iter().find(|batch| batch.num_rows() > 0) {
        Some(batch) => {
            let values = batch.columns().iter().map(|column| ScalarValue::try_from_array(column, 0));
            values.collect::<Result<_, _>>().map_err(from_datafusion)
        }
        None => {
            let nulls = schema
                .fields
                .iter()
                .map(|field| ScalarValue::try_new_null(&emberflow_functions::types::to_arrow(&field.data_type)));
            nulls.collect::<Result<_, _>>().map_err(from_datafusion)
        }
    }
}

fn cast(expression: Expr, target: &DataType) -> Expr {
    let origin = expression.origin.clone();
    let kind = ExprKind::Cast { expression: Box::new(expression), target: target.clone(), mode: CastMode::Session };
    Expr::new(kind).with_origin(origin)
}

/// `x`, `session.x`, `system.session.x`
fn bare(name: &[String]) -> Option<String> {
    let is = |part: &String, word: &str| part.eq_ignore_ascii_case(word);
    match name {
        [name] => Some(name.clone()),
        [session, name] if is(session, "session") => Some(name.clone()),
        [system, session, name] if is(system, "system") && is(session, "session") => Some(name.clone()),
        _ => None,
    }
}

fn full(name: &str) -> String {
    format!("`system`.`session`.{}", quote(name))
}

fn no_place(name: &[String]) -> Error {
    Error::new("UNRESOLVED_VARIABLE")
        .with("variableName", crate::catalog::quoted(name))
        .with("searchPath", "[`system`.`session`]")
}

fn must_be_named(values: &[Expr]) -> Error {
    let shown: Vec<String> = values
        .iter()
        .map(|value| match &value.kind {
            ExprKind::Literal(Literal::Int(number)) => format!("\"{number}\""),
            ExprKind::Literal(Literal::String(text)) => format!("\"{text}\""),
            _ => "\"?\"".to_owned(),
        })
        .collect();
    Error::new("ALL_PARAMETERS_MUST_BE_NAMED").with("exprs", shown.join(", "))
}
