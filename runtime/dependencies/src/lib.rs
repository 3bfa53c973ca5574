//! Nothing but a list: every external crate of the workspace with the one set of features it is built with.
//!
//! Cargo chooses features by what is being built, so `cargo test -p emberflow-plan` and `cargo build --workspace` would
//! each compile DataFusion anew. Because every room leans on `base`, and `base` on this list, they share one build.
