//! A DataFrame for Rust programs: a relation in its session.
//!
//! Programs that want more than SQL text and files build relations from `emberflow::plan::tree`.

use arrow::array::RecordBatch;
use emberflow_base::Result;
use emberflow_connect::backend::Rows;
use emberflow_plan::StructType;
use emberflow_plan::sql::{SqlOptions, parse_expression};
use emberflow_plan::tree::{
    Aggregate, Alias, Command, CreateView, ExplainMode, Expr, Grouping, Join, JoinCondition, JoinType, Literal, NullOrder,
    Options, Relation, RelationKind, SaveMode, SetOpKind, SortDirection, SortOrder, Statement, ViewKind, Write, WriteTarget,
};

use crate::session::Session;

/// A query that has not run yet. Nothing is read before [`DataFrame::collect`], [`DataFrame::show`] or a write.
#[derive(Clone)]
pub struct DataFrame {
    session: Session,
    relation: Relation,
}

impl DataFrame {
    /// A relation as a DataFrame of `session`.
    pub fn new(session: Session, relation: Relation) -> Self {
        Self { session, relation }
    }

    /// What was asked for so far.
    pub fn relation(&self) -> &Relation {
        &self.relation
    }

    fn next(&self, kind: RelationKind) -> Self {
        Self { session: self.session.clone(), relation: Relation::new(kind) }
    }

    fn expressions(&self, texts: &[&str]) -> Result<Vec<Expr>> {
        texts.iter().map(|text| expression(text)).collect()
    }

    /// Columns by SQL expression: `["a", "b * 2 AS twice"]`.
    pub fn select(&self, expressions: &[&str]) -> Result<Self> {
        let expressions = self.expressions(expressions)?;
        Ok(self.next(RelationKind::Project { input: Some(self.relation.clone()), expressions }))
    }

    /// Rows for which a SQL condition is true.
    pub fn filter(&self, condition: &str) -> Result<Self> {
        Ok(self.next(RelationKind::Filter { input: self.relation.clone(), condition: expression(condition)? }))
    }

    /// All columns and one more, or one of them replaced: `with_column("total", "price * count")`.
    pub fn with_column(&self, name: &str, value: &str) -> Result<Self> {
        let column = Alias { name: name.to_owned(), expression: expression(value)?, metadata: None };
        Ok(self.next(RelationKind::WithColumns { input: self.relation.clone(), columns: vec![column] }))
    }

    /// All columns but these; unknown names are no error.
    pub fn drop(&self, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.next(RelationKind::Drop { input: self.relation.clone(), columns: Vec::new(), names })
    }

    /// A name by which a condition can tell this DataFrame's columns from another's: `a.id = b.id`.
    pub fn alias(&self, name: &str) -> Self {
        let (alias, input) = (name.to_owned(), self.relation.clone());
        self.next(RelationKind::SubqueryAlias { input, alias, qualifier: Vec::new(), columns: Vec::new() })
    }

    /// Joins on a SQL condition.
    ///
    /// ```
    /// # fn main() -> emberflow::Result<()> {
    /// use emberflow::plan::tree::JoinType;
    /// let session = emberflow::Engine::embedded()?.session("");
    /// let people = session.sql("SELECT * FROM VALUES (1, 'Ada'), (2, 'Grace') AS t(id, name)")?;
    /// let ages = session.sql("SELECT * FROM VALUES (1, 36) AS t(person, age)")?;
    /// let both = people.join(&ages, "id = person", JoinType::LeftOuter)?.drop(&["person"]);
    /// assert_eq!(both.filter("age IS NULL")?.count()?, 1);
    /// assert_eq!(both.distinct().union(&both).count()?, 4);
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(&self, right: &Self, condition: &str, join_type: JoinType) -> Result<Self> {
        Ok(self.joined(right, JoinCondition::On(expression(condition)?), join_type))
    }

    /// Joins on equal values of columns that both sides have; each of them stands once in the result.
    pub fn join_using(&self, right: &Self, columns: &[&str], join_type: JoinType) -> Self {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        self.joined(right, JoinCondition::Using(columns), join_type)
    }

    fn joined(&self, right: &Self, condition: JoinCondition, join_type: JoinType) -> Self {
        let (left, right) = (self.relation.clone(), right.relation.clone());
        self.next(RelationKind::Join(Join { left, right, join_type, condition, joined_structs: None }))
    }

    /// The rows of both, columns matched by position, equal rows kept.
    pub fn union(&self, other: &Self) -> Self {
        self.next(RelationKind::SetOp {
            op: SetOpKind::Union,
            left: self.relation.clone(),
            right: other.relation.clone(),
            is_all: true,
            by_name: false,
            allow_missing_columns: false,
        })
    }

    /// Each row once.
    pub fn distinct(&self) -> Self {
        let input = self.relation.clone();
        self.next(RelationKind::Deduplicate { input, keys: Vec::new(), all_columns: true, within_watermark: false })
    }

