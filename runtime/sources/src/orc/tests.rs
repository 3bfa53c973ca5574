//! Files written and read again: every type, every codec, many small stripes and row groups, with and without filters.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{DataType as Arrow, Int64Type, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, IsNotNullExpr, IsNullExpr, Literal};
use datafusion::physical_plan::PhysicalExpr;
use emberflow_functions::EvalMode;
use emberflow_functions::cast::Casting;
use emberflow_functions::types::to_arrow_schema;
use emberflow_plan::{StructType, ddl};

use super::machine_zone;
use super::read::{Orc, OrcFile};
use super::write::{Codec, OrcWriter, Sizes};
use crate::rows::{FilePart, RowFormat, Wanted};

/// A generator that gives the same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    /// Numbers as columns have them: constant, rising, falling, small, any, or a few in turn.
    fn numbers(&mut self, rows: usize) -> Vec<i64> {
        let mut values = Vec::with_capacity(rows);
        while values.len() < rows {
            let start = self.roll() as i64 >> self.below(60);
            let (kind, count) = (self.below(6), self.below(700) as usize + 1);
            for at in 0..count.min(rows - values.len()) {
                values.push(match kind {
                    0 => start,
                    1 => start.wrapping_add(at as i64 * 3),
                    2 => (start / 2).wrapping_sub((at as i64) * self.below(50) as i64),
                    3 => self.below(100) as i64,
                    4 => self.roll() as i64,
                    _ => start ^ (at as i64 % 3),
                });
            }
        }
        values
    }

    fn nulls(&mut self, rows: usize) -> Option<NullBuffer> {
        match self.below(3) {
            0 => None,
            1 => Some((0..rows).map(|_| self.below(4) > 0).collect::<Vec<_>>().into()),
            _ => Some((0..rows).map(|at| at / 100 % 2 == 0).collect::<Vec<_>>().into()),
        }
    }

    fn lengths(&mut self, rows: usize) -> OffsetBuffer<i32> {
        OffsetBuffer::from_lengths((0..rows).map(|_| self.below(4) as usize).collect::<Vec<_>>())
    }

    fn array(&mut self, kind: &Arrow, rows: usize) -> ArrayRef {
        let nulls = self.nulls(rows);
        self.array_with(kind, rows, nulls)
    }

    fn array_with(&mut self, kind: &Arrow, rows: usize, nulls: Option<NullBuffer>) -> ArrayRef {
        macro_rules! primitive {
            ($array:ident, $convert:expr) => {
                $array::new(self.numbers(rows).into_iter().map($convert).collect::<Vec<_>>().into(), nulls)
            };
        }
        match kind {
            Arrow::Boolean => Arc::new(BooleanArray::new((0..rows).map(|_| self.below(3) > 0).collect::<Vec<_>>().into(), nulls)),
            Arrow::Int8 => Arc::new(primitive!(Int8Array, |value| value as i8)),
            Arrow::Int16 => Arc::new(primitive!(Int16Array, |value| value as i16)),
            Arrow::Int32 => Arc::new(primitive!(Int32Array, |value| value as i32)),
            Arrow::Int64 => Arc::new(primitive!(Int64Array, |value| value)),
            Arrow::Float32 => Arc::new(primitive!(Float32Array, |value| value as f32 / 7.0)),
            Arrow::Float64 => Arc::new(primitive!(Float64Array, |value| value as f64 / 7.0)),
            // Within the calendar of today and after 1970, where every clock is a moment.
            Arrow::Date32 => Arc::new(primitive!(Date32Array, |value| (value % 3_000_000) as i32)),
            Arrow::Timestamp(_, zone) => {
                let moments: TimestampMicrosecondArray =
                    primitive!(TimestampMicrosecondArray, |value: i64| value.rem_euclid(4_000_000_000_000_000));
                Arc::new(moments.with_timezone_opt(zone.clone()))
            }
            Arrow::Decimal128(precision, scale) => {
                let most = 10_i128.pow(u32::from(*precision)) - 1;
                let decimals: Decimal128Array = primitive!(Decimal128Array, |value| (i128::from(value) * i128::from(value))
                    % most
                    * if value < 0 { -1 } else { 1 });
                Arc::new(decimals.with_precision_and_scale(*precision, *scale).unwrap())
            }
            Arrow::Utf8 => {
                let texts: Vec<String> = self.numbers(rows).iter().map(|value| format!("é{}", value % 1000)).collect();
                let valid = |at: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at));
                Arc::new(texts.iter().enumerate().map(|(at, text)| valid(at).then_some(text)).collect::<StringArray>())
            }
            Arrow::Binary => {
                let pieces: Vec<Vec<u8>> = (0..rows).map(|_| vec![self.below(256) as u8; self.below(5) as usize]).collect();
                let valid = |at: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(at));
                Arc::new(pieces.iter().enumerate().map(|(at, piece)| valid(at).then_some(piece)).collect::<BinaryArray>())
            }
            Arrow::List(field) => {
                let offsets = self.lengths(rows);
                let values = self.array(field.data_type(), *offsets.last().unwrap() as usize);
                Arc::new(ListArray::new(Arc::clone(field), offsets, values, nulls))
            }
            Arrow::Map(entries, _) => {
                let Arrow::Struct(fields) = entries.data_type() else { panic!("entries are structs") };
                let offsets = self.lengths(rows);
                let count = *offsets.last().unwrap() as usize;
                let columns = vec![self.array_with(fields[0].data_type(), count, None), self.array(fields[1].data_type(), count)];
                let pairs = StructArray::new(fields.clone(), columns, None);
                Arc::new(MapArray::new(Arc::clone(entries), offsets, pairs, nulls, false))
            }
            Arrow::Struct(fields) => {
                let columns = fields.iter().map(|field| self.array(field.data_type(), rows)).collect();
                Arc::new(StructArray::new(fields.clone(), columns, nulls))
            }
            other => panic!("no values of {other}"),
        }
    }

    fn batch(&mut self, schema: &SchemaRef, rows: usize) -> RecordBatch {
        let columns = schema.fields().iter().map(|field| self.array(field.data_type(), rows)).collect();
        RecordBatch::try_new(Arc::clone(schema), columns).unwrap()
    }
}

