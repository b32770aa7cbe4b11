//! WebP by libwebp. All `unsafe` of WebP lives here.
#![allow(unsafe_code)]

use std::ffi::c_int;

use aquatint_domain::Problem;
use image::DynamicImage;
use libwebp_sys::{
    WebPConfig, WebPEncode, WebPMemoryWrite, WebPMemoryWriter, WebPMemoryWriterClear, WebPMemoryWriterInit,
    WebPPicture, WebPPictureFree, WebPPictureImportRGB, WebPPictureImportRGBA, WebPPreset, WebPValidateConfig,
};

use super::{Encoding, failed, too_wide};

/// The most that the format can hold.
const MAX_SIDE: u32 = 16_383;

/// libwebp's effort from 0 to 6. 4 is what others write by default; 2 takes half of its time but 4 to 5 %
/// more bytes (docs/decisions/0003-image-codecs.md).
const METHOD: c_int = 4;
/// A thumbnail gets less of it: 4 % more bytes of very few.
const SMALL: u64 = 256 * 256;
const METHOD_SMALL: c_int = 2;

/// Pixels from which lossless packing is done with less effort.
const LARGE: u64 = 6_000_000;

pub(super) fn encode(image: &DynamicImage, encoding: &Encoding) -> Result<Vec<u8>, Problem> {
    if image.width() > MAX_SIDE || image.height() > MAX_SIDE {
        return Err(too_wide("WebP", MAX_SIDE));
    }
    let mut config = WebPConfig::new_with_preset(WebPPreset::WEBP_PRESET_DEFAULT, f32::from(encoding.quality))
        .map_err(|()| failed("libwebp has another version than its header"))?;
    let pixels = u64::from(image.width()) * u64::from(image.height());
    config.method = if pixels <= SMALL { METHOD_SMALL } else { METHOD };
    // Transparency is packed beside the colours, and as it is: its packing predicts by itself, so that a filter before it costs a
    // quarter of the time and spares no byte (docs/decisions/0003-image-codecs.md).
    config.thread_level = 1;
    config.alpha_filtering = 0;
    if encoding.lossless {
        config.lossless = 1;
        config.exact = 1;
        // Without loss this is an effort, not a quality. A large picture gets less of it, which costs about
        // 1 % in size and saves half of the time.
        (config.method, config.quality) = if pixels <= LARGE { (METHOD, 50.0) } else { (1, 20.0) };
    }
    // SAFETY: the configuration is a live value.
    if unsafe { WebPValidateConfig(&config) } == 0 {
        return Err(failed("libwebp refuses its configuration"));
    }

    let (width, height) = (image.width() as c_int, image.height() as c_int);
    let mut picture = Picture::new(width, height, encoding.lossless)?;
    match image {
        DynamicImage::ImageRgb8(pixels) => picture.import(pixels, 3),
        DynamicImage::ImageRgba8(pixels) => picture.import(pixels, 4),
        _ => return Err(failed("a picture of an unexpected kind")),
    }?;
    picture.write(&config)
}

struct Picture(WebPPicture);

impl Picture {
    fn new(width: c_int, height: c_int, lossless: bool) -> Result<Self, Problem> {
        let mut picture = WebPPicture::new().map_err(|()| failed("libwebp has another version than its header"))?;
        picture.width = width;
        picture.height = height;
        picture.use_argb = c_int::from(lossless);
        Ok(Self(picture))
    }

    fn import(&mut self, pixels: &[u8], channels: c_int) -> Result<(), Problem> {
        let stride = self.0.width * channels;
        if pixels.len() != stride as usize * self.0.height as usize {
            return Err(failed("a picture whose buffer does not fit its size"));
        }
        // SAFETY: the picture is initialised; `pixels` holds `height` rows of `stride` bytes, as just checked.
        let done = unsafe {
            match channels {
                4 => WebPPictureImportRGBA(&mut self.0, pixels.as_ptr(), stride),
                _ => WebPPictureImportRGB(&mut self.0, pixels.as_ptr(), stride),
            }
        };
        if done == 0 {
            Err(failed("libwebp has no memory for the picture"))
        } else {
            Ok(())
        }
    }

    fn write(&mut self, config: &WebPConfig) -> Result<Vec<u8>, Problem> {
        let mut writer = Writer::new();
        self.0.writer = Some(WebPMemoryWrite);
        self.0.custom_ptr = std::ptr::from_mut(&mut *writer.0).cast();
        // SAFETY: configuration and picture are valid, and the writer outlives the call.
        let done = unsafe { WebPEncode(config, &mut self.0) };
        self.0.custom_ptr = std::ptr::null_mut();
        if done == 0 {
            return Err(failed(format!("libwebp failed: {:?}", self.0.error_code)));
        }
        Ok(writer.bytes().to_vec())
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the picture was initialised by `WebPPicture::new` and is not used again.
        unsafe { WebPPictureFree(&mut self.0) };
    }
}

/// Boxed, because libwebp keeps its address.
struct Writer(Box<WebPMemoryWriter>);

impl Writer {
    fn new() -> Self {
        let mut writer = Box::new(WebPMemoryWriter {
            mem: std::ptr::null_mut(),
            size: 0,
            max_size: 0,
            pad: [0],
        });
        // SAFETY: the writer is a live value.
        unsafe { WebPMemoryWriterInit(&mut *writer) };
        Self(writer)
    }

    fn bytes(&self) -> &[u8] {
        if self.0.mem.is_null() {
            return &[];
        }
        // SAFETY: libwebp has written `size` bytes at `mem`, which live until the writer is cleared.
        unsafe { std::slice::from_raw_parts(self.0.mem, self.0.size) }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: the writer was initialised and is not used again.
        unsafe { WebPMemoryWriterClear(&mut *self.0) };
    }
}
