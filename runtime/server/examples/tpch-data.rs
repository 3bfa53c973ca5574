//! `cargo run -p emberflow-server --example tpch-data -- SCALE OUT`: the data of the golden TPC-H answers, for machines
//! where the `emberflow` program is not built. Not here: how it is written (`emberflow_server::tpch`).

fn main() -> emberflow_base::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let scale = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0.01);
    let out = arguments.next().unwrap_or_else(|| format!("tpch-{scale}"));
    emberflow_server::tpch::write_tables(scale, out.as_ref())
}
