//! Where rows come from: tables, files, local data, ranges, VALUES, SQL text, common tables.

use std::sync::Arc;

use arrow::array::AsArray;
use datafusion::common::{Column, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::functions::core::expr_fn::{get_field, named_struct};
use datafusion::logical_expr::{Expr as Physical, LogicalPlanBuilder, lit};
use emberflow_base::{Error, Result, substituted};
use emberflow_functions::errors::from_datafusion;
use emberflow_functions::{cast, coerce, collation};
use emberflow_plan::sql::{Parameters, parse_with_parameters};
use emberflow_plan::tree::{
    CatalogOp, Cte, Expr, ExprKind, Literal, LocalData, Options, ParseFormat, Relation, RelationKind, Statement, Subquery,
    SubqueryKind,
};
use emberflow_plan::{Collation, DataType, StructField, StructType};

use super::project::qualified;
use crate::attribute::{Attr, Attribute};
use crate::environment::{Source, Table};
use crate::expression::select::Element;
use crate::node::{Operation, PartitionNode};
use crate::resolved::{Resolved, project};
use crate::resolver::{CteDefinition, Resolver};
use crate::scope::Scope;
use crate::suggest::{self, quoted_name};

impl Resolver<'_> {
    pub(super) fn table(&self, name: &[String], options: &Options) -> Result<Resolved> {
        if let [single] = name
            && let Some(definition) = self.ctes().find(single, self.case_sensitive)
        {
            return self.common_table(single, definition);
        }
        match self.environment.table(name, options)? {
            Some(Source::Table(table)) => self.scan(&name.join("."), table),
            Some(Source::View { resolved, qualifier }) => Ok(qualified(self.renewed(&resolved)?, qualifier)),
            None if name.len() > 3 => Err(Error::new("REQUIRES_SINGLE_PART_NAMESPACE")
                .with("sessionCatalog", "spark_catalog")
                .with("identifier", quoted_name(name))),
            None => {
                let path = format!("[`system`.`builtin`, `system`.`session`, `spark_catalog`.`{}`]", self.context().database);
                Err(Error::new("TABLE_OR_VIEW_NOT_FOUND").with("relationName", quoted_name(name)).with("searchPath", path))
            }
        }
    }

    fn common_table(&self, name: &str, definition: CteDefinition) -> Result<Resolved> {
        match definition {
            CteDefinition::WorkTable(resolved) => Ok(qualified(self.renewed(&resolved)?, vec![name.to_owned()])),
            CteDefinition::Query(cte, ctes) => {
                let resolved = self.with_ctes(ctes, || self.relation(&cte.relation, None))?;
                let renamed = |resolved| self.renamed(resolved, &cte.columns).map_err(|error| suggest::at(error, &cte.origin));
                let resolved = if cte.columns.is_empty() { resolved } else { renamed(resolved)? };
                Ok(qualified(resolved, vec![name.to_owned()]))
            }
        }
    }

    pub(super) fn with(&self, ctes: &[Cte], recursive: bool, input: &Relation, outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let mut scope = self.ctes();
        for cte in ctes {
            scope = if recursive && mentions(&cte.relation, &cte.name) {
                let resolved = self.with_ctes(scope.clone(), || self.recursive_table(cte))?;
                scope.with(&cte.name, CteDefinition::WorkTable(Arc::new(resolved)))
            } else {
                let definition = CteDefinition::Query(Arc::new(cte.clone()), scope.clone());
                scope.with(&cte.name, definition)
            };
        }
        self.with_ctes(scope, || self.relation(input, outer))
    }

    /// `anchor UNION ALL step`, where the step reads the rows of the round before.
    fn recursive_table(&self, cte: &Cte) -> Result<Resolved> {
        let RelationKind::SetOp { left, right, is_all, .. } = &*cte.relation.kind else {
            return Err(Error::new("INVALID_RECURSIVE_CTE"));
        };
        if !*is_all {
            return Err(suggest::at(Error::new("UNION_NOT_SUPPORTED_IN_RECURSIVE_CTE"), &self.whole_text()));
        }
        let anchor = self.relation(left, None)?;
        let anchor = if cte.columns.is_empty() { anchor } else { self.renamed(anchor, &cte.columns)? };
        let anchor = self.renewed(&anchor)?;
        let work_name = self.fresh_column(&cte.name);
        let schema = Arc::clone(anchor.plan.schema().inner());
        let work_source = datafusion::datasource::cte_worktable::CteWorkTable::new(&work_name, schema);
        let work =
            LogicalPlanBuilder::scan(TableReference::bare(work_name.clone()), provider_as_source(Arc::new(work_source)), None)
                .and_then(LogicalPlanBuilder::build)
                .map_err(from_datafusion)?;
        let columns = work.schema().columns().into_iter().zip(anchor.output.iter());
        let bare = columns.map(|(column, attribute)| Physical::Column(column).alias(&attribute.column)).collect();
        let work = Resolved::new(project(work, bare)?, anchor.output.to_vec());
        let scope = self.ctes().with(&cte.name, CteDefinition::WorkTable(Arc::new(work)));
        let step = self.with_ctes(scope, || self.relation(right, None))?;
        let step = self.cast_to(step, &anchor)?;
        // A negative number of rounds is no limit, as in Spark.
        let most = cte.most_rounds.unwrap_or_else(|| self.environment.settings().number("spark.sql.cteRecursionLevelLimit"));
        let step = match usize::try_from(most) {
            Ok(most) => PartitionNode::plan(step, Operation::Round { most })?,
            Err(_) => step,
        };
        let plan = LogicalPlanBuilder::from(anchor.plan.clone())
            .to_recursive_query(work_name, step, !*is_all)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        Ok(Resolved::new(plan, anchor.output.iter().map(|attribute| attribute.as_nullable()).collect()))
    }

    /// The step's rows in the anchor's columns.
    fn cast_to(&self, step: Resolved, anchor: &Resolved) -> Result<datafusion::logical_expr::LogicalPlan> {
        if step.output.len() != anchor.output.len() {
            return Err(Error::new("NUM_COLUMNS_MISMATCH")
                .with("operator", "UNION")
                .with("firstNumColumns", anchor.output.len().to_string())
                .with("invalidOrdinalNum", "second")
                .with("invalidNumColumns", step.output.len().to_string()));
        }
        let context = self.context();
        let columns = step
            .output
            .iter()
            .zip(anchor.output.iter())
            .map(|(have, want)| Ok(cast::cast(have.typed(), &want.data_type, context.mode(), &context)?.expr.alias(&want.column)))
            .collect::<Result<Vec<_>>>()?;
        project(step.plan, columns)
    }

    pub(super) fn data_source(
        &self,
        format: Option<&str>,
        schema: Option<&StructType>,
        options: &Options,
        paths: &[String],
    ) -> Result<Resolved> {
        let label = format!("{} {}", format.unwrap_or("files"), digest(&(schema, options, paths)));
        self.scan(&label, self.environment.data_source(format, schema, options, paths)?)
    }

    pub(super) fn local_data(&self, data: &LocalData) -> Result<Resolved> {
        let label = format!("local {}", digest(&(&data.arrow, &data.schema)));
        self.scan(&label, self.environment.local_data(data)?)
    }

    pub(super) fn range(&self, start: i64, end: i64, step: i64, partitions: Option<i32>) -> Result<Resolved> {
        let label = format!("range({start}, {end}, {step})");
        self.scan(&label, self.environment.range(start, end, step, partitions)?)
    }

    /// Texts read as the lines of a file would be. The input runs at once: only its rows say which columns there are.
    pub(super) fn parse(
        &self,
        input: &Relation,
        format: ParseFormat,
        schema: Option<&StructType>,
        options: &Options,
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let format = match format {
            ParseFormat::Csv => "csv",
            ParseFormat::Json => "json",
            ParseFormat::Xml => return Err(Error::unsupported("XML texts as a DataFrame")),
        };
        let texts = self.unique(&self.relation(input, outer)?)?;
        let [column] = &texts.output[..] else {
            return Err(Error::new("DATAFRAME_INPUT_NOT_SINGLE_COLUMN").with("numColumns", texts.output.len().to_string()));
        };
        if !matches!(column.data_type, DataType::String) {
            return Err(Error::new("DATAFRAME_INPUT_NOT_STRING_TYPE").with("dataType", column.data_type.quoted()));
        }
        let schema_of_texts = texts.schema();
        let rows = self.environment.run_now(crate::Analyzed { plan: texts.plan, schema: schema_of_texts })?;
        let texts: Vec<String> =
            rows.iter().flat_map(|batch| batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned)).collect();
        let label = format!("{format} texts {}", digest(&(&texts, schema, options)));
        self.scan(&label, self.environment.texts(format, schema, options, texts)?)
    }

    /// Clients ask for the first row of an answer, or show it.
    pub(super) fn catalog_answer(&self, operation: &CatalogOp) -> Result<Resolved> {
        self.scan("catalog", self.environment.catalog_answer(operation)?)
    }

    pub(super) fn cached_remote(&self, id: &str) -> Result<Resolved> {
        self.scan(&format!("kept {id}"), self.environment.cached_remote(id)?)
    }

    /// A scan whose columns get internal names at once. `label` says what is read: plans that read the same say the same.
    pub(crate) fn scan(&self, label: &str, table: Table) -> Result<Resolved> {
        let Table { provider, schema, qualifier, hidden } = table;
        let name = TableReference::bare(self.fresh_column(label));
        let provided = provider.schema();
        let plan = LogicalPlanBuilder::scan(name.clone(), provider_as_source(provider), None)
            .and_then(LogicalPlanBuilder::build)
            .map_err(from_datafusion)?;
        let mut columns = Vec::with_capacity(schema.fields.len() + 1);
        let mut output = Vec::with_capacity(schema.fields.len());
        let given = |column: &str| Physical::Column(Column::new(Some(name.clone()), column));
        for (field, provided) in schema.fields.iter().zip(provided.fields()) {
            let attribute = self.scanned(field, &qualifier);
            columns.push(given(provided.name()).alias(&attribute.column));
            output.push(attribute);
        }
        let beside = provided.fields().iter().skip(schema.fields.len()).map(|provided| given(provided.name()));
        let mut metadata = Vec::new();
        if let Some((field, expr)) = whole_metadata(hidden.into_iter().zip(beside))? {
            let attribute = self.scanned(&field, &qualifier);
            columns.push(expr.alias(&attribute.column));
            metadata.push(attribute);
        }
        Ok(Resolved { metadata, ..Resolved::new(project(plan, columns)?, output) })
    }

    fn scanned(&self, field: &StructField, qualifier: &[String]) -> Attr {
        Arc::new(Attribute {
            column: self.fresh_column(&field.name),
            name: field.name.clone(),
            qualifier: qualifier.to_vec(),
            data_type: field.data_type.clone(),
            nullable: field.nullable,
            metadata: field.metadata.clone(),
            qualified_only: false,
        })
    }

    /// `VALUES (1, 'a'), (2, 'b')`: columns `col1`, `col2`, ... of each column's common type.
    pub(super) fn values(&self, rows: &[Vec<Expr>], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let scope = Scope::empty(outer, self.case_sensitive);
        let width = rows.first().map_or(0, Vec::len);
        let mut columns: Vec<Vec<emberflow_functions::Typed>> = vec![Vec::with_capacity(rows.len()); width];
        for row in rows {
            if row.len() != width {
                return Err(Error::new("INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH")
                    .with("expectedNumCols", width.to_string())
                    .with("actualNumCols", row.len().to_string())
                    .with("rowIndex", "0"));
            }
            for (value, column) in row.iter().zip(&mut columns) {
                column.push(self.expression(value, &scope)?.typed);
            }
        }
        let context = self.context();
        let mut cells: Vec<Vec<Physical>> = vec![Vec::with_capacity(width); rows.len()];
        let mut output = Vec::with_capacity(width);
        for (position, column) in columns.into_iter().enumerate() {
            let name = format!("col{}", position + 1);
            let nullable = column.iter().any(|typed| typed.nullable);
            let column = collation::settled(column)?;
            let (column, data_type) = coerce::to_common_type_without_strings(column, &context)?.ok_or_else(|| {
                Error::new("INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE").with("colName", format!("`{name}`"))
            })?;
            let attribute = self.new_attribute(&name, data_type, nullable);
            for (cell, row) in column.into_iter().zip(&mut cells) {
                row.push(cell.expr);
            }
            output.push(attribute);
        }
        let plan = LogicalPlanBuilder::values(cells).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
        let named = plan
            .schema()
            .columns()
            .into_iter()
            .zip(&output)
            .map(|(column, attribute)| Physical::Column(column).alias(&attribute.column))
            .collect();
        Ok(Resolved::new(project(plan, named)?, output))
    }

    pub(super) fn table_function(&self, name: &[String], arguments: &[Expr], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let bare = name.last().map(|name| name.to_lowercase()).unwrap_or_default();
        if let "sql_keywords" | "collations" = bare.as_str() {
            if !arguments.is_empty() {
                return Err(Error::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
                    .with("functionName", format!("`{bare}`"))
                    .with("expectedNum", "0")
                    .with("actualNum", arguments.len().to_string())
                    .with("docroot", "https://spark.apache.org/docs/latest"));
            }
            return if bare == "collations" { self.collations() } else { self.sql_keywords() };
        }
        if let Some(table) = arguments.iter().find_map(table_argument) {
            self.refuse_table(&bare, &table.relation, outer)?;
        }
        if bare == "range" {
            return self.range_function(arguments, outer);
        }
        let mut call = emberflow_plan::tree::FunctionCall::named(&bare, arguments.to_vec());
        call.name = name.to_vec();
        let expression = Expr::new(ExprKind::Function(call));
        let scope = Scope::empty(outer, self.case_sensitive);
        let elements = self.select_list(std::slice::from_ref(&expression), &scope).map_err(|error| match error.condition() {
            "UNRESOLVED_ROUTINE" => Error::new("UNRESOLVABLE_TABLE_VALUED_FUNCTION").with("name", quoted_name(name)),
            _ => error,
        })?;
        match elements.into_iter().next() {
            Some(Element::Generator { generated, names }) => {
                let (input, columns) = self.unnest(self.one_row()?, generated, &names)?;
                self.project_selected(input, columns.into_iter().map(crate::expression::select::passed_on).collect())
            }
            _ => Err(Error::new("UNRESOLVABLE_TABLE_VALUED_FUNCTION").with("name", quoted_name(name))),
        }
    }

    /// Every word of SQL's grammar.
    fn sql_keywords(&self) -> Result<Resolved> {
        let words: Vec<&str> = emberflow_plan::sql::KEYWORDS.split_ascii_whitespace().collect();
        let rows = words.iter().map(|word| {
            // Without reserved words there are only keywords that may be names.
            vec![Expr::literal(Literal::String((*word).to_owned())), Expr::literal(Literal::Boolean(false))]
        });
        let named = |resolved| self.renamed(resolved, &["keyword".to_owned(), "reserved".to_owned()]);
        self.values(&rows.collect::<Vec<_>>(), None).and_then(named)
    }

    /// Every collation.
    fn collations(&self) -> Result<Resolved> {
        const COLUMNS: [&str; 9] = [
            "CATALOG",
            "SCHEMA",
            "NAME",
            "LANGUAGE",
            "COUNTRY",
            "ACCENT_SENSITIVITY",
            "CASE_SENSITIVITY",
            "PAD_ATTRIBUTE",
            "ICU_VERSION",
        ];
        let cell = |text: Option<&str>| match text {
            Some(text) => Expr::literal(Literal::String(text.to_owned())),
            None => Expr::literal(Literal::Null(DataType::String)),
        };
        let rows = std::iter::once(None).chain(Collation::all().map(Some)).map(|collation| {
            let said = collation::described(collation);
            said.iter().map(|text| cell(text.as_deref())).collect::<Vec<_>>()
        });
        let named = |resolved| self.renamed(resolved, &COLUMNS.map(str::to_owned));
        self.values(&rows.collect::<Vec<_>>(), None).and_then(named)
    }

    /// Only functions in Python take tables, and there are none: what Spark says of one given to a function it has.
    fn refuse_table(&self, function: &str, table: &Relation, outer: Option<&Scope<'_>>) -> Result<()> {
        const SAID: &str = "functiontablesubqueryargumentexpression()";
        let known = matches!(function, "explode" | "explode_outer" | "posexplode" | "posexplode_outer");
        if function == "range" {
            return Err(Error::new("NON_FOLDABLE_ARGUMENT")
                .with("funcName", "`range`")
                .with("paramName", "`end`")
                .with("paramType", "\"BIGINT\""));
        }
        if !known {
            return Ok(());
        }
        let rows = DataType::Struct(self.relation(table, outer)?.schema());
        Err(Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
            .with("sqlExpr", format!("\"{function}({SAID})\""))
            .with("paramIndex", "first")
            .with("inputSql", format!("\"{SAID}\""))
            .with("inputType", rows.quoted())
            .with("requiredType", "(\"ARRAY\" or \"MAP\")"))
    }

    fn range_function(&self, arguments: &[Expr], outer: Option<&Scope<'_>>) -> Result<Resolved> {
        let scope = Scope::empty(outer, self.case_sensitive);
        let context = self.context();
        let mut numbers = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let typed = cast::cast(self.expression(argument, &scope)?.typed, &DataType::Long, context.mode(), &context)?;
            match self.constant(&typed.expr)? {
                datafusion::common::ScalarValue::Int64(Some(number)) => numbers.push(number),
                _ => return Err(Error::new("UNEXPECTED_INPUT_TYPE").with("functionName", "`range`").with("paramIndex", "first")),
            }
        }
        match numbers[..] {
            [_, _, 0, ..] => Err(Error::new("FAILED_FUNCTION_CALL").with("funcName", "`range`")),
            [end] => self.range(0, end, 1, None),
            [start, end] => self.range(start, end, 1, None),
            [start, end, step] => self.range(start, end, step, None),
            [start, end, step, partitions] => self.range(start, end, step, i32::try_from(partitions).ok()),
            _ => Err(Error::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION")
                .with("functionName", "`range`")
                .with("expectedNum", "[1, 2, 3, 4]")
                .with("actualNum", numbers.len().to_string())
                .with("docroot", "")),
        }
    }

    /// SQL text as a relation, with its parameters bound.
    pub(super) fn sql(
        &self,
        text: &str,
        named: &[(String, Expr)],
        positional: &[Expr],
        outer: Option<&Scope<'_>>,
    ) -> Result<Resolved> {
        let text = substituted(text, self.environment.settings())?;
        let parameters = Parameters { named: named.to_vec(), positional: positional.to_vec() };
        let relation = match parse_with_parameters(&text, self.sql_options(), &parameters)? {
            Statement::Query(relation) => relation,
            Statement::Command(command) => Relation::new(RelationKind::Command(Box::new(command))),
        };
        self.within_text(&text, || self.relation(&relation, outer))
    }
}

