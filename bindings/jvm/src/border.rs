//! The one place where an error or a panic becomes a Java exception.
//!
//! What a query does wrong is not an error here: it travels as the status of its call. Only misuse of a handle, an
//! engine that cannot start and defects of ours are thrown.

use std::any::Any;

use emberflow_base::ErrorKind;
use jni::errors::ErrorPolicy;
use jni::objects::JValue;
use jni::{Env, jni_sig, jni_str};

/// Why a native method failed.
#[derive(Debug)]
pub enum BorderError {
    /// The handle was closed, or never given out; the text names it (`call 7`).
    Closed(String),
    /// The engine refused.
    Engine(emberflow_base::Error),
    /// Java called with something it should not have.
    Misused(String),
    /// The JVM itself failed.
    Jni(jni::errors::Error),
}

pub type Result<T> = std::result::Result<T, BorderError>;

impl From<jni::errors::Error> for BorderError {
    fn from(error: jni::errors::Error) -> Self {
        Self::Jni(error)
    }
}

impl From<emberflow_base::Error> for BorderError {
    fn from(error: emberflow_base::Error) -> Self {
        Self::Engine(error)
    }
}

impl BorderError {
    /// The name of a constant of Java's `EmberflowException.Kind`.
    fn kind(&self) -> &'static str {
        match self {
            Self::Closed(_) | Self::Misused(_) => "INVALID",
            Self::Jni(_) => "INTERNAL",
            Self::Engine(error) => match error.kind() {
                ErrorKind::Invalid => "INVALID",
                ErrorKind::NotFound => "NOT_FOUND",
                ErrorKind::Conflict => "CONFLICT",
                ErrorKind::Unavailable => "UNAVAILABLE",
                ErrorKind::Corrupt => "CORRUPT",
                ErrorKind::Internal => "INTERNAL",
            },
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Closed(what) => format!("{what} is closed"),
            Self::Misused(how) => how.clone(),
            Self::Engine(error) => error.to_string(),
            Self::Jni(error) => format!("the JVM refused a call from Emberflow: {error}"),
        }
    }
}

/// Turns every failure of a native method into an `EmberflowException`; the returned value is then never looked at.
pub struct ThrowEmberflowException;

impl<T: Default> ErrorPolicy<T, BorderError> for ThrowEmberflowException {
    type Captures<'unowned_env_local: 'native_method, 'native_method> = ();

    fn on_error<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        _captures: &mut (),
        error: BorderError,
    ) -> jni::errors::Result<T> {
        // An exception already on its way (out of memory while an array was made) says more than ours would.
        if !env.exception_check() {
            throw(env, error.kind(), &error.message())?;
        }
        Ok(T::default())
    }

    fn on_panic<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        _captures: &mut (),
        payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        throw(env, "INTERNAL", &format!("a defect in Emberflow's JVM door: {}", words_of(&payload)))?;
        Ok(T::default())
    }
}

fn throw(env: &mut Env<'_>, kind: &str, message: &str) -> jni::errors::Result<()> {
    let (kind, message) = (env.new_string(kind)?, env.new_string(message)?);
    let exception = env.new_object(
        jni_str!("io/emberflow/connect/EmberflowException"),
        jni_sig!("(Ljava/lang/String;Ljava/lang/String;)V"),
        &[JValue::Object(&kind), JValue::Object(&message)],
    )?;
    let exception = env.cast_local::<jni::objects::JThrowable>(exception)?;
    // `throw` reports success as `Err(JavaException)`, the state we want.
    match env.throw(exception) {
        Err(jni::errors::Error::JavaException) => Ok(()),
        other => other,
    }
}

fn words_of(payload: &Box<dyn Any + Send>) -> &str {
    let text = payload.downcast_ref::<&'static str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_handle_is_named() {
        let error = BorderError::Closed("call 7".to_string());
        assert_eq!((error.kind(), error.message().as_str()), ("INVALID", "call 7 is closed"));
    }

    #[test]
    fn the_engines_error_keeps_its_kind_and_words() {
        let error = BorderError::from(emberflow_base::Error::internal("lost a page"));
        assert_eq!(error.kind(), "INTERNAL");
        assert!(error.message().starts_with("[INTERNAL_ERROR]"), "{}", error.message());
    }

    #[test]
    fn a_panics_words_are_found() {
        let payload = std::panic::catch_unwind(|| panic!("disk {}", 3)).unwrap_err();
        assert_eq!(words_of(&payload), "disk 3");
    }
}