fn write(schema: &StructType, batches: &[RecordBatch], codec: Codec, sizes: Sizes) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = OrcWriter::with_sizes(File::create(file.path()).unwrap(), schema, codec, sizes).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    file
}

fn format(schema: &StructType) -> Orc {
    Orc {
        schema: schema.clone(),
        case_sensitive: false,
        by_position: false,
        pads_chars: true,
        ignores_corrupt: false,
        ignores_missing: false,
        casting: Casting { mode: EvalMode::Try, zone: machine_zone().1.clone(), now_micros: 0 },
    }
}

fn read(schema: &StructType, part: &FilePart, columns: &[usize], filters: &[Arc<dyn PhysicalExpr>]) -> Vec<RecordBatch> {
    let table: SchemaRef = Arc::new(to_arrow_schema(schema));
    let wanted = Wanted { columns, rows: 1000, filters, table: &table };
    format(schema).open(part, &wanted).unwrap().collect::<Result<_, _>>().unwrap()
}

const EVERYTHING: &str = "a BOOLEAN, b TINYINT, c SMALLINT, d INT, e BIGINT, f FLOAT, g DOUBLE, h DECIMAL(38,10), i DECIMAL(7,2), \
    j STRING, k BINARY, l DATE, m TIMESTAMP, n TIMESTAMP_NTZ, o ARRAY<INT>, p MAP<STRING, ARRAY<DOUBLE>>, \
    q STRUCT<x: INT, y: STRUCT<z: STRING, w: ARRAY<STRUCT<v: DECIMAL(20,3), u: BOOLEAN>>>>, r ARRAY<MAP<INT, TIMESTAMP>>";

fn parts_of(file: &tempfile::NamedTempFile) -> (FilePart, Vec<FilePart>) {
    let whole = FilePart::whole(file.path().to_owned());
    let size = file.as_file().metadata().unwrap().len();
    let cut = |third: u64| FilePart { start: size * third / 3, end: size * (third + 1) / 3, ..whole.clone() };
    let parts = (0..3).map(cut).collect();
    (whole, parts)
}

