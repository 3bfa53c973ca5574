//! SQL text in, tree text out.

mod errors;
mod expressions;
mod queries;
mod robustness;
mod statements;

use emberflow_base::Error;

use super::{SqlOptions, parse_expression, parse_statement, printer};

/// Each text must become the tree beside it.
fn check(cases: &[(&str, &str)]) {
    for (text, tree) in cases {
        match parse_statement(text, SqlOptions::default()) {
            Ok(statement) => assert_eq!(printer::statement(&statement), *tree, "{text}"),
            Err(error) => panic!("{text}\n{error}"),
        }
    }
}

fn check_expressions(cases: &[(&str, &str)]) {
    for (text, tree) in cases {
        match parse_expression(text, SqlOptions::default()) {
            Ok(expression) => assert_eq!(printer::expression(&expression), *tree, "{text}"),
            Err(error) => panic!("{text}\n{error}"),
        }
    }
}

fn error(text: &str) -> Error {
    match parse_statement(text, SqlOptions::default()) {
        Ok(statement) => panic!("{text}\n{}", printer::statement(&statement)),
        Err(error) => error,
    }
}
