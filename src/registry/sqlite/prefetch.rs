//! Memory that will be looked at is asked for ahead.

/// Has the pieces of memory that hold `what` come nearer, without waiting for them.
#[inline]
pub(crate) fn prefetch<T>(what: &T) {
    // Elsewhere there is no stable way to ask.
    #[cfg(target_arch = "x86_64")]
    for piece in (0..size_of::<T>()).step_by(64) {
        #[expect(unsafe_code, reason = "a hint: nothing is read or written, and any address may be named")]
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(what).cast::<i8>().wrapping_add(piece));
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = what;
}