#[test]
fn every_type_comes_back_under_every_codec() {
    let schema = ddl::parse_schema(EVERYTHING).unwrap();
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let all: Vec<usize> = (0..schema.fields.len()).collect();
    for (seed, codec) in [Codec::None, Codec::Zlib, Codec::Snappy, Codec::Lz4, Codec::Zstd].into_iter().enumerate() {
        let mut dice = Dice(seed as u64 * 7919 + 1);
        let batches: Vec<RecordBatch> = (0..4).map(|_| dice.batch(&arrow, 700)).collect();
        let file = write(&schema, &batches, codec, Sizes { stripe_bytes: 60_000, group_rows: 300 });
        let expected = concat_batches(&arrow, &batches).unwrap();
        let (whole, parts) = parts_of(&file);
        assert!(OrcFile::open(file.path()).unwrap().tail.stripes.len() > 2);
        let found = concat_batches(&arrow, &read(&schema, &whole, &all, &[])).unwrap();
        for (at, field) in arrow.fields().iter().enumerate() {
            assert_eq!(found.column(at), expected.column(at), "{codec:?}, column {}", field.name());
        }
        let split: Vec<RecordBatch> = parts.iter().flat_map(|part| read(&schema, part, &[4], &[])).collect();
        let split = concat_batches(&split[0].schema(), &split).unwrap();
        assert_eq!(split.column(0), expected.column(4));
    }
}

#[test]
fn filters_save_reading_and_lose_no_row() {
    let schema =
        ddl::parse_schema("a INT, b BIGINT, c STRING, d DOUBLE, e DECIMAL(9,2), f TIMESTAMP, g DATE, h BOOLEAN, i ARRAY<STRING>")
            .unwrap();
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let all: Vec<usize> = (0..schema.fields.len()).collect();
    let mut dice = Dice(99);
    let batches: Vec<RecordBatch> = (0..30).map(|_| dice.batch(&arrow, 211)).collect();
    let file = write(&schema, &batches, Codec::Zstd, Sizes { stripe_bytes: 40_000, group_rows: 50 });
    let expected = concat_batches(&arrow, &batches).unwrap();
    let whole = FilePart::whole(file.path().to_owned());
    let (mut read_rows, mut all_rows) = (0, 0);
    for _ in 0..200 {
        let at = dice.below(8) as usize;
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(arrow.field(at).name(), at));
        let row = dice.below(expected.num_rows() as u64) as usize;
        let value = ScalarValue::try_from_array(expected.column(at), row).unwrap();
        let operators = [Operator::Eq, Operator::Lt, Operator::GtEq, Operator::NotEq, Operator::Gt, Operator::LtEq];
        let filter: Arc<dyn PhysicalExpr> = match dice.below(8) {
            0 => Arc::new(IsNullExpr::new(column)),
            1 => Arc::new(IsNotNullExpr::new(column)),
            which => Arc::new(BinaryExpr::new(column, operators[which as usize - 2], Arc::new(Literal::new(value)))),
        };
        let passes = |batch: &RecordBatch| {
            let passes = filter.evaluate(batch).unwrap().into_array(batch.num_rows()).unwrap();
            filter_record_batch(batch, passes.as_boolean()).unwrap()
        };
        let found = read(&schema, &whole, &all, &[Arc::clone(&filter)]);
        read_rows += found.iter().map(RecordBatch::num_rows).sum::<usize>();
        all_rows += expected.num_rows();
        let found = concat_batches(&arrow, &found.iter().map(passes).collect::<Vec<_>>()).unwrap();
        assert_eq!(found, passes(&expected), "{filter}");
    }
    assert!(read_rows < all_rows * 9 / 10, "{read_rows} of {all_rows} rows were read");
}

#[test]
fn rows_are_counted_without_being_decoded() {
    let schema = ddl::parse_schema("a INT").unwrap();
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let file = write(&schema, &[Dice(5).batch(&arrow, 2500)], Codec::Zstd, Sizes { stripe_bytes: 1, group_rows: 1000 });
    let found = read(&schema, &FilePart::whole(file.path().to_owned()), &[], &[]);
    assert_eq!(found.iter().map(RecordBatch::num_rows).sum::<usize>(), 2500);
}

