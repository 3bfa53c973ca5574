//! CSV files: read as text by DataFusion's CSV source, then cast column by column as Spark reads values.
//!
//! Without `inferSchema` every column is a string. A value that does not fit its column's type is null (mode
//! PERMISSIVE, the default) or an error (FAILFAST).

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;

use arrow::array::{Array, StringArray};
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType as Arrow, Field, Schema};
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use emberflow_base::{Error, Result};
use emberflow_functions::Typed;
use emberflow_functions::cast::{EvalMode, cast};
use emberflow_functions::errors::from_datafusion;
use emberflow_plan::{DataType, StructField, StructType};

use crate::parquet::{empty, listing, partition_columns};
use crate::paths::{DataFile, shown};
use crate::read::{ReadRequest, SourceTable, all_nullable};

/// How the text is laid out.
struct Layout {
    header: bool,
    separator: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    comment: Option<u8>,
    null_value: String,
    multi_line: bool,
}

impl Layout {
    fn of(request: &ReadRequest<'_>) -> Result<Self> {
        let options = &request.options;
        Ok(Self {
            header: options.flag("header", false)?,
            separator: options.byte(&["sep", "delimiter"], Some(b','))?.unwrap_or(b','),
            quote: options.byte(&["quote"], Some(b'"'))?,
            escape: options.byte(&["escape"], Some(b'\\'))?,
            comment: options.byte(&["comment"], None)?,
            null_value: options.get("nullvalue").unwrap_or_default().to_owned(),
            multi_line: options.flag("multiline", false)?,
        })
    }

    fn reader(&self, schema: Schema) -> ReaderBuilder {
        let mut builder = ReaderBuilder::new(Arc::new(schema)).with_header(self.header).with_delimiter(self.separator);
        builder = builder.with_truncated_rows(true);
        if let Some(quote) = self.quote {
            builder = builder.with_quote(quote);
        }
        if let Some(escape) = self.escape {
            builder = builder.with_escape(escape);
        }
        if let Some(comment) = self.comment {
            builder = builder.with_comment(comment);
        }
        builder
    }
}

pub(crate) fn table(request: &ReadRequest<'_>, files: Vec<DataFile>) -> Result<SourceTable> {
    refuse_unknown(request)?;
    let layout = Layout::of(request)?;
    let Some(first) = files.first() else {
        return match request.schema {
            Some(schema) => empty(schema),
            None => Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "CSV")),
        };
    };
    let partitions = partition_columns(&files);
    let wanted = match request.schema {
        Some(schema) => schema.clone(),
        None => {
            let names = column_names(first, &layout)?;
            if request.options.flag("inferschema", false)? { inferred(&files, &layout, &names)? } else { strings(&names) }
        }
    };
    let wanted = all_nullable(&wanted);
    let text = strings(&wanted.fields.iter().map(|field| field.name.clone()).collect::<Vec<_>>());
    let text_listing = raw(request, &files, &layout, &text, &partitions)?;
    typed(request, &layout, text_listing, &wanted, &partitions)
}

fn strings(names: &[String]) -> StructType {
    StructType::new(names.iter().map(|name| StructField::new(name, DataType::String, true)).collect())
}

/// The files as text columns.
fn raw(
    request: &ReadRequest<'_>,
    files: &[DataFile],
    layout: &Layout,
    text: &StructType,
    partitions: &[(String, DataType)],
) -> Result<SourceTable> {
    let mut format = CsvFormat::default()
        .with_has_header(layout.header)
        .with_delimiter(layout.separator)
        .with_escape(layout.escape)
        .with_comment(layout.comment)
        .with_truncated_rows(true)
        .with_newlines_in_values(layout.multi_line);
    if let Some(quote) = layout.quote {
        format = format.with_quote(quote);
    }
    let name = files.first().map(|file| file.path.to_string_lossy().to_lowercase()).unwrap_or_default();
    if name.ends_with(".gz") {
        return Err(Error::unsupported("compressed CSV files"));
    }
    let mut schema = text.clone();
    schema.fields.extend(partitions.iter().map(|(name, data_type)| StructField::new(name, data_type.clone(), true)));
    // Equal header names are legal in Spark; a listing wants them unique.
    let mut unique = text.clone();
    for (position, field) in unique.fields.iter_mut().enumerate() {
        field.name = format!("{}#{position}", field.name);
    }
    listing(Arc::new(format), request, files, unique, schema, partitions)
}

