//! Writes the tables of the TPC-H benchmark as Parquet files, one per table.
//!
//!     generator of rows ─► Arrow batches ─► OUT/lineitem.parquet, OUT/orders.parquet, ...
//!
//! The same scale always gives the same bytes of data: money as decimal(15,2), dates as date32, text as Utf8.
//! Not here: the queries (`tests/tpch`), the files (`generated`). Begin at [`write_tables`].

use std::path::Path;

use arrow::record_batch::RecordBatchReader;
use emberflow_base::Result;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator, PartSuppGenerator, RegionGenerator,
    SupplierGenerator,
};
use tpchgen_arrow::{
    CustomerArrow, LineItemArrow, NationArrow, OrderArrow, PartArrow, PartSuppArrow, RegionArrow, SupplierArrow,
};

/// What `emberflow tpch` takes.
#[derive(Debug, clap::Args)]
pub struct TpchArguments {
    /// 1 is about a gigabyte of text, 6 million rows in the largest table.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Folder for the files, one Parquet file a table.
    #[arg(long, value_name = "DIR")]
    out: std::path::PathBuf,
}

/// `emberflow tpch`.
pub fn run(arguments: TpchArguments) -> Result<()> {
    crate::generated::check_scale(arguments.scale)?;
    write_tables(arguments.scale, &arguments.out)
}

/// The eight tables.
pub const TABLES: [&str; 8] = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"];

/// Writes all tables at `scale` (1 is about a gigabyte of text) into the folder `out`, which is made if it is missing.
pub fn write_tables(scale: f64, out: &Path) -> Result<()> {
    TABLES.iter().try_for_each(|table| crate::generated::write_table(table, rows_of(table, scale), out))
}

fn rows_of(table: &str, scale: f64) -> Box<dyn RecordBatchReader> {
    match table {
        "customer" => Box::new(CustomerArrow::new(CustomerGenerator::new(scale, 1, 1))),
        "lineitem" => Box::new(LineItemArrow::new(LineItemGenerator::new(scale, 1, 1))),
        "nation" => Box::new(NationArrow::new(NationGenerator::new(scale, 1, 1))),
        "orders" => Box::new(OrderArrow::new(OrderGenerator::new(scale, 1, 1))),
        "part" => Box::new(PartArrow::new(PartGenerator::new(scale, 1, 1))),
        "partsupp" => Box::new(PartSuppArrow::new(PartSuppGenerator::new(scale, 1, 1))),
        "region" => Box::new(RegionArrow::new(RegionGenerator::new(scale, 1, 1))),
        _ => Box::new(SupplierArrow::new(SupplierGenerator::new(scale, 1, 1))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    #[test]
    fn every_table_is_written_with_its_rows_and_types() {
        let folder = tempfile::tempdir().unwrap();
        write_tables(0.001, folder.path()).unwrap();
        let open = |table: &str| {
            ParquetRecordBatchReaderBuilder::try_new(File::open(folder.path().join(format!("{table}.parquet"))).unwrap()).unwrap()
        };
        let rows: Vec<i64> = TABLES.iter().map(|table| open(table).metadata().file_metadata().num_rows()).collect();
        assert_eq!(rows, [150, 6005, 25, 1500, 200, 800, 5, 10]);
        let kinds: Vec<String> = open("orders").schema().fields().iter().map(|field| field.data_type().to_string()).collect();
        assert_eq!(kinds[2..6], ["Utf8", "Decimal128(15, 2)", "Date32", "Utf8"]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 8);
    }
}