/// The hidden columns of a scan as one struct: the first is one already, those behind it are further fields.
fn whole_metadata(mut hidden: impl Iterator<Item = (StructField, Physical)>) -> Result<Option<(StructField, Physical)>> {
    let Some((whole, expr)) = hidden.next() else { return Ok(None) };
    let further: Vec<(StructField, Physical)> = hidden.collect();
    let DataType::Struct(fields) = &whole.data_type else { return Err(Error::internal("the metadata of files is a struct")) };
    if further.is_empty() {
        return Ok(Some((whole, expr)));
    }
    let own = fields.fields.iter().map(|field| (field.clone(), get_field(expr.clone(), field.name.clone())));
    let (fields, values): (Vec<StructField>, Vec<Physical>) = own.chain(further).unzip();
    let named = fields.iter().zip(values).flat_map(|(field, value)| [lit(field.name.as_str()), value]).collect();
    let data_type = DataType::Struct(StructType::new(fields));
    Ok(Some((StructField { data_type, ..whole }, named_struct(named))))
}

/// Files have no past to read.
pub(super) fn no_time_travel(name: &[String], table: &Resolved) -> Error {
    let qualifier = table.output.first().map(|attribute| attribute.qualifier.clone()).filter(|parts| !parts.is_empty());
    let shown = quoted_name(&qualifier.unwrap_or_else(|| name.to_vec()));
    Error::new("UNSUPPORTED_FEATURE.TIME_TRAVEL").with("relationId", shown).exception_class(emberflow_base::Exception::Analysis)
}

/// What tells contents apart in a label.
fn digest(contents: &impl std::hash::Hash) -> String {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether a relation reads a table of this name anywhere.
fn mentions(relation: &Relation, name: &str) -> bool {
    // A name that is only mentioned in a string makes the table look recursive, which is harmless: it still has to be a UNION.
    let text = format!("{relation:?}");
    text.to_lowercase().contains(&format!("name: [\"{}\"]", name.to_lowercase()))
}

fn table_argument(argument: &Expr) -> Option<&Subquery> {
    match &argument.kind {
        ExprKind::Subquery(subquery) if matches!(subquery.kind, SubqueryKind::TableArgument) => Some(subquery),
        ExprKind::NamedArgument { value, .. } => table_argument(value),
        _ => None,
    }
}
