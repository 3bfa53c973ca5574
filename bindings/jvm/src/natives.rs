//! The native methods of `io.emberflow.connect.Native`: thin shells over the desk.
//!
//! Whatever goes wrong inside, `shell` turns it into an exception (see `border`).
//! A result below zero of `callNext` is not a length: [`NOT_YET`], or [`ENDED`] minus a gRPC code.

use std::ffi::c_void;

use bytes::Bytes;
use emberflow_connect::rpc::Metadata;
use jni::objects::{JByteArray, JClass, JLongArray, JObjectArray, JString};
use jni::sys::{JNI_ERR, JNI_VERSION_1_8, jboolean, jint, jlong};
use jni::{Env, EnvUnowned, JavaVM, jni_mangle};

use crate::border::{BorderError, Result, ThrowEmberflowException};
use crate::call::{Next, Sending};
use crate::desk::desk;
use crate::{engine, opens};

/// `callNext` found nothing; the call's number will come out of `awaitWakes`.
const NOT_YET: jint = -1;
/// `callNext` found the end; the gRPC code is subtracted.
const ENDED: jint = -2;

fn shell<'local, T: Default>(mut env: EnvUnowned<'local>, inner: impl FnOnce(&mut Env<'local>) -> Result<T>) -> T {
    env.with_env(inner).resolve::<ThrowEmberflowException>()
}

/// Called by the JVM when it loads the library.
///
/// # Safety
/// `vm` is the running JVM, as the JVM promises.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn JNI_OnLoad(vm: *mut jni::sys::JavaVM, _reserved: *mut c_void) -> jint {
    if vm.is_null() {
        return JNI_ERR;
    }
    // SAFETY: not null, and given to us by the JVM.
    let vm = unsafe { JavaVM::from_raw(vm) };
    let opened = vm.attach_current_thread(|env| -> jni::errors::Result<()> {
        opens::open_packages(env);
        Ok(())
    });
    if opened.is_ok() { JNI_VERSION_1_8 } else { JNI_ERR }
}

/// Starts the engine if need be and connects to it.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn open<'local>(env: EnvUnowned<'local>, _: JClass<'local>) -> jlong {
    shell(env, |_| Ok(desk().open(engine::engine()?) as jlong))
}

/// Makes an operator of the next job panic; for the tests of this door.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn break_next_job<'local>(env: EnvUnowned<'local>, _: JClass<'local>) {
    shell(env, |_| Ok(engine::break_next_job()?))
}

#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn close<'local>(env: EnvUnowned<'local>, _: JClass<'local>, connection: jlong) {
    shell(env, |_| {
        desk().close(connection as u64);
        Ok(())
    })
}

#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_start<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    connection: jlong,
    method: JString<'local>,
    headers: JObjectArray<'local, JString<'local>>,
) -> jlong {
    shell(env, |env| {
        let method = method.try_to_string(env)?;
        let metadata = metadata_from(env, &headers)?;
        Ok(desk().start(connection as u64, &method, metadata)? as jlong)
    })
}

/// Answers whether more can be sent without piling up.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_send<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    call: jlong,
    message: JByteArray<'local>,
) -> jboolean {
    shell(env, |env| {
        let message = Bytes::from(env.convert_byte_array(&message)?);
        Ok(desk().send(call as u64, message)? == Sending::Ready)
    })
}

#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_half_close<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) {
    shell(env, |_| desk().half_close(call as u64))
}

/// Moves on what waits to be sent; answers as `callSend`.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_flush<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) -> jboolean {
    shell(env, |_| Ok(desk().flush(call as u64)? == Sending::Ready))
}

/// The length of the next answer, which is then held until `callTaken`; or [`NOT_YET`], or the end.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_next<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) -> jint {
    shell(env, |_| match desk().next(call as u64)? {
        Next::Message(length) => jint::try_from(length)
            .map_err(|_| BorderError::Misused(format!("an answer of {length} bytes does not fit into a Java array"))),
        Next::NotYet => Ok(NOT_YET),
        Next::Ended(code) => Ok(ENDED - code),
    })
}

/// Copies a part of the held answer into an array of Java's: the only copy on its way.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_read<'local>(
    env: EnvUnowned<'local>,
    _: JClass<'local>,
    call: jlong,
    from: jint,
    into: JByteArray<'local>,
    offset: jint,
    length: jint,
) {
    shell(env, |env| {
        let held = desk().held(call as u64)?;
        let part = part_of(&held, from, length)?;
        Ok(into.set_region(env, offset, signed(part))?)
    })
}

#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_taken<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) {
    shell(env, |_| desk().taken(call as u64))
}

/// The message of the status a call ended with; empty if it has none.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_message<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) -> JString<'local> {
    shell(env, |env| {
        let message = desk().failure(call as u64)?.map(|status| status.message);
        Ok(env.new_string(message.unwrap_or_default())?)
    })
}

/// The bytes of the trailer `grpc-status-details-bin`; empty if there is none.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_details<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) -> JByteArray<'local> {
    shell(env, |env| {
        let details = desk().failure(call as u64)?.map(|status| status.details);
        Ok(env.byte_array_from_slice(&details.unwrap_or_default())?)
    })
}

#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn call_cancel<'local>(env: EnvUnowned<'local>, _: JClass<'local>, call: jlong) {
    shell(env, |_| {
        desk().cancel(call as u64);
        Ok(())
    })
}

/// Blocks until some calls have something new; puts their numbers into `into` and answers how many they are.
#[jni_mangle("io.emberflow.connect.Native")]
pub extern "system" fn await_wakes<'local>(env: EnvUnowned<'local>, _: JClass<'local>, into: JLongArray<'local>) -> jint {
    shell(env, |env| {
        let mut numbers = vec![0; into.len(env)?];
        let count = desk().await_wakes(&mut numbers);
        into.set_region(env, 0, &numbers[..count])?;
        Ok(count as jint)
    })
}

/// Headers come as name, value, name, value.
fn metadata_from<'local>(env: &mut Env<'local>, headers: &JObjectArray<'local, JString<'local>>) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    for index in (0..headers.len(env)?.saturating_sub(1)).step_by(2) {
        let (name, value) = (headers.get_element(env, index)?, headers.get_element(env, index + 1)?);
        metadata.push((name.try_to_string(env)?, value.try_to_string(env)?));
    }
    Ok(metadata)
}

fn part_of(held: &Bytes, from: jint, length: jint) -> Result<&[u8]> {
    let part = usize::try_from(from).ok().zip(usize::try_from(length).ok());
    part.and_then(|(from, length)| held.get(from..from.checked_add(length)?))
        .ok_or_else(|| BorderError::Misused(format!("bytes {from} to {from}+{length} of an answer of {} bytes", held.len())))
}

/// The same bytes, as Java's type for them.
fn signed(bytes: &[u8]) -> &[i8] {
    // SAFETY: u8 and i8 have one size, one alignment, and no invalid values.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_outside_the_answer_is_refused() {
        let held = Bytes::from_static(b"abcdef");
        assert_eq!(part_of(&held, 2, 3).unwrap(), b"cde");
        assert_eq!(part_of(&held, 6, 0).unwrap(), b"");
        for (from, length) in [(-1, 2), (2, -1), (5, 2), (jint::MAX, jint::MAX)] {
            assert!(part_of(&held, from, length).is_err(), "{from} {length}");
        }
    }

    #[test]
    fn signs_change_bits_do_not() {
        assert_eq!(signed(&[0, 127, 128, 255]), [0, 127, -128, -1]);
    }
}
