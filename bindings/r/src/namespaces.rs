//! What stands in front of `::`: another name for this package's namespace.
//!
//! Scripts qualify calls as `SparkR::sql(...)`. R keeps loaded namespaces by name in one environment, and this package may
//! stand in it under SparkR's name where no SparkR is installed (`r-package/R/prefix.R` decides).

use extendr_api::prelude::*;
use extendr_ffi::{Rf_defineVar, Rf_install, SEXP};

use crate::failure::{Failure, outcome};
use crate::r_api::text;

#[allow(improper_ctypes)]
unsafe extern "C" {
    static R_NamespaceRegistry: SEXP;
}

/// Makes `name::` mean this namespace.
#[extendr]
fn namespace_alias(name: Robj, namespace: Robj) -> Robj {
    outcome(|| {
        let name = std::ffi::CString::new(text(&name, "name")?).map_err(|_| Failure::usage("name should be a plain text"))?;
        // The registry is an ordinary environment, and a symbol is never collected.
        unsafe { Rf_defineVar(Rf_install(name.as_ptr()), namespace.get(), R_NamespaceRegistry) };
        Ok(().into())
    })
}

extendr_module! {
    mod namespaces;
    fn namespace_alias;
}