#[test]
fn a_table_may_see_other_types_and_columns() {
    let schema = ddl::parse_schema("a INT, s STRUCT<p: INT, q: STRING>, t STRING").unwrap();
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![Some(300), Some(7), None])),
        Arc::new(StructArray::new(
            match arrow.field(1).data_type() {
                Arrow::Struct(fields) => fields.clone(),
                other => panic!("{other}"),
            },
            vec![Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef, Arc::new(StringArray::from(vec!["x", "y", "z"]))],
            None,
        )),
        Arc::new(StringArray::from(vec!["12", "x", ""])),
    ];
    let batch = RecordBatch::try_new(arrow, columns).unwrap();
    let file = write(&schema, &[batch], Codec::None, Sizes { stripe_bytes: 1 << 20, group_rows: 1000 });
    let part = FilePart::whole(file.path().to_owned());
    let show = |schema: &str| {
        let schema = ddl::parse_schema(schema).unwrap();
        let all: Vec<usize> = (0..schema.fields.len()).collect();
        let found = read(&schema, &part, &all, &[]);
        arrow::util::pretty::pretty_format_batches(&found).unwrap().to_string()
    };
    let shown = show("A TINYINT, s STRUCT<Q: STRING, r: INT, p: BIGINT>, t INT, gone DATE");
    let expected = "\
+---+-------------------+----+------+
| A | s                 | t  | gone |
+---+-------------------+----+------+
|   | {Q: x, r: , p: 1} | 12 |      |
| 7 | {Q: y, r: , p: 2} |    |      |
|   | {Q: z, r: , p: 3} |    |      |
+---+-------------------+----+------+";
    assert_eq!(shown, expected);
}

#[test]
fn bytes_that_are_no_orc_file_are_refused_and_no_cut_one_panics() {
    let schema = ddl::parse_schema("a INT, b STRING").unwrap();
    let arrow: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let file = write(&schema, &[Dice(3).batch(&arrow, 500)], Codec::Zlib, Sizes { stripe_bytes: 2000, group_rows: 100 });
    let bytes = std::fs::read(file.path()).unwrap();
    let table: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let try_read = |bytes: &[u8]| -> Result<usize, String> {
        let broken = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(broken.path(), bytes).unwrap();
        let wanted = Wanted { columns: &[0, 1], rows: 1000, filters: &[], table: &table };
        let part = FilePart::whole(broken.path().to_owned());
        let batches = format(&schema).open(&part, &wanted).map_err(|error| error.condition().to_owned())?;
        batches.map(|batch| batch.map(|batch| batch.num_rows()).map_err(|error| error.condition().to_owned())).sum()
    };
    assert_eq!(try_read(&bytes), Ok(500));
    assert_eq!(try_read(b"this is no ORC file at all"), Err("FAILED_READ_FILE.NO_HINT".to_owned()));
    assert_eq!(try_read(&bytes[..bytes.len() / 2]), Err("FAILED_READ_FILE.NO_HINT".to_owned()));
    let mut dice = Dice(11);
    for _ in 0..200 {
        let mut broken = bytes.clone();
        let at = dice.below(bytes.len() as u64) as usize;
        broken[at] = broken[at].wrapping_add(1 + dice.below(254) as u8);
        // Whatever comes of it, it is a result.
        let _ = try_read(&broken);
    }
}

/// Files that Apache's Java library wrote, in a zone of its own.
fn fixture(name: &str) -> FilePart {
    FilePart::whole(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name))
}

#[test]
fn wall_clocks_of_another_zone_and_texts_of_fixed_length_mean_what_spark_says() {
    let schema = ddl::parse_schema("c STRING, v STRING, t TIMESTAMP, i TIMESTAMP").unwrap();
    let mut format = format(&schema);
    format.casting.zone = emberflow_functions::zones::Zone::Fixed(0);
    let table: SchemaRef = Arc::new(to_arrow_schema(&schema));
    let wanted = Wanted { columns: &[0, 1, 2, 3], rows: 1, filters: &[], table: &table };
    let first = format.open(&fixture("apache-chars-new-york.orc"), &wanted).unwrap().next().unwrap().unwrap();
    let shown = arrow::util::pretty::pretty_format_batches(&[first]).unwrap().to_string();
    let expected = "\
+-------+----+--------------------------+--------------------------+
| c     | v  | t                        | i                        |
+-------+----+--------------------------+--------------------------+
| ab    | ab | 2024-02-29T07:34:56.789Z | 2024-02-29T12:34:56.789Z |
+-------+----+--------------------------+--------------------------+";
    assert_eq!(shown, expected);
}

#[test]
fn the_first_version_of_the_encodings_is_read_and_columns_without_names_by_place() {
    let schema = ddl::parse_schema("a BIGINT, b STRING").unwrap();
    let found = read(&schema, &fixture("apache-first-version.orc"), &[0, 1], &[]);
    let numbers: Vec<i64> =
        found.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    let expected = |row: i64| [5, 5, 5, 7, row * 1000, -row][row as usize % 6];
    assert_eq!(numbers, (0..200).map(expected).collect::<Vec<_>>());
    let texts = found[0].column(1).as_string::<i32>();
    assert_eq!((texts.value(0), texts.value(1), texts.value(5)), ("x", "yy", "x"));
}
