//! Types and schemas from and to Spark's JSON.
