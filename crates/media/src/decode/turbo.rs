//! The C library behind JPEG decoding: libjpeg-turbo's TurboJPEG interface as built by `mozjpeg-sys`,
//! which catches the library's errors before they reach us. All `unsafe` of JPEG lives here.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_uchar, c_ulong, c_void};
use std::ptr::NonNull;

// The functions below are in the static library that this crate links.
use mozjpeg_sys as _;

unsafe extern "C" {
    fn tjInitDecompress() -> *mut c_void;
    fn tjDestroy(handle: *mut c_void) -> c_int;
    fn tjGetErrorStr2(handle: *mut c_void) -> *const c_char;
    fn tjGetErrorCode(handle: *mut c_void) -> c_int;
    fn tjDecompress2(
        handle: *mut c_void,
        bytes: *const c_uchar,
        length: c_ulong,
        out: *mut c_uchar,
        width: c_int,
        pitch: c_int,
        height: c_int,
        pixel_format: c_int,
        flags: c_int,
    ) -> c_int;
}

const TJERR_WARNING: c_int = 0;
/// Stop at a progressive picture with more than 500 scans.
const TJFLAG_LIMITSCANS: c_int = 32_768;

/// What a pixel is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Rgb,
    Gray,
    Cmyk,
}

impl Format {
    pub const fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Gray => 1,
            Self::Cmyk => 4,
        }
    }

    /// TurboJPEG's number for it.
    const fn code(self) -> c_int {
        match self {
            Self::Rgb => 0,
            Self::Gray => 6,
            Self::Cmyk => 11,
        }
    }
}

/// How decoding went.
pub(super) enum Outcome {
    Whole(Vec<u8>),
    /// There are pixels, but the library complained.
    Damaged(Vec<u8>, String),
    Failed(String),
}

/// Decodes to `width` × `height`, which must be the size of the picture at one of the library's scales
/// (eighths, rounded up).
pub(super) fn decompress(bytes: &[u8], width: u32, height: u32, format: Format) -> Outcome {
    let row = width as usize * format.channels();
    let (Some(size), Ok(pitch), Ok(w), Ok(h), Ok(length)) = (
        row.checked_mul(height as usize),
        c_int::try_from(row),
        c_int::try_from(width),
        c_int::try_from(height),
        c_ulong::try_from(bytes.len()),
    ) else {
        return Outcome::Failed("too large".to_owned());
    };
    let Some(handle) = Handle::open() else {
        return Outcome::Failed("out of memory".to_owned());
    };
    let mut out = vec![0u8; size];
    // SAFETY: `handle` is live; `bytes` is readable for `length` bytes and is not written to; `out` holds
    // `height` rows of `pitch` bytes, and the library writes at most `height` rows of `width` pixels of
    // `format`, because it picks a scale whose size is no larger than the one asked for or fails.
    let status = unsafe {
        tjDecompress2(
            handle.0.as_ptr(),
            bytes.as_ptr(),
            length,
            out.as_mut_ptr(),
            w,
            pitch,
            h,
            format.code(),
            TJFLAG_LIMITSCANS,
        )
    };
    if status == 0 {
        return Outcome::Whole(out);
    }
    let (is_warning, text) = handle.complaint();
    if is_warning {
        Outcome::Damaged(out, text)
    } else {
        Outcome::Failed(text)
    }
}

struct Handle(NonNull<c_void>);

impl Handle {
    fn open() -> Option<Self> {
        // SAFETY: takes nothing; returns null or a handle that `Drop` gives back.
        NonNull::new(unsafe { tjInitDecompress() }).map(Self)
    }

    fn complaint(&self) -> (bool, String) {
        // SAFETY: the handle is live, and the text is a zero-terminated string that lives in it.
        unsafe {
            let text = tjGetErrorStr2(self.0.as_ptr());
            let text = if text.is_null() {
                String::new()
            } else {
                CStr::from_ptr(text).to_string_lossy().into_owned()
            };
            (tjGetErrorCode(self.0.as_ptr()) == TJERR_WARNING, text)
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from `tjInitDecompress` and is not used again.
        unsafe {
            tjDestroy(self.0.as_ptr());
        }
    }
}