/// Text columns cast to the wanted types.
fn typed(
    request: &ReadRequest<'_>,
    layout: &Layout,
    text: SourceTable,
    wanted: &StructType,
    partitions: &[(String, DataType)],
) -> Result<SourceTable> {
    let mode = match request.options.get("mode").unwrap_or("PERMISSIVE").to_uppercase().as_str() {
        "FAILFAST" => EvalMode::Ansi,
        "PERMISSIVE" => EvalMode::Try,
        other => return Err(Error::unsupported(format!("the CSV parse mode {other}"))),
    };
    let scan = LogicalPlanBuilder::scan("csv", provider_as_source(text.provider), None)
        .and_then(LogicalPlanBuilder::build)
        .map_err(from_datafusion)?;
    let columns = scan.schema().columns();
    let mut expressions = Vec::with_capacity(columns.len());
    for (position, (column, field)) in columns.iter().zip(&wanted.fields).enumerate() {
        let mut raw = Typed::new(Expr::Column(column.clone()), DataType::String, true);
        if !layout.null_value.is_empty() {
            raw.expr = datafusion::functions::expr_fn::nullif(raw.expr, datafusion::logical_expr::lit(layout.null_value.clone()));
        }
        let value = match pattern(request, &field.data_type) {
            Some((function, pattern)) => patterned(request, function, raw, pattern)?,
            None => cast(raw, &field.data_type, mode, &request.context)?,
        };
        expressions.push(value.expr.alias(format!("c{position}")));
    }
    for (column, (name, _)) in columns[wanted.fields.len()..].iter().zip(partitions) {
        expressions.push(Expr::Column(column.clone()).alias(format!("p#{name}")));
    }
    let plan =
        LogicalPlanBuilder::from(scan).project(expressions).and_then(LogicalPlanBuilder::build).map_err(from_datafusion)?;
    let mut schema = wanted.clone();
    schema.fields.extend(partitions.iter().map(|(name, data_type)| StructField::new(name, data_type.clone(), true)));
    Ok(SourceTable { provider: Arc::new(ViewTable::new(plan, None)), schema, files: text.files })
}

/// The pattern the user gave for a type, and the function that reads by it.
fn pattern<'r>(request: &'r ReadRequest<'_>, data_type: &DataType) -> Option<(&'static str, &'r str)> {
    match data_type {
        DataType::Date => Some(("to_date", request.options.get("dateformat")?)),
        DataType::Timestamp => Some(("to_timestamp", request.options.get("timestampformat")?)),
        DataType::TimestampNtz => Some(("to_timestamp_ntz", request.options.get("timestampntzformat")?)),
        _ => None,
    }
}

/// A date or time read by a pattern; what does not fit is null.
fn patterned(request: &ReadRequest<'_>, function: &str, text: Typed, pattern: &str) -> Result<Typed> {
    use emberflow_functions::registry::{Kind, lookup};
    let Some(Kind::Scalar(build)) = lookup(function).map(|function| &function.kind) else {
        return Err(Error::unsupported(format!("the function {function}")));
    };
    let format = Typed::new(datafusion::logical_expr::lit(pattern), DataType::String, false);
    let context = emberflow_functions::Context { ansi: false, ..request.context };
    build(emberflow_functions::Call {
        name: function,
        arguments: vec![text, format],
        texts: vec!["value".into(), pattern.into()],
        is_distinct: false,
        ignore_nulls: None,
        context,
    })
}

/// Options of Spark's CSV reader that would change what is read and are not there yet.
const NOT_YET: &[&str] = &[
    "columnnameofcorruptrecord",
    "ignoreleadingwhitespace",
    "ignoretrailingwhitespace",
    "chartoescapequoteescaping",
    "emptyvalue",
    "nanvalue",
    "positiveinf",
    "negativeinf",
    "linesep",
    "locale",
];

fn refuse_unknown(request: &ReadRequest<'_>) -> Result<()> {
    for key in NOT_YET {
        if request.options.get(key).is_some_and(|value| !value.eq_ignore_ascii_case("false")) {
            return Err(Error::unsupported(format!("the CSV option {key}")));
        }
    }
    let encoding = request.options.any(&["encoding", "charset"]).unwrap_or("UTF-8");
    if !matches!(encoding.to_uppercase().as_str(), "UTF-8" | "UTF8" | "US-ASCII") {
        return Err(Error::unsupported(format!("CSV files in {encoding}")));
    }
    Ok(())
}

