//! Animated WebP: whole frames, one after the other, in the container of
//! <https://developers.google.com/speed/webp/docs/riff_container>.

use aquatint_domain::{MediaType, Problem};

use super::{Encoding, encode, too_wide};
use crate::picture::Picture;

/// The most that 24 bits hold, for sides and milliseconds.
const MAX: u32 = (1 << 24) - 1;
/// The RIFF header of a file of one picture.
const RIFF: usize = 12;
const HAS_ALPHA: u8 = 0x10;
const IS_ANIMATED: u8 = 0x02;
/// A frame replaces what was there, and stays until the next.
const NO_BLENDING: u8 = 0x02;

/// An animation that grows by frames of one size, and repeats for ever.
pub struct WebpAnimation {
    width: u32,
    height: u32,
    quality: u8,
    has_alpha: bool,
    frames: Vec<u8>,
}

impl WebpAnimation {
    /// An animation without frames; `quality` is from 1 to 100.
    pub fn new(width: u32, height: u32, quality: u8) -> Result<Self, Problem> {
        if width == 0 || height == 0 || width > MAX || height > MAX {
            return Err(too_wide("WebP", MAX));
        }
        Ok(Self {
            width,
            height,
            quality,
            has_alpha: false,
            frames: Vec::new(),
        })
    }

    /// Adds a frame that is seen for so many milliseconds.
    pub fn push(&mut self, frame: &Picture, milliseconds: u32) -> Result<(), Problem> {
        if (frame.width(), frame.height()) != (self.width, self.height) {
            return Err(Problem::internal("a frame of another size than its animation"));
        }
        let still = encode(frame, &Encoding::of(MediaType::WebP).quality(self.quality))?;
        let mut body = Vec::with_capacity(still.len() + 16);
        for number in [0, 0, self.width - 1, self.height - 1, milliseconds.min(MAX)] {
            body.extend(&number.to_le_bytes()[..3]);
        }
        body.push(NO_BLENDING);
        let mut rest = still.get(RIFF..).unwrap_or_default();
        while let [a, b, c, d, l0, l1, l2, l3, after @ ..] = rest {
            let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
            let padded = (length + length % 2).min(after.len());
            // The frame's own header says what the animation's says already.
            if [*a, *b, *c, *d] != *b"VP8X" {
                body.extend(&rest[..8 + padded]);
            }
            rest = &after[padded..];
        }
        self.has_alpha |= frame.has_alpha();
        chunk(&mut self.frames, b"ANMF", &body);
        Ok(())
    }

    /// Bytes of the frames so far.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        let mut body = b"WEBP".to_vec();
        let flags = IS_ANIMATED | if self.has_alpha { HAS_ALPHA } else { 0 };
        let mut canvas = vec![flags, 0, 0, 0];
        for side in [self.width - 1, self.height - 1] {
            canvas.extend(&side.to_le_bytes()[..3]);
        }
        chunk(&mut body, b"VP8X", &canvas);
        // Transparent where nothing is, and no end to the repetitions.
        chunk(&mut body, b"ANIM", &[0, 0, 0, 0, 0, 0]);
        body.extend(self.frames);
        let mut file = Vec::with_capacity(body.len() + 8);
        chunk(&mut file, b"RIFF", &body);
        file
    }
}

fn chunk(to: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    to.extend(name);
    to.extend((body.len() as u32).to_le_bytes());
    to.extend(body);
    if body.len() % 2 == 1 {
        to.push(0);
    }
}
