//! Everything that an upload needs to know and to show, from one decode.

use aquatint_domain::{Code, MediaKind, MediaType, Problem};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::colors::dominant_colors;
use crate::decode::decode_with;
use crate::encode::{Encoding, encode};
use crate::limits::Limits;
use crate::picture::Picture;
use crate::probe::{Probe, read};
use crate::resize::{fit_within, resize};
use crate::thumb::thumb_hash;

/// What is known of a file, and small versions of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    pub probe: Probe,
    pub thumb_hash: String,
    /// `#rrggbb`, most frequent first.
    pub colors: Vec<String>,
    pub notes: Vec<String>,
    pub renditions: Vec<Rendition>,
    /// A short moving preview of a film, as an animated WebP; empty where there is none. Not part of the JSON, as above.
    #[serde(skip)]
    pub motion: Vec<u8>,
}

impl Inspection {
    /// What is measured, but has no picture.
    pub fn bare(probe: Probe) -> Self {
        Self {
            probe,
            thumb_hash: String::new(),
            colors: Vec::new(),
            notes: Vec::new(),
            renditions: Vec::new(),
            motion: Vec::new(),
        }
    }
}

/// One smaller version, as WebP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rendition {
    /// The long side that was asked for; a smaller picture keeps its own size.
    pub size: u32,
    pub width: u32,
    pub height: u32,
    /// Not part of the JSON: the sandbox sends bytes as blobs.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Colours that an inspection lists.
const COLORS: usize = 5;
/// The long side from which ThumbHash and colours are made when no rendition is asked for.
const SMALL: u32 = 256;

/// Probes, decodes once (a JPEG at reduced scale), and makes ThumbHash, colours and a rendition for each
/// long side in `sizes`.
pub fn inspect(bytes: &[u8], limits: &Limits, sizes: &[u32]) -> Result<Inspection, Problem> {
    let header = read(bytes, limits)?;
    let largest = sizes.iter().copied().max().unwrap_or(SMALL).max(SMALL);
    // A quarter more than needed: scaling down from nearly the same size would soften the picture.
    let picture = match decode_with(&header, bytes, limits, Some(largest.saturating_add(largest / 4))) {
        // A video in another codec than our own is measured, like sound and models; there is no frame of it here.
        Err(problem) if header.media_type.kind() != MediaKind::Image && problem.code == Code::UnsupportedMedia => {
            return Ok(Inspection::bare(header.probe()));
        }
        picture => picture?,
    };
    let looks = Looks::of(&picture, sizes)?.with(header.probe());
    Ok(Inspection {
        notes: picture.notes,
        ..looks
    })
}

/// What a picture looks like in small, without what is known of its file.
#[derive(Clone, Debug)]
pub struct Looks {
    thumb_hash: String,
    colors: Vec<String>,
    renditions: Vec<Rendition>,
}

impl Looks {
    /// ThumbHash, colours and a rendition for each long side in `sizes`.
    pub fn of(picture: &Picture, sizes: &[u32]) -> Result<Self, Problem> {
        // From large to small, each from the one before, so that the large picture is read once.
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(sizes[*index]));
        let mut made: Vec<(usize, Picture)> = Vec::with_capacity(sizes.len());
        for index in order {
            let (width, height) = fit_within(picture.width(), picture.height(), sizes[index].max(1));
            // What is smaller than the hash and the colours want would spoil them, and what is made of it.
            let larger = made.iter().rev().find(|(index, _)| sizes[*index] >= SMALL);
            let smaller = resize(larger.map_or(picture, |(_, larger)| larger), width, height)?;
            made.push((index, smaller));
        }
        let small = made.iter().rev().find(|(index, _)| sizes[*index] >= SMALL);
        let small = small.map_or(picture, |(_, small)| small);
        let (renditions, (thumb_hash, colors)) = rayon::join(
            || -> Result<Vec<(usize, Rendition)>, Problem> {
                let each = made.par_iter().map(|(index, made)| {
                    let bytes = encode(made, &Encoding::of(MediaType::WebP))?;
                    let (size, width, height) = (sizes[*index], made.width(), made.height());
                    Ok((
                        *index,
                        Rendition {
                            size,
                            width,
                            height,
                            bytes,
                        },
                    ))
                });
                each.collect()
            },
            || (thumb_hash(small), dominant_colors(small, COLORS)),
        );
        let mut renditions = renditions?;
        renditions.sort_by_key(|(index, _)| *index);
        Ok(Self {
            thumb_hash,
            colors,
            renditions: renditions.into_iter().map(|(_, rendition)| rendition).collect(),
        })
    }

    /// Together with what is known of the file.
    pub fn with(self, probe: Probe) -> Inspection {
        Inspection {
            thumb_hash: self.thumb_hash,
            colors: self.colors,
            renditions: self.renditions,
            ..Inspection::bare(probe)
        }
    }
}
