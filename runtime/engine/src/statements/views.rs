//! CREATE, ALTER and DROP of views: temporary, global, and kept in the catalog.

use std::sync::Arc;

use emberflow_analyzer::resolve_view;
use emberflow_base::{Error, Exception, Result};
use emberflow_connect::backend::Rows;
use emberflow_plan::tree::{CreateView, Expr, ExprKind, Relation, RelationKind, ViewChange, ViewKind};
use emberflow_plan::types::quote;
use emberflow_plan::{StructField, StructType};

use crate::catalog::entry::with_note;
use crate::catalog::{FullName, Table, TableKind, ViewText, no_table, quoted, table_exists};
use crate::environment::{SessionEnvironment, ViewBody};
use crate::session::{Session, View};
use crate::statements::Named;
use crate::tables;

impl Session {
    pub(crate) async fn create_view(&self, view: CreateView) -> Result<()> {
        match view.kind {
            ViewKind::Permanent => self.create_permanent_view(view).await,
            ViewKind::Temporary | ViewKind::GlobalTemporary => self.create_temporary_view(view).await,
        }
    }

    async fn create_temporary_view(&self, view: CreateView) -> Result<()> {
        let bare = view.name.last().cloned().unwrap_or_default();
        let (columns, shown) = (view.columns, quote(&bare));
        let query = view.query;
        let resolved = self
            .blocking(move |environment| {
                let environment = environment.keeping();
                let resolved = resolve_view(&environment, &query)?;
                if columns.is_empty() {
                    return Ok(resolved);
                }
                check_arity(&columns, &resolved.schema(), &shown)?;
                resolve_view(&environment, &renamed(query, &columns))
            })
            .await?;
        crate::write::check_names(&resolved.schema())?;
        let made = View { name: bare.clone(), resolved: Arc::new(resolved) };
        let added = match view.kind {
            ViewKind::GlobalTemporary => self.engine.catalog.put_global_view(made, view.replace),
            _ => self.put_temporary_view(made, view.replace),
        };
        if added || view.if_not_exists {
            return Ok(());
        }
        Err(temporary_exists(&bare))
    }

    /// `false`: there is one already and it may not be replaced.
    pub(crate) fn put_temporary_view(&self, view: View, replace: bool) -> bool {
        let key = view.name.to_lowercase();
        let mut views = self.shared.views.write();
        let free = replace || !views.contains_key(&key);
        if free {
            views.insert(key, view);
        }
        free
    }

    async fn create_permanent_view(&self, view: CreateView) -> Result<()> {
        let full = self.full_name(&view.name)?;
        self.engine.catalog.require_database(&full.database)?;
        let text = view.text.clone().ok_or_else(|| Error::unsupported("permanent views without SQL text"))?;
        let existing = self.engine.catalog.find(&full)?;
        match existing {
            Some(_) if view.if_not_exists => return Ok(()),
            Some(existing) if !existing.is_view() => {
                return Err(Error::new("EXPECT_VIEW_NOT_TABLE.NO_ALTERNATIVE")
                    .with("tableName", existing.quoted())
                    .with("operation", "CREATE OR REPLACE VIEW"));
            }
            Some(_) if !view.replace => {
                return Err(table_exists(full.quoted()).exception_class(Exception::Analysis));
            }
            _ => {}
        }
        let made = self.view_entry(&full, view.query, text, &view.columns).await?;
        let made = Table { comment: view.comment, properties: view.properties.into_iter().collect(), ..made };
        let replace = view.replace;
        let added = self
            .off_thread(move |session| match replace {
                true => session.engine.catalog.replace(&made).map(|()| true),
                false => session.engine.catalog.add(&made),
            })
            .await?;
        if added { Ok(()) } else { Err(table_exists(full.quoted()).exception_class(Exception::Analysis)) }
    }

    /// The entry of a view over `query`, whose text is `text`.
    async fn view_entry(
        &self,
        full: &FullName,
        query: Relation,
        text: String,
        columns: &[(String, Option<String>)],
    ) -> Result<Table> {
        let body = ViewBody::new(full.quoted());
        let (unnamed, shown) = (if columns.is_empty() { first_unnamed(&query) } else { None }, full.quoted());
        let found = self.with_body(body, move |environment| Ok(resolve_view(environment, &query)?.schema())).await?;
        if !columns.is_empty() {
            check_arity(columns, &found, &shown)?;
        }
        if let Some(from_the_end) = unnamed
            && let Some(field) = found.fields.len().checked_sub(from_the_end).and_then(|at| found.fields.get(at))
        {
            return Err(Error::new("CREATE_PERMANENT_VIEW_WITHOUT_ALIAS")
                .with("name", shown)
                .with("attr", format!("\"{}\"", field.name)));
        }
        let schema = match columns.is_empty() {
            true => found.clone(),
            false => StructType::new(found.fields.iter().zip(columns).map(named_field).collect()),
        };
        crate::write::check_names(&schema)?;
        let columns = found.fields.into_iter().map(|field| field.name).collect();
        Ok(Table {
            database: full.database.clone(),
            name: full.table.clone(),
            kind: TableKind::View(ViewText { text, database: self.current_database(), columns }),
            schema,
            properties: Default::default(),
            comment: None,
            created_us: self.now_us(),
            owner: self.shared.user.clone(),
        })
    }

