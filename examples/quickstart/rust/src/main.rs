//! Three questions in Rust, on the crate `emberflow`: the engine runs in this process.
//!
//!     cargo run -p emberflow-quickstart -- DATA
//!
//! Not here: pipelines of one's own operators (`emberflow::actors`).

use emberflow::{Engine, Result};

fn main() -> Result<()> {
    let data = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let spark = Engine::embedded()?.session("");
    for table in ["orders", "lineitem", "customer", "nation"] {
        spark.read_parquet(&format!("{data}/{table}.parquet")).create_or_replace_temp_view(table)?;
    }

    // Which nations' customers brought most revenue in 1995?
    let sold = spark.sql(
        "SELECT * FROM orders
           JOIN lineitem ON o_orderkey = l_orderkey
           JOIN customer ON o_custkey = c_custkey
           JOIN nation ON c_nationkey = n_nationkey",
    )?;
    sold.filter("o_orderdate >= '1995-01-01' and o_orderdate < '1996-01-01'")?
        .aggregate(
            &["n_name"],
            &["round(sum(l_extendedprice * (1 - l_discount)), 2) AS revenue", "count(DISTINCT o_orderkey) AS orders"],
        )?
        .sort(&[("revenue", true)])?
        .limit(5)
        .show()?;

    // How was the air, month by month? Some days have no reading.
    spark
        .read("csv", &format!("{data}/airquality.csv"), &[("header", "true"), ("inferSchema", "true")])
        .aggregate(
            &["Month"],
            &[
                "count(Day) AS days",
                "sum(CASE WHEN Ozone IS NULL THEN 1 ELSE 0 END) AS without_ozone",
                "round(avg(Temp), 1) AS temperature",
                "max(Wind) AS wind",
            ],
        )?
        .sort(&[("Month", false)])?
        .show()?;

    // Which days were the hottest of their month?
    spark.read_parquet(&format!("{data}/airquality.parquet")).create_or_replace_temp_view("air")?;
    spark
        .sql(
            "SELECT Month, Day, Temp, Temp - lag(Temp) OVER (ORDER BY Month, Day) AS change
             FROM air
             QUALIFY rank() OVER (PARTITION BY Month ORDER BY Temp DESC) = 1
             ORDER BY Month, Day",
        )?
        .show()
}
