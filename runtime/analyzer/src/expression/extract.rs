//! Reaching into values: struct fields, array elements, map values; and structs with fields changed.

use datafusion::functions::core::expr_fn::get_field;
use emberflow_base::{Error, Result};
use emberflow_functions::{Call, Typed, collation, registry};
use emberflow_plan::DataType;
use emberflow_plan::tree::{Expr, ExprKind, Literal};

use super::Item;
use crate::attribute::same_name;
use crate::resolver::Resolver;
use crate::scope::Scope;
use crate::suggest::quoted_name;

impl Resolver<'_> {
    /// `child.name`: a struct's field; over an array of structs, the field of each; over a map, the value of the key.
    pub(crate) fn field(&self, child: Item, name: &str) -> Result<Item> {
        match &child.typed.data_type {
            DataType::Struct(fields) => {
                let mut matching = fields.fields.iter().filter(|field| same_name(&field.name, name, self.case_sensitive));
                let Some(field) = matching.next() else {
                    let known: Vec<String> =
                        fields.fields.iter().map(|field| quoted_name(std::slice::from_ref(&field.name))).collect();
                    return Err(Error::new("FIELD_NOT_FOUND")
                        .with("fieldName", quoted_name(&[name.to_owned()]))
                        .with("fields", known.join(", ")));
                };
                if matching.next().is_some() {
                    return Err(Error::new("AMBIGUOUS_REFERENCE_TO_FIELDS")
                        .with("field", quoted_name(&[name.to_owned()]))
                        .with("count", "2"));
                }
                let nullable = child.typed.nullable || field.nullable;
                let typed = Typed::new(get_field(child.typed.expr, field.name.clone()), field.data_type.clone(), nullable);
                Ok(Item::new(typed, format!("{}.{}", child.text, field.name)))
            }
            DataType::Array { element, .. } if matches!(**element, DataType::Struct(_)) => {
                let key = Typed::new(datafusion::logical_expr::lit(name), DataType::String, false);
                self.internal(
                    "get_array_struct_fields",
                    vec![child.clone(), Item::new(key, name)],
                    format!("{}.{name}", child.text),
                )
            }
            DataType::Map { .. } => {
                let key = Typed::new(datafusion::logical_expr::lit(name), DataType::String, false);
                self.element(child, Item::new(key, name))
            }
            DataType::Array { .. } => Err(Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
                .with("sqlExpr", format!("\"{}[{name}]\"", child.text))
                .with("paramIndex", "second")
                .with("requiredType", "\"INTEGRAL\"")
                .with("inputSql", format!("\"{name}\""))
                .with("inputType", DataType::String.quoted())),
            other => Err(Error::new("INVALID_EXTRACT_BASE_FIELD_TYPE")
                .with("base", format!("\"{}\"", child.text))
                .with("other", other.quoted())),
        }
    }

    pub(super) fn extract_value(&self, child: &Expr, extraction: &Expr, scope: &Scope<'_>) -> Result<Item> {
        let child = self.expression(child, scope)?;
        if let ExprKind::Literal(Literal::String(name)) = &extraction.kind
            && !matches!(child.typed.data_type, DataType::Map { .. })
        {
            return self.field(child, name);
        }
        let key = self.expression(extraction, scope)?;
        self.element(child, key)
    }

    /// `child[key]`: 0-based in arrays, by key in maps.
    fn element(&self, child: Item, key: Item) -> Result<Item> {
        let text = format!("{}[{}]", child.text, key.text);
        match &child.typed.data_type {
            DataType::Array { .. } => self.internal("get_array_item", vec![child, key], text),
            DataType::Map { .. } => self.internal("get_map_value", vec![child, key], text),
            DataType::Struct(_) => Err(Error::new("INVALID_EXTRACT_FIELD_TYPE").with("extraction", format!("\"{}\"", key.text))),
            other => Err(Error::new("INVALID_EXTRACT_BASE_FIELD_TYPE")
                .with("base", format!("\"{}\"", child.text))
                .with("other", other.quoted())),
        }
    }

    /// Calls a function of the registry that no user can name.
    fn internal(&self, name: &str, items: Vec<Item>, text: String) -> Result<Item> {
        let Some(registry::Function { kind: registry::Kind::Scalar(build), .. }) = registry::lookup(name) else {
            return Err(Error::unsupported(format!("the function {name}")));
        };
        let (arguments, texts): (Vec<Typed>, _) = items.into_iter().map(|item| (item.typed, item.text)).unzip();
        if arguments.iter().any(|argument| collation::check_map_keys(&argument.data_type).is_err()) {
            return Err(Error::unsupported("looking up a key in a map with collated keys"));
        }
        let typed = build(Call { name, arguments, texts, is_distinct: false, ignore_nulls: None, context: self.context() })?;
        Ok(Item::new(typed, text))
    }

    /// `withField(child, "a.b", value)`, or `dropFields` when there is no value.
    pub(super) fn update_fields(&self, child: &Expr, field: &str, value: Option<&Expr>, scope: &Scope<'_>) -> Result<Item> {
        let child = self.expression(child, scope)?;
        let value = value.map(|value| self.expression(value, scope)).transpose()?;
        let path = emberflow_plan::sql::parse_identifier(field)?;
        let text = match &value {
            Some(value) => format!("update_fields({}, WithField({}))", child.text, value.text),
            None => format!("update_fields({}, dropfield())", child.text),
        };
        let typed = self.updated(child, &path, value, true)?;
        Ok(Item::new(typed, text))
    }

    /// A struct that loses the field at the end of `path`.
    /// A struct of the fields that stay: no null itself, where the struct was one.
    pub(super) fn without_field(&self, child: Item, path: &[String]) -> Result<Typed> {
        self.updated(child, path, None, false)
    }

    fn updated(&self, child: Item, path: &[String], value: Option<Item>, keeps_null: bool) -> Result<Typed> {
        let DataType::Struct(fields) = &child.typed.data_type else {
            return Err(Error::new("DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE")
                .with("sqlExpr", format!("\"{}\"", child.text))
                .with("paramIndex", "first")
                .with("inputSql", format!("\"{}\"", child.text))
                .with("inputType", child.typed.data_type.quoted())
                .with("requiredType", "\"STRUCT\""));
        };
        let Some((name, rest)) = path.split_first() else { return Ok(child.typed) };
        let mut parts: Vec<(String, Typed)> = Vec::with_capacity(fields.fields.len() + 1);
        let mut found = false;
        for field in &fields.fields {
            let current = self.field(child.clone(), &field.name)?;
            if !same_name(&field.name, name, self.case_sensitive) {
                parts.push((field.name.clone(), current.typed));
                continue;
            }
            found = true;
            if !rest.is_empty() {
                parts.push((field.name.clone(), self.updated(current, rest, value.clone(), keeps_null)?));
            } else if let Some(value) = &value {
                parts.push((name.clone(), value.typed.clone()));
            }
        }
        if !found && rest.is_empty() {
            parts.extend(value.map(|value| (name.clone(), value.typed)));
        }
        if parts.is_empty() {
            return Err(Error::new("DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS").with("sqlExpr", format!("\"{}\"", child.text)));
        }
        named_struct(parts, (keeps_null && child.typed.nullable).then_some(child.typed.expr))
    }
}

/// A struct of the given fields; null where `null_with` is null.
pub(crate) fn named_struct(parts: Vec<(String, Typed)>, null_with: Option<datafusion::logical_expr::Expr>) -> Result<Typed> {
    use datafusion::logical_expr::{lit, when};
    use emberflow_plan::{StructField, StructType};
    let fields = parts.iter().map(|(name, typed)| StructField::new(name, typed.data_type.clone(), typed.nullable)).collect();
    let data_type = DataType::Struct(StructType::new(fields));
    let arguments = parts.into_iter().flat_map(|(name, typed)| [lit(name), typed.expr]).collect();
    let built = datafusion::functions::core::expr_fn::named_struct(arguments);
    match null_with {
        None => Ok(Typed::new(built, data_type, false)),
        Some(base) => {
            let expr = when(base.is_not_null(), built).end().map_err(emberflow_functions::errors::from_datafusion)?;
            Ok(Typed::new(expr, data_type, true))
        }
    }
}