    /// Groups by SQL expressions and aggregates; the groupings come first.
    pub fn aggregate(&self, by: &[&str], aggregates: &[&str]) -> Result<Self> {
        Ok(self.next(RelationKind::Aggregate(Aggregate {
            input: self.relation.clone(),
            grouping: Grouping::By(self.expressions(by)?),
            aggregates: self.expressions(aggregates)?,
            groupings_come_first: true,
        })))
    }

    /// Sorts by SQL expressions; `true`: descending.
    pub fn sort(&self, by: &[(&str, bool)]) -> Result<Self> {
        let orders = by
            .iter()
            .map(|(text, descending)| {
                let child = expression(text)?;
                let (direction, nulls) = match descending {
                    true => (SortDirection::Descending, NullOrder::Last),
                    false => (SortDirection::Ascending, NullOrder::First),
                };
                Ok(SortOrder { child, direction, nulls })
            })
            .collect::<Result<_>>()?;
        Ok(self.next(RelationKind::Sort { input: self.relation.clone(), orders, is_global: true, all: None }))
    }

    /// The first rows.
    pub fn limit(&self, rows: i32) -> Self {
        self.next(RelationKind::Limit { input: self.relation.clone(), limit: Expr::literal(Literal::Int(rows)) })
    }

    /// The schema, without running anything.
    pub fn schema(&self) -> Result<StructType> {
        let analyzed = self.session.ready(self.relation.clone());
        Ok(self.session.block_on(analyzed)?.schema)
    }

    /// How the query will run, as `explain()` prints it.
    pub fn explain(&self) -> Result<String> {
        self.session.block_on(self.session.explain_query(self.relation.clone(), ExplainMode::Simple))
    }

    /// Starts the query; its batches come as they are made.
    pub fn rows(&self) -> Result<Rows> {
        self.session.block_on(self.session.query(self.relation.clone(), Default::default()))
    }

    /// All rows.
    pub fn collect(&self) -> Result<Vec<RecordBatch>> {
        let rows = self.rows()?;
        self.session.block_on(crate::execute::collect(rows))
    }

    /// The number of rows.
    pub fn count(&self) -> Result<i64> {
        use arrow::array::AsArray;
        let counted = self.aggregate(&[], &["count(1)"])?.collect()?;
        let count = counted.iter().find(|batch| batch.num_rows() > 0).map(|batch| batch.column(0));
        Ok(count.map_or(0, |column| {
            let numbers = column.as_primitive::<arrow::datatypes::Int64Type>();
            if numbers.is_empty() { 0 } else { numbers.value(0) }
        }))
    }

    /// The table `show` prints: at most `rows` rows, cells cut at `truncate` characters (0: not).
    pub fn show_string(&self, rows: i32, truncate: i32) -> Result<String> {
        use arrow::array::AsArray;
        let shown = self.session.show_string(self.relation.clone(), rows, truncate, false);
        let shown = self.session.block_on(async { crate::execute::collect(shown.await?).await })?;
        Ok(shown.first().map(|batch| batch.column(0).as_string::<i32>().value(0).to_owned()).unwrap_or_default())
    }

    /// Prints the first twenty rows.
    pub fn show(&self) -> Result<()> {
        print!("{}", self.show_string(20, 20)?);
        Ok(())
    }

    /// Makes the DataFrame a table for SQL text in this session.
    pub fn create_or_replace_temp_view(&self, name: &str) -> Result<()> {
        let view = CreateView {
            name: vec![name.to_owned()],
            query: self.relation.clone(),
            kind: ViewKind::Temporary,
            replace: true,
            if_not_exists: false,
            columns: Vec::new(),
            comment: None,
            properties: Vec::new(),
            text: None,
        };
        self.command(Command::CreateView(view))
    }

    /// Writes Parquet files into a folder.
    pub fn write_parquet(&self, path: &str, mode: SaveMode) -> Result<()> {
        self.write("parquet", path, mode, Options::new())
    }

    /// Writes files of a format into a folder.
    pub fn write(&self, format: &str, path: &str, mode: SaveMode, options: Options) -> Result<()> {
        self.command(Command::Write(Write {
            input: self.relation.clone(),
            format: Some(format.to_owned()),
            target: WriteTarget::Path(Some(path.to_owned())),
            mode,
            options,
            partition_by: Vec::new(),
            sort_by: Vec::new(),
            bucket_by: None,
            cluster_by: Vec::new(),
        }))
    }

    fn command(&self, command: Command) -> Result<()> {
        self.session.block_on(self.session.execute(Statement::Command(command), Default::default())).map(|_| ())
    }
}

fn expression(text: &str) -> Result<Expr> {
    parse_expression(text, SqlOptions { ansi: true, ..Default::default() })
}
