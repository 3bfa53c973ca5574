/* Where R enters: registers the native functions, all of which are written in Rust. */

#include <R.h>
#include <Rinternals.h>
#include <R_ext/Rdynload.h>

void R_init_emberflow_extendr(DllInfo *info);

void R_init_emberflow(DllInfo *info) {
    R_init_emberflow_extendr(info);
    R_useDynamicSymbols(info, FALSE);
}
