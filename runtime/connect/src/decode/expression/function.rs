//! Calls: functions and operators by name, SQL functions by qualified name, functions of other languages.

use std::sync::Arc;

use emberflow_base::{Error, Result};
use emberflow_plan::tree::{ForeignFunction, FunctionCall};
use emberflow_plan::{DataType, Expr, ExprKind};

use crate::decode::{Decoder, names, types};
use crate::proto;
use crate::proto::common_inline_user_defined_function::Function;
use crate::proto::expression::{self};

impl<'a> Decoder<'a> {
    pub(super) fn function(&self, call: &'a expression::UnresolvedFunction) -> Result<ExprKind> {
        let arguments = self.expressions(&call.arguments)?;
        if call.function_name == "when" && !call.is_user_defined_function {
            return Ok(case(arguments));
        }
        let name = match call.is_user_defined_function {
            true => names::identifier(&call.function_name)?,
            false => vec![call.function_name.clone()],
        };
        Ok(ExprKind::Function(FunctionCall {
            name,
            is_distinct: call.is_distinct,
            is_internal: call.is_internal(),
            ..FunctionCall::named("", arguments)
        }))
    }

    pub(super) fn call_function(&self, call: &'a proto::CallFunction) -> Result<ExprKind> {
        let name = names::identifier(&call.function_name)?;
        Ok(ExprKind::Function(FunctionCall { name, ..FunctionCall::named("", self.expressions(&call.arguments)?) }))
    }

    pub(super) fn foreign(&self, function: &'a proto::CommonInlineUserDefinedFunction) -> Result<ExprKind> {
        Ok(ExprKind::Foreign {
            arguments: self.expressions(&function.arguments)?,
            is_distinct: function.is_distinct,
            function: foreign_function(function)?,
        })
    }
}

/// `when(condition, value, condition, value, ..., [otherwise])` is CASE.
fn case(arguments: Vec<Expr>) -> ExprKind {
    let mut branches = Vec::new();
    let mut arguments = arguments.into_iter();
    let mut otherwise = None;
    while let Some(first) = arguments.next() {
        match arguments.next() {
            Some(value) => branches.push((first, value)),
            None => otherwise = Some(Box::new(first)),
        }
    }
    ExprKind::Case { operand: None, branches, otherwise }
}

/// A function from another language, as far as it can be told without running it.
pub(in crate::decode) fn foreign_function(message: &proto::CommonInlineUserDefinedFunction) -> Result<ForeignFunction> {
    let named = ForeignFunction {
        language: String::new(),
        name: message.function_name.clone(),
        deterministic: message.deterministic,
        eval_type: 0,
        output: None,
        inputs: Vec::new(),
        payload: Arc::from([]),
        version: String::new(),
    };
    Ok(match &message.function {
        Some(Function::PythonUdf(python)) => ForeignFunction {
            language: "python".into(),
            eval_type: python.eval_type,
            output: optional_type(python.output_type.as_ref())?,
            payload: Arc::from(python.command.as_ref()),
            version: python.python_ver.clone(),
            ..named
        },
        Some(Function::ScalarScalaUdf(scala)) => ForeignFunction {
            language: "scala".into(),
            output: optional_type(scala.output_type.as_ref())?,
            inputs: scala.input_types.iter().map(types::data_type).collect::<Result<_>>()?,
            payload: Arc::from(scala.payload.as_ref()),
            ..named
        },
        Some(Function::JavaUdf(java)) => ForeignFunction {
            language: "java".into(),
            output: optional_type(java.output_type.as_ref())?,
            payload: Arc::from(java.class_name.as_bytes()),
            ..named
        },
        None => {
            return Err(Error::new("CONNECT_INVALID_PLAN.UNSUPPORTED_USER_DEFINED_FUNCTION_IMPLEMENTATION")
                .with("clazz", "FUNCTION_NOT_SET"));
        }
    })
}

fn optional_type(message: Option<&proto::DataType>) -> Result<Option<DataType>> {
    message.filter(|message| message.kind.is_some()).map(types::data_type).transpose()
}