/// Names from the header, or `_c0`, `_c1`, ...
fn column_names(file: &DataFile, layout: &Layout) -> Result<Vec<String>> {
    let opened = open(file)?;
    let mut format = arrow::csv::reader::Format::default()
        .with_header(true)
        .with_delimiter(layout.separator)
        .with_quote(layout.quote.unwrap_or(b'"'));
    if let Some(comment) = layout.comment {
        format = format.with_comment(comment);
    }
    let (schema, _) = format.infer_schema(opened, Some(0)).map_err(|error| unreadable(file, &error.to_string()))?;
    let names = schema.fields().iter().enumerate();
    Ok(names
        .map(
            |(position, field)| {
                if layout.header && !field.name().is_empty() { field.name().trim().to_owned() } else { format!("_c{position}") }
            },
        )
        .collect())
}

fn open(file: &DataFile) -> Result<BufReader<File>> {
    File::open(&file.path).map(BufReader::new).map_err(|error| unreadable(file, &error.to_string()))
}

fn unreadable(file: &DataFile, text: &str) -> Error {
    Error::new("FAILED_READ_FILE.NO_HINT")
        .with("path", shown(&file.path))
        .text(format!("{} cannot be read as CSV: {text}", shown(&file.path)))
}

/// The narrowest type that reads every value of each column.
fn inferred(files: &[DataFile], layout: &Layout, names: &[String]) -> Result<StructType> {
    let schema = Schema::new(names.iter().map(|name| Field::new(name, Arrow::Utf8, true)).collect::<Vec<_>>());
    let mut types: Vec<Option<DataType>> = vec![None; names.len()];
    for file in files {
        let reader = layout.reader(schema.clone()).build(open(file)?).map_err(|error| unreadable(file, &error.to_string()))?;
        for batch in reader {
            let batch = batch.map_err(|error| unreadable(file, &error.to_string()))?;
            for (column, known) in batch.columns().iter().zip(&mut types) {
                if let Some(column) = column.as_any().downcast_ref::<StringArray>() {
                    widen(column, known, &layout.null_value);
                }
            }
        }
    }
    let fields = names.iter().zip(types);
    Ok(StructType::new(fields.map(|(name, known)| StructField::new(name, known.unwrap_or(DataType::String), true)).collect()))
}

fn widen(column: &StringArray, known: &mut Option<DataType>, null_value: &str) {
    for text in column.iter().flatten() {
        if *known == Some(DataType::String) {
            return;
        }
        if text.is_empty() || text == null_value {
            continue;
        }
        let seen = value_type(text);
        *known = Some(match known.take() {
            None => seen,
            Some(before) => wider(before, seen),
        });
    }
}

fn value_type(text: &str) -> DataType {
    let trimmed = text.trim();
    if trimmed.parse::<i32>().is_ok() {
        DataType::Int
    } else if trimmed.parse::<i64>().is_ok() {
        DataType::Long
    } else if is_double(trimmed) {
        DataType::Double
    } else if chrono::NaiveDate::parse_from_str(trimmed, "%Y-%m-%d").is_ok() && trimmed.len() == 10 {
        DataType::Date
    } else if is_timestamp(trimmed) {
        DataType::Timestamp
    } else if trimmed.eq_ignore_ascii_case("true") || trimmed.eq_ignore_ascii_case("false") {
        DataType::Boolean
    } else {
        DataType::String
    }
}

/// `NaN` and `Inf` count as numbers only in Java's spelling.
fn is_double(text: &str) -> bool {
    match text {
        "NaN" | "Inf" | "-Inf" | "+Inf" | "Infinity" | "-Infinity" => true,
        other => other.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) && other.parse::<f64>().is_ok(),
    }
}

fn is_timestamp(text: &str) -> bool {
    const FORMS: &[&str] = &["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M"];
    FORMS.iter().any(|form| chrono::NaiveDateTime::parse_from_str(text, form).is_ok())
        || chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn wider(one: DataType, two: DataType) -> DataType {
    use DataType::{Date, Double, Int, Long, Timestamp};
    match (one, two) {
        (one, two) if one == two => one,
        (Int, Long) | (Long, Int) => Long,
        (Int | Long, Double) | (Double, Int | Long) => Double,
        (Date, Timestamp) | (Timestamp, Date) => Timestamp,
        _ => DataType::String,
    }
}
