//! Makes Rust of the key-value service's messages (`proto/emberflow_kv.proto`), with the `protoc` that Apache's messages
//! need as well. Included by `src/kv.rs`.

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=proto/emberflow_kv.proto");
    prost_build::Config::new().btree_map(["."]).compile_protos(&["proto/emberflow_kv.proto"], &["proto"])
}
