//! Avro files, decoded by arrow-avro.
//!
//!     file ──► arrow-avro: the file's own columns, or those of the option `avroSchema` ──► the table's, by name and cast
//!
//! Not here: writing (`write`).

mod meaning;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{Schema, SchemaRef};
use arrow_avro::reader::ReaderBuilder;
use arrow_avro::schema::AvroSchema;
use emberflow_base::{Error, Result};
use emberflow_functions::types::{from_arrow_fields, to_arrow_schema};
use emberflow_plan::StructType;

use crate::lines::unreadable;
use crate::listing::DataFile;
use crate::options::SourceOptions;
use crate::partitions::Partitions;
use crate::read::{Made, ReadRequest, all_nullable, empty};
use crate::rows::{FilePart, RowFormat, Rows, Wanted};
use crate::table::{Reader, table as files_table};

/// Options of Spark's Avro source that would change what is read and are not there yet.
const NOT_YET: &[&str] = &["mode", "positionalFieldMatching", "enableStableIdentifiersForUnionType"];

pub(crate) fn table(request: &ReadRequest<'_>, mut files: Vec<DataFile>) -> Made {
    let options = &request.options;
    options.refuse("Avro files", NOT_YET)?;
    if options.get("datetimerebasemode").is_some_and(|mode| mode.eq_ignore_ascii_case("LEGACY")) {
        return Err(Error::unsupported("the option datetimeRebaseMode of Avro files"));
    }
    let evolved = given_schema(options)?;
    let ignores_corrupt =
        options.flag("ignorecorruptfiles", request.context.settings.flag("spark.sql.files.ignoreCorruptFiles"))?;
    if !options.flag("ignoreextension", true)? {
        files.retain(|file| file.path.extension().is_some_and(|ending| ending == "avro"));
    }
    let partitions = Partitions::of(&files, request.schema, &request.context)?;
    let schema = match (request.schema, files.first()) {
        (Some(schema), None) => return empty(schema),
        (None, None) => return Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "AVRO")),
        (Some(schema), _) => schema.clone(),
        (None, Some(first)) => match request.merges("spark.sql.avro.mergeSchema")? {
            _ if evolved.is_some() => file_schema(&first.path, evolved.as_deref())?,
            false => first_schema(&files, ignores_corrupt)?,
            true => {
                let mut known = StructType::default();
                for file in &files {
                    known = crate::read::merge(&known, &file_schema(&file.path, None)?)
                        .ok_or_else(|| Error::unsupported("mergeSchema over Avro files whose columns have different types"))?;
                }
                known
            }
        },
    };
    let schema = partitions.without(&schema);
    let format = Avro {
        schema: Arc::new(to_arrow_schema(&all_nullable(&schema))),
        ignores_missing: options.flag("ignoremissingfiles", false)?,
        ignores_corrupt,
        evolved,
    };
    files_table(Reader::Rows(Arc::new(format)), &files, &schema, partitions)
}

/// The schema under which a user wants to see the files, in Avro's own words.
pub(crate) fn given_schema(options: &SourceOptions) -> Result<Option<String>> {
    if let Some(text) = options.get("avroschema") {
        return Ok(Some(text.to_owned()));
    }
    let Some(url) = options.get("avroschemaurl") else { return Ok(None) };
    let path = crate::paths::local(url)?;
    std::fs::read_to_string(&path).map(Some).map_err(|error| unreadable(&path, &error.to_string()))
}

/// The schema of the first file that can be read.
fn first_schema(files: &[DataFile], ignores_corrupt: bool) -> Result<StructType> {
    let mut schemas = files.iter().map(|file| file_schema(&file.path, None));
    let found = schemas.find(|schema| schema.is_ok() || !ignores_corrupt);
    found.unwrap_or_else(|| Err(Error::new("UNABLE_TO_INFER_SCHEMA").with("format", "AVRO")))
}

fn file_schema(path: &Path, evolved: Option<&str>) -> Result<StructType> {
    let reader = open(path, evolved, ReaderBuilder::new())?;
    from_arrow_fields(&reader.schema().fields().iter().map(|field| meaning::meant(field)).collect())
}

fn open(path: &Path, evolved: Option<&str>, builder: ReaderBuilder) -> Result<arrow_avro::reader::Reader<BufReader<File>>> {
    let builder = match evolved {
        Some(schema) => builder.with_reader_schema(AvroSchema::new(schema.to_owned())),
        None => builder,
    };
    let file = File::open(path).map_err(|error| unreadable(path, &error.to_string()))?;
    builder.build(BufReader::new(file)).map_err(|error| unreadable(path, &error.to_string()))
}

#[derive(Debug)]
struct Avro {
    schema: SchemaRef,
    ignores_missing: bool,
    ignores_corrupt: bool,
    /// Avro's own schema to see the files under.
    evolved: Option<String>,
}

impl RowFormat for Avro {
    fn name(&self) -> &'static str {
        "avro"
    }

    fn splits(&self, _path: &Path) -> bool {
        false
    }

    fn open(&self, part: &FilePart, wanted: &Wanted<'_>) -> Result<Rows> {
        if self.ignores_missing && !part.path.exists() {
            return Ok(Box::new(std::iter::empty()));
        }
        match self.batches(part, wanted.columns, wanted.rows) {
            Ok(batches) if self.ignores_corrupt => Ok(Box::new(batches.take_while(Result::is_ok))),
            Err(_) if self.ignores_corrupt => Ok(Box::new(std::iter::empty())),
            other => other,
        }
    }
}

impl Avro {
    fn batches(&self, part: &FilePart, columns: &[usize], rows: usize) -> Result<Rows> {
        let fields = Schema::new(columns.iter().map(|column| self.schema.field(*column).clone()).collect::<Vec<_>>());
        let wanted: SchemaRef = Arc::new(fields);
        let path = part.path.clone();
        let evolved = self.evolved.as_deref();
        let own = open(&path, evolved, ReaderBuilder::new())?.schema();
        let place = |name: &str| own.fields().iter().position(|field| field.name().eq_ignore_ascii_case(name));
        let mut needed: Vec<usize> = wanted.fields().iter().filter_map(|field| place(field.name())).collect();
        needed.sort_unstable();
        needed.dedup();
        if needed.is_empty() {
            needed.push(0);
        }
        let reader = open(&path, evolved, ReaderBuilder::new().with_batch_size(rows).with_projection(needed))?;
        Ok(Box::new(reader.map(move |batch| {
            let batch = batch.map_err(|error| unreadable(&path, &error.to_string()))?;
            fitted(&batch, &wanted).map_err(|error| unreadable(&path, &error.to_string()))
        })))
    }
}

/// A batch in the columns and types of the table.
fn fitted(batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
    let own = batch.schema();
    let strict = CastOptions { safe: false, ..Default::default() };
    let column = |field: &Arc<arrow::datatypes::Field>| -> Result<ArrayRef, arrow::error::ArrowError> {
        match own.fields().iter().position(|known| known.name().eq_ignore_ascii_case(field.name())) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(at) => {
                let column = meaning::converted(batch.column(at), own.field(at))?;
                if column.data_type() == field.data_type() {
                    Ok(column)
                } else {
                    cast_with_options(&column, field.data_type(), &strict)
                }
            }
        }
    };
    let columns = wanted.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(wanted), columns, &options)
}
