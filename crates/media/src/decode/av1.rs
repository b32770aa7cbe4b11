//! The AV1 decoder: rav1d, a Rust port of dav1d that keeps dav1d's C interface. All `unsafe` that this
//! costs lives here.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use rav1d::include::dav1d::data::Dav1dData;
use rav1d::include::dav1d::dav1d::{Dav1dContext, Dav1dSettings};
use rav1d::include::dav1d::headers::{
    DAV1D_PIXEL_LAYOUT_I400, DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422, DAV1D_PIXEL_LAYOUT_I444,
};
use rav1d::include::dav1d::picture::Dav1dPicture;
use rav1d::src::lib::{
    dav1d_close, dav1d_data_create, dav1d_data_unref, dav1d_default_settings, dav1d_get_picture, dav1d_open,
    dav1d_picture_unref, dav1d_send_data,
};

use super::yuv::{Planes, Sampling};

/// Calls to the decoder for one picture; a still picture needs two or three.
const MAX_STEPS: u32 = 64;

/// Decodes the first picture of a stream of OBUs. The error is a short text.
pub(super) fn first_picture(stream: &[u8], max_pixels: u32) -> Result<Planes, &'static str> {
    if stream.is_empty() {
        return Err("no picture data");
    }
    let mut decoder = Decoder::open(max_pixels)?;
    let mut data = Data::copy_of(stream)?;
    for _ in 0..MAX_STEPS {
        let sent = data.is_spent() || decoder.send(&mut data)?;
        if let Some(picture) = decoder.picture()? {
            return picture.planes();
        }
        if sent && data.is_spent() {
            // Once more: what was just taken in may be ready now.
            return decoder
                .picture()?
                .ok_or("no whole picture")
                .and_then(|picture| picture.planes());
        }
    }
    Err("no whole picture")
}

/// "Try again", negated, as the interface returns it.
const AGAIN: i32 = -libc::EAGAIN;

struct Decoder(Option<Dav1dContext>);

impl Decoder {
    fn open(max_pixels: u32) -> Result<Self, &'static str> {
        let mut settings = MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: the function writes a whole `Dav1dSettings` to the pointer.
        let mut settings = unsafe {
            dav1d_default_settings(NonNull::from(&mut settings).cast());
            settings.assume_init()
        };
        // With a single frame context a damaged stream aborts the process
        // (https://github.com/memorysafety/rav1d/issues/1497); with two it is an error.
        settings.n_threads = 2;
        settings.max_frame_delay = 2;
        settings.frame_size_limit = max_pixels;
        let mut context = None;
        // SAFETY: both pointers are to live values of the right types.
        let result = unsafe { dav1d_open(Some(NonNull::from(&mut context)), Some(NonNull::from(&mut settings))) };
        if result.0 != 0 || context.is_none() {
            return Err("the decoder did not start");
        }
        Ok(Self(context))
    }

    /// Whether the decoder took the data; `false` asks to fetch a picture first.
    fn send(&mut self, data: &mut Data) -> Result<bool, &'static str> {
        // SAFETY: the context is open, and the data was made by `dav1d_data_create`.
        match unsafe { dav1d_send_data(self.0, Some(NonNull::from(&mut data.0))) }.0 {
            0 => Ok(true),
            AGAIN => Ok(false),
            _ => Err("its picture data is damaged"),
        }
    }

    fn picture(&mut self) -> Result<Option<Decoded>, &'static str> {
        let mut picture = Dav1dPicture::default();
        // SAFETY: the context is open, and the function writes a whole picture to the pointer.
        match unsafe { dav1d_get_picture(self.0, Some(NonNull::from(&mut picture))) }.0 {
            0 => Ok(Some(Decoded(picture))),
            AGAIN => Ok(None),
            _ => Err("its picture data is damaged"),
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the context is open and is not used again.
        unsafe { dav1d_close(Some(NonNull::from(&mut self.0))) };
    }
}

struct Data(Dav1dData);

impl Data {
    fn copy_of(stream: &[u8]) -> Result<Self, &'static str> {
        let mut data = Dav1dData::default();
        // SAFETY: the pointer is to a live value; the function returns null or room for `len` bytes, which
        // are then filled from a slice of that length that cannot overlap it.
        unsafe {
            let room = dav1d_data_create(Some(NonNull::from(&mut data)), stream.len());
            if room.is_null() {
                return Err("out of memory");
            }
            std::ptr::copy_nonoverlapping(stream.as_ptr(), room, stream.len());
        }
        Ok(Self(data))
    }

    fn is_spent(&self) -> bool {
        self.0.sz == 0
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: the data was made by `dav1d_data_create`; what was consumed is empty and stays so.
        unsafe { dav1d_data_unref(Some(NonNull::from(&mut self.0))) };
    }
}

struct Decoded(Dav1dPicture);

impl Decoded {
    fn planes(&self) -> Result<Planes, &'static str> {
        let picture = &self.0;
        let (Ok(width), Ok(height)) = (u32::try_from(picture.p.w), u32::try_from(picture.p.h)) else {
            return Err("it has no size");
        };
        let sampling = match picture.p.layout {
            DAV1D_PIXEL_LAYOUT_I400 => Sampling::Gray,
            DAV1D_PIXEL_LAYOUT_I420 => Sampling::Half,
            DAV1D_PIXEL_LAYOUT_I422 => Sampling::HalfWidth,
            DAV1D_PIXEL_LAYOUT_I444 => Sampling::Full,
            _ => return Err("it is of an unknown kind"),
        };
        let depth = match picture.p.bpc {
            8 => 8,
            10 => 10,
            12 => 12,
            _ => return Err("it is of an unknown depth"),
        };
        let header = picture.seq_hdr.ok_or("its header is missing")?;
        // SAFETY: the header lives as long as the picture, which `self` holds.
        let header = unsafe { header.as_ref() };
        let chroma = Planes::chroma_size(width, height, sampling);
        let mut planes = vec![self.plane(0, width, height, depth)?];
        if sampling != Sampling::Gray {
            planes.push(self.plane(1, chroma.0, chroma.1, depth)?);
            planes.push(self.plane(2, chroma.0, chroma.1, depth)?);
        }
        Ok(Planes {
            width,
            height,
            depth,
            sampling,
            colors: [
                header.pri as u8,
                header.trc as u8,
                header.mtrx as u8,
                header.color_range,
            ],
            planes,
        })
    }

    fn plane(&self, index: usize, width: u32, height: u32, depth: u8) -> Result<Vec<u16>, &'static str> {
        let start: NonNull<c_void> = self.0.data[index].ok_or("a plane is missing")?;
        let stride = self.0.stride[usize::from(index > 0)];
        let mut samples = Vec::with_capacity(width as usize * height as usize);
        for row in 0..height as isize {
            // SAFETY: the decoder's picture has at least `height` rows of `width` samples in this plane,
            // `stride` bytes apart, of one byte for a depth of 8 and of two aligned bytes for more.
            unsafe {
                let row = start.as_ptr().byte_offset(row * stride);
                if depth == 8 {
                    let row = std::slice::from_raw_parts(row.cast::<u8>(), width as usize);
                    samples.extend(row.iter().map(|sample| u16::from(*sample)));
                } else {
                    samples.extend_from_slice(std::slice::from_raw_parts(row.cast::<u16>(), width as usize));
                }
            }
        }
        Ok(samples)
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        // SAFETY: the picture came from `dav1d_get_picture` and is not used again.
        unsafe { dav1d_picture_unref(Some(NonNull::from(&mut self.0))) };
    }
}
