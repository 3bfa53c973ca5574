//! Writes the tables of the TPC-DS benchmark as Parquet files, one per table.
//!
//! The same scale always gives the same bytes of data: keys as int32, money as decimal(7,2), dates as date32, text as Utf8.
//! Not here: the queries (`tests/tpcds`), the files (`generated`). Begin at [`run`].

use arrow::record_batch::RecordBatchReader;
use emberflow_base::{Error, Result};
use tpcdsgen::config::{Session, SessionBuilder};
use tpcdsgen_arrow as tables;

/// What `emberflow tpcds` takes.
#[derive(Debug, clap::Args)]
pub struct TpcdsArguments {
    /// 1 is about a gigabyte of text.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Folder for the files, one Parquet file a table.
    #[arg(long, value_name = "DIR")]
    out: std::path::PathBuf,
}

/// A table's name and what makes its rows.
type Table = (&'static str, fn(Session) -> Box<dyn RecordBatchReader>);

const TABLES: [Table; 24] = [
    ("call_center", |session| Box::new(tables::CallCenterArrow::new(session))),
    ("catalog_page", |session| Box::new(tables::CatalogPageArrow::new(session))),
    ("catalog_returns", |session| Box::new(tables::CatalogReturnsArrow::new(session))),
    ("catalog_sales", |session| Box::new(tables::CatalogSalesArrow::new(session))),
    ("customer", |session| Box::new(tables::CustomerArrow::new(session))),
    ("customer_address", |session| Box::new(tables::CustomerAddressArrow::new(session))),
    ("customer_demographics", |session| Box::new(tables::CustomerDemographicsArrow::new(session))),
    ("date_dim", |session| Box::new(tables::DateDimArrow::new(session))),
    ("household_demographics", |session| Box::new(tables::HouseholdDemographicsArrow::new(session))),
    ("income_band", |session| Box::new(tables::IncomeBandArrow::new(session))),
    ("inventory", |session| Box::new(tables::InventoryArrow::new(session))),
    ("item", |session| Box::new(tables::ItemArrow::new(session))),
    ("promotion", |session| Box::new(tables::PromotionArrow::new(session))),
    ("reason", |session| Box::new(tables::ReasonArrow::new(session))),
    ("ship_mode", |session| Box::new(tables::ShipModeArrow::new(session))),
    ("store", |session| Box::new(tables::StoreArrow::new(session))),
    ("store_returns", |session| Box::new(tables::StoreReturnsArrow::new(session))),
    ("store_sales", |session| Box::new(tables::StoreSalesArrow::new(session))),
    ("time_dim", |session| Box::new(tables::TimeDimArrow::new(session))),
    ("warehouse", |session| Box::new(tables::WarehouseArrow::new(session))),
    ("web_page", |session| Box::new(tables::WebPageArrow::new(session))),
    ("web_returns", |session| Box::new(tables::WebReturnsArrow::new(session))),
    ("web_sales", |session| Box::new(tables::WebSalesArrow::new(session))),
    ("web_site", |session| Box::new(tables::WebSiteArrow::new(session))),
];

/// `emberflow tpcds`.
pub fn run(arguments: TpcdsArguments) -> Result<()> {
    crate::generated::check_scale(arguments.scale)?;
    let refused = |why: tpcdsgen::TpcdsError| Error::new("INVALID_PARAMETER_VALUE").text(why.to_string());
    TABLES.iter().try_for_each(|(table, rows)| {
        let session = SessionBuilder::new().with_scale_factor(arguments.scale).build().map_err(refused)?;
        crate::generated::write_table(table, rows(session), &arguments.out)
    })
}
