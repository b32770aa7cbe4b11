//! TIFF: the first directory of tags, and how many there are. EXIF blocks use the same structure.

use std::borrow::Cow;

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::exif::TAG_ORIENTATION;
use super::{Header, Orientation, Profile, broken, cut_off};
use crate::limits::Limits;

/// More tags than any real directory has.
const MAX_TAGS: usize = 1_000;

const TAG_WIDTH: u16 = 256;
const TAG_HEIGHT: u16 = 257;
const TAG_BITS: u16 = 258;
const TAG_SAMPLES: u16 = 277;
const TAG_EXTRA_SAMPLES: u16 = 338;
const TAG_PROFILE: u16 = 34675;

/// One directory of tags.
pub(super) struct Ifd<'a> {
    bytes: &'a [u8],
    little: bool,
    /// Where the first entry begins, and how many there are.
    start: usize,
    count: usize,
}

impl<'a> Ifd<'a> {
    /// The first directory of a TIFF file or EXIF block.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let little = match bytes.get(..4)? {
            [b'I', b'I', 42, 0] => true,
            [b'M', b'M', 0, 42] => false,
            _ => return None,
        };
        let head = Self {
            bytes,
            little,
            start: 0,
            count: 0,
        };
        head.at(head.u32_at(4)? as usize)
    }

    fn at(&self, offset: usize) -> Option<Self> {
        let count = usize::from(self.u16_at(offset)?).min(MAX_TAGS);
        Some(Self {
            bytes: self.bytes,
            little: self.little,
            start: offset + 2,
            count,
        })
    }

    /// The directory of the next page.
    fn next(&self) -> Option<Self> {
        match self.u32_at(self.start + self.count * 12)? {
            0 => None,
            offset => self.at(offset as usize),
        }
    }

    /// The first value of a tag that holds whole numbers.
    pub fn number(&self, tag: u16) -> Option<u32> {
        let (kind, count, place) = self.entry(tag)?;
        if count == 0 {
            return None;
        }
        match kind {
            1 => self.bytes.get(self.data(place, count)?).map(|byte| u32::from(*byte)),
            3 => self.u16_at(self.data(place, count.checked_mul(2)?)?).map(u32::from),
            4 => self.u32_at(self.data(place, count.checked_mul(4)?)?),
            _ => None,
        }
    }

    /// The bytes of a tag that holds bytes.
    fn blob(&self, tag: u16) -> Option<&'a [u8]> {
        let (kind, count, place) = self.entry(tag)?;
        if !matches!(kind, 1 | 7) {
            return None;
        }
        let start = self.data(place, count)?;
        self.bytes.get(start..start.checked_add(count)?)
    }

    /// Kind, count and place of the value of a tag.
    fn entry(&self, tag: u16) -> Option<(u16, usize, usize)> {
        let place = (0..self.count)
            .map(|index| self.start + index * 12)
            .find(|at| self.u16_at(*at) == Some(tag))?;
        Some((self.u16_at(place + 2)?, self.u32_at(place + 4)? as usize, place + 8))
    }

    /// Values of up to four bytes stand in the entry itself, longer ones elsewhere.
    fn data(&self, place: usize, length: usize) -> Option<usize> {
        if length <= 4 {
            Some(place)
        } else {
            self.u32_at(place).map(|offset| offset as usize)
        }
    }

    fn u16_at(&self, at: usize) -> Option<u16> {
        let mut cursor = Cursor::at(self.bytes, at);
        if self.little { cursor.le16() } else { cursor.be16() }
    }

    fn u32_at(&self, at: usize) -> Option<u32> {
        let mut cursor = Cursor::at(self.bytes, at);
        if self.little { cursor.le32() } else { cursor.be32() }
    }
}

pub(super) fn header<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Header<'a>, Problem> {
    let ifd = Ifd::first(bytes).ok_or_else(|| cut_off("TIFF"))?;
    let (Some(width), Some(height)) = (ifd.number(TAG_WIDTH), ifd.number(TAG_HEIGHT)) else {
        return Err(broken("TIFF", "its size is missing"));
    };
    let mut header = Header::new(MediaType::Tiff, width, height);
    header.bit_depth = ifd
        .number(TAG_BITS)
        .and_then(|bits| u8::try_from(bits).ok())
        .unwrap_or(1);
    header.has_alpha = matches!(ifd.number(TAG_EXTRA_SAMPLES), Some(1 | 2))
        || (ifd.number(TAG_EXTRA_SAMPLES).is_some() && matches!(ifd.number(TAG_SAMPLES), Some(2 | 4)));
    header.orientation = ifd
        .number(TAG_ORIENTATION)
        .map_or_else(Orientation::default, Orientation::from_exif);
    if let Some(profile) = ifd.blob(TAG_PROFILE) {
        header.profile = Profile::Icc(Cow::Borrowed(profile));
    }
    // Directories may point at one another in a circle; the limit of frames ends that.
    let mut page = ifd.next();
    while let Some(next) = page {
        header.frames += 1;
        if header.frames > limits.max_frames {
            break;
        }
        page = next.next();
    }
    Ok(header)
}
