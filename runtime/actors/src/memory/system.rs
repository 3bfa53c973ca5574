//! Freed memory back to the operating system.
//!
//! The allocator of glibc keeps what small buffers leave behind, in case it is wanted again; a cache that was let go would
//! then still count as ours. Elsewhere allocators see to it themselves.

/// Gives free pages back. Takes milliseconds, so it is for large releases only.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back() {
    // SAFETY: takes no pointers, and may be called from any thread at any time.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back() {}
