//! Memory that will be looked at is asked for ahead, and kept where looking is cheap.

use std::mem::MaybeUninit;

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

/// Has room that nothing was put into yet backed by large pages where the system has them: each look at a place of its own
/// is then one wait for memory, and not another for where that memory is.
pub(crate) fn in_large_pages<T>(room: &mut [MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        const LARGE: usize = 2 << 20;
        let bytes = room.as_mut_ptr_range();
        let (start, end) = (bytes.start.cast::<u8>(), bytes.end.addr() / LARGE * LARGE);
        let first = start.wrapping_add(start.align_offset(LARGE));
        let Some(length @ 1..) = end.checked_sub(first.addr()) else { return };
        #[expect(
            unsafe_code,
            reason = "advice on how to back memory that is ours; what is in it stays as it is"
        )]
        unsafe {
            // Where it is not taken, pages are small.
            let _ = rustix::mm::madvise(first.cast(), length, rustix::mm::Advice::LinuxHugepage);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = room;
}
