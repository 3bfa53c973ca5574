//! Says that a stream lies at a path of a store: `cargo run -p emberflow-nosql --example stream FOLDER PATH`.
//!
//! For the tests of doors that must refuse to take a stream for a table; streams themselves are not here.

use emberflow_nosql::path::TablePath;
use emberflow_nosql::{Error, ErrorName, Result, Store, StoreOptions};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, path] = arguments.as_slice() else {
        return Err(Error::new(ErrorName::InvalidArgument, "stream FOLDER PATH"));
    };
    let store = Store::open(folder, StoreOptions::default())?;
    let path = TablePath::parse(path, None)?;
    actix_rt::System::new().block_on(async move {
        store.register_stream(&path).await?;
        store.close().await
    })
}