    async fn with_body<T: Send + 'static>(
        &self,
        body: ViewBody,
        work: impl FnOnce(&SessionEnvironment) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.blocking(move |environment| work(&environment.inside(body, None))).await
    }

    pub(crate) async fn alter_view(&self, name: &[String], change: ViewChange) -> Result<Rows> {
        match (self.require_named(name)?, change) {
            (Named::Temporary(view), ViewChange::RenameTo(to)) => self.rename_temporary_view(&view, &to)?,
            (Named::Temporary(view), ViewChange::Query { query, .. }) => {
                let resolved = self.blocking(move |environment| resolve_view(&environment.keeping(), &query)).await?;
                crate::write::check_names(&resolved.schema())?;
                self.put_temporary_view(View { resolved: Arc::new(resolved), ..view }, true);
            }
            (Named::GlobalTemporary(view), ViewChange::Query { query, .. }) => {
                let resolved = self.blocking(move |environment| resolve_view(&environment.keeping(), &query)).await?;
                self.engine.catalog.put_global_view(View { resolved: Arc::new(resolved), ..view }, true);
            }
            (Named::Temporary(_) | Named::GlobalTemporary(_), _) => {
                return Err(Error::new("EXPECT_PERMANENT_VIEW_NOT_TEMP")
                    .with("viewName", quoted(name))
                    .with("operation", "ALTER VIEW ... SET TBLPROPERTIES"));
            }
            (Named::Table(table), change) if table.is_view() => self.change_view(table, change).await?,
            (Named::Table(table), _) => {
                return Err(Error::new("EXPECT_VIEW_NOT_TABLE.USE_ALTER_TABLE")
                    .with("tableName", table.quoted())
                    .with("operation", "ALTER VIEW"));
            }
        }
        Ok(tables::nothing())
    }

    async fn change_view(&self, view: Table, change: ViewChange) -> Result<()> {
        let full = FullName { database: view.database.clone(), table: view.name.clone() };
        match change {
            ViewChange::RenameTo(to) => self.rename_table(full, &to).await,
            ViewChange::SetProperties(properties) => {
                self.change_table(full, move |table| {
                    table.properties.extend(properties);
                    Ok(())
                })
                .await
            }
            ViewChange::UnsetProperties { keys, .. } => {
                self.change_table(full, move |table| {
                    table.properties.retain(|key, _| !keys.contains(key));
                    Ok(())
                })
                .await
            }
            ViewChange::Query { query, text } => {
                let made = self.view_entry(&full, query, text, &[]).await?;
                let made = Table { comment: view.comment, properties: view.properties, created_us: view.created_us, ..made };
                self.off_thread(move |session| session.engine.catalog.replace(&made)).await
            }
        }
    }

    /// Gives a temporary view another name.
    pub(crate) fn rename_temporary_view(&self, view: &View, to: &[String]) -> Result<()> {
        let name = to.last().cloned().unwrap_or_default();
        let mut views = self.shared.views.write();
        if views.contains_key(&name.to_lowercase()) {
            return Err(temporary_exists(&name));
        }
        views.remove(&view.name.to_lowercase());
        views.insert(name.to_lowercase(), View { name, resolved: Arc::clone(&view.resolved) });
        Ok(())
    }

    pub(crate) async fn drop_view(&self, name: &[String], if_exists: bool) -> Result<Rows> {
        match self.named(name)? {
            Some(Named::Temporary(view)) => {
                self.shared.views.write().remove(&view.name.to_lowercase());
            }
            Some(Named::GlobalTemporary(view)) => {
                self.engine.catalog.drop_global_view(&view.name);
            }
            Some(Named::Table(table)) if table.is_view() => {
                let full = FullName { database: table.database, table: table.name };
                self.off_thread(move |session| session.engine.catalog.remove(&full)).await?;
            }
            Some(Named::Table(table)) => {
                return Err(Error::new("WRONG_COMMAND_FOR_OBJECT_TYPE")
                    .with("operation", "DROP VIEW")
                    .with("requiredType", "VIEW or METRIC_VIEW")
                    .with("objectName", table.qualifier().join("."))
                    .with("foundType", table.type_name())
                    .with("alternative", "DROP TABLE"));
            }
            None if if_exists => {}
            None => return Err(no_table(&self.full_name(name)?)),
        }
        Ok(tables::nothing())
    }
}

