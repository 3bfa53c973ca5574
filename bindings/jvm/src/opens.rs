//! Opens two packages of `java.base`, so that nobody has to type `--add-opens`.
//!
//! Arrow reads direct buffers' addresses through `java.nio`, and Spark's encoders touch `sun.util.calendar`. A JVM that
//! no longer has the method keeps working: the user then sees Arrow's own message about `--add-opens`.

use jni::objects::{JObject, JValue};
use jni::{Env, jni_sig, jni_str};

const PACKAGES: [&str; 2] = ["java.nio", "sun.util.calendar"];

/// Opens the packages to all unnamed modules; a failure leaves no exception behind.
pub fn open_packages(env: &mut Env<'_>) {
    for package in PACKAGES {
        if open(env, package).is_err() {
            env.exception_clear();
        }
    }
}

fn open(env: &mut Env<'_>, package: &str) -> jni::errors::Result<()> {
    let object = env.find_class(jni_str!("java/lang/Object"))?;
    let base = env.call_method(&object, jni_str!("getModule"), jni_sig!("()Ljava/lang/Module;"), &[])?.l()?;
    let package: JObject = env.new_string(package)?.into();
    let signature = jni_sig!("(Ljava/lang/String;)V");
    env.call_method(&base, jni_str!("implAddOpensToAllUnnamed"), signature, &[JValue::Object(&package)])?;
    Ok(())
}