pub(super) fn temporary_exists(name: &str) -> Error {
    Error::new("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS")
        .with("relationName", quote(name))
        .exception_class(Exception::TempTableAlreadyExists)
}

fn named_field((field, (name, comment)): (&StructField, &(String, Option<String>))) -> StructField {
    let named = StructField { name: name.clone(), ..field.clone() };
    match comment {
        Some(comment) => with_note(&named, "comment", comment),
        None => named,
    }
}

/// `query` with the names and comments of a view's columns.
fn renamed(input: Relation, columns: &[(String, Option<String>)]) -> Relation {
    let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let input = Relation::new(RelationKind::ToDf { input, names });
    if columns.iter().all(|(_, comment)| comment.is_none()) {
        return input;
    }
    let expressions = columns
        .iter()
        .map(|(name, comment)| {
            let column = Expr::attribute([name.as_str()]);
            match comment {
                None => column,
                Some(comment) => Expr::new(ExprKind::Alias {
                    expression: Box::new(column),
                    names: vec![name.clone()],
                    metadata: Some(serde_json::json!({"comment": comment}).to_string()),
                }),
            }
        })
        .collect();
    Relation::new(RelationKind::Project { input: Some(input), expressions })
}

fn check_arity(columns: &[(String, Option<String>)], found: &StructType, view: &str) -> Result<()> {
    let kind = match columns.len().cmp(&found.fields.len()) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Greater => "NOT_ENOUGH_DATA_COLUMNS",
        std::cmp::Ordering::Less => "TOO_MANY_DATA_COLUMNS",
    };
    let listed = |names: Vec<String>| names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    Err(Error::new(format!("CREATE_VIEW_COLUMN_ARITY_MISMATCH.{kind}"))
        .with("viewName", view)
        .with("viewColumns", listed(columns.iter().map(|(name, _)| name.clone()).collect()))
        .with("dataColumns", listed(found.fields.iter().map(|field| field.name.clone()).collect())))
}

/// The first column of a query to which nobody gave a name, counted from the end: 1 is the last.
fn first_unnamed(query: &Relation) -> Option<usize> {
    let expressions = match &*query.kind {
        RelationKind::With { input, .. }
        | RelationKind::Sort { input, .. }
        | RelationKind::Limit { input, .. }
        | RelationKind::Offset { input, .. }
        | RelationKind::Having { input, .. }
        | RelationKind::Hint { input, .. }
        | RelationKind::Deduplicate { input, .. } => return first_unnamed(input),
        RelationKind::Project { expressions, .. } => expressions,
        RelationKind::Aggregate(aggregate) => &aggregate.aggregates,
        _ => return None,
    };
    let is_named = |expression: &Expr| {
        let kind = &expression.kind;
        matches!(
            kind,
            ExprKind::Attribute { .. }
                | ExprKind::Alias { .. }
                | ExprKind::Star { .. }
                | ExprKind::Regex { .. }
                | ExprKind::ExtractValue { .. }
        )
    };
    expressions.iter().position(|expression| !is_named(expression)).map(|at| expressions.len() - at)
}

/// A view's query with the view's own columns: found by the names they had when the view was made, in their types then.
pub(crate) fn as_view(input: Relation, view: &ViewText, schema: &StructType) -> Relation {
    let is_unique = |name: &String| view.columns.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() == 1;
    if !view.columns.iter().all(is_unique) {
        let names = schema.fields.iter().map(|field| field.name.clone()).collect();
        return Relation::new(RelationKind::ToDf { input, names });
    }
    let column = |(name, field): (&String, &StructField)| {
        let expression = Box::new(Expr::attribute([name.as_str()]));
        let mode = emberflow_plan::tree::CastMode::Session;
        let typed = Expr::new(ExprKind::Cast { expression, target: field.data_type.clone(), mode });
        let alias =
            ExprKind::Alias { expression: Box::new(typed), names: vec![field.name.clone()], metadata: field.metadata.clone() };
        Expr::new(alias)
    };
    let expressions = view.columns.iter().zip(&schema.fields).map(column).collect();
    Relation::new(RelationKind::Project { input: Some(input), expressions })
}
