//! AVIF: the items of a HEIF file, of which a picture and perhaps its alpha plane are wanted.

use std::borrow::Cow;

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::iso::{dig, find, full, parts};
use super::{Header, Orientation, Profile, broken, cut_off, unsupported};

/// Items looked at; a picture with alpha has two.
const MAX_ITEMS: u32 = 1_024;
/// Pieces that one item may be stored in.
const MAX_EXTENTS: u16 = 256;

/// A picture in an AVIF file, ready for an AV1 decoder.
pub(crate) struct Items<'a> {
    pub picture: Cow<'a, [u8]>,
    pub alpha: Option<Cow<'a, [u8]>>,
    /// Whether the colours were multiplied with alpha before they were stored.
    pub premultiplied: bool,
}

/// What the properties of one item say.
#[derive(Default)]
struct Properties<'a> {
    size: Option<(u32, u32)>,
    depth: Option<u8>,
    turns: u8,
    mirror: Option<u8>,
    profile: Profile<'a>,
    is_alpha: bool,
}

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    let meta = meta(bytes)?;
    let primary = primary(meta).ok_or_else(|| cut_off("AVIF"))?;
    let kind = item_kind(meta, primary).ok_or_else(|| broken("AVIF", "its picture is missing"))?;
    if &kind != b"av01" {
        return Err(match &kind {
            b"grid" => unsupported(
                "This AVIF is made of tiles, which are not read here. Save it as PNG, JPEG or WebP and send that.",
            ),
            _ => unsupported("This HEIF file holds no AV1 picture. Save it as JPEG or PNG and send that."),
        });
    }
    let properties = properties(meta, primary);
    let (width, height) = properties.size.ok_or_else(|| broken("AVIF", "its size is missing"))?;
    let mut header = Header::new(MediaType::Avif, width, height);
    header.bit_depth = properties.depth.unwrap_or(8);
    header.orientation = Orientation::from_heif(properties.turns, properties.mirror);
    header.has_alpha = alpha_of(meta, primary).is_some();
    header.profile = properties.profile;
    // An image sequence has a track beside its still picture.
    if let Some(track) = dig(bytes, &[b"moov", b"trak"]) {
        header.frames = super::mp4::samples(track).unwrap_or(1).max(1);
        header.duration_ms = super::mp4::duration_ms(bytes);
    }
    Ok(header)
}

/// The coded data of the picture and its alpha plane.
pub(crate) fn items(bytes: &[u8]) -> Result<Items<'_>, Problem> {
    let meta = meta(bytes)?;
    let primary = primary(meta).ok_or_else(|| cut_off("AVIF"))?;
    let picture = data(bytes, meta, primary).ok_or_else(|| cut_off("AVIF"))?;
    let alpha = match alpha_of(meta, primary) {
        Some(item) => Some(data(bytes, meta, item).ok_or_else(|| cut_off("AVIF"))?),
        None => None,
    };
    let premultiplied = references(meta).any(|(kind, from, _)| &kind == b"prem" && from == primary);
    Ok(Items {
        picture,
        alpha,
        premultiplied,
    })
}

fn meta(bytes: &[u8]) -> Result<&[u8], Problem> {
    find(bytes, b"meta")
        .and_then(full)
        .map(|(_, _, body)| body)
        .ok_or_else(|| cut_off("AVIF"))
}

fn primary(meta: &[u8]) -> Option<u32> {
    let (version, _, body) = full(find(meta, b"pitm")?)?;
    item_id(&mut Cursor::new(body), version > 0)
}

fn item_id(cursor: &mut Cursor<'_>, wide: bool) -> Option<u32> {
    if wide {
        cursor.be32()
    } else {
        cursor.be16().map(u32::from)
    }
}

fn item_kind(meta: &[u8], wanted: u32) -> Option<[u8; 4]> {
    let (version, _, body) = full(find(meta, b"iinf")?)?;
    let mut cursor = Cursor::new(body);
    item_id(&mut cursor, version > 0)?;
    parts(cursor.rest())
        .filter(|part| &part.kind == b"infe")
        .find_map(|part| {
            let (version, _, body) = full(part.body)?;
            let mut cursor = Cursor::new(body);
            let id = item_id(&mut cursor, version >= 3)?;
            cursor.skip(2)?;
            (version >= 2 && id == wanted).then(|| cursor.array()).flatten()
        })
}

/// Kind, from, to.
fn references(meta: &[u8]) -> impl Iterator<Item = ([u8; 4], u32, u32)> {
    let (version, body) = find(meta, b"iref")
        .and_then(full)
        .map_or((0, &[][..]), |(version, _, body)| (version, body));
    parts(body).filter_map(move |part| {
        let mut cursor = Cursor::new(part.body);
        let from = item_id(&mut cursor, version > 0)?;
        cursor.be16()?;
        // Alpha planes and premultiplied pictures have one target each.
        Some((part.kind, from, item_id(&mut cursor, version > 0)?))
    })
}

fn alpha_of(meta: &[u8], picture: u32) -> Option<u32> {
    references(meta)
        .filter(|(kind, _, to)| kind == b"auxl" && *to == picture)
        .map(|(_, from, _)| from)
        .find(|item| properties(meta, *item).is_alpha)
}

fn properties(meta: &[u8], item: u32) -> Properties<'_> {
    let mut found = Properties::default();
    let Some(store) = find(meta, b"iprp").and_then(|iprp| find(iprp, b"ipco")) else {
        return found;
    };
    let all: Vec<_> = parts(store).collect();
    for index in associations(meta, item).unwrap_or_default() {
        let Some(part) = usize::from(index).checked_sub(1).and_then(|index| all.get(index)) else {
            continue;
        };
        let body = part.body;
        match &part.kind {
            b"ispe" => {
                let mut cursor = Cursor::at(body, 4);
                found.size = cursor.be32().zip(cursor.be32());
            }
            b"pixi" => found.depth = body.get(5).copied(),
            b"irot" => found.turns = body.first().copied().unwrap_or(0),
            b"imir" => found.mirror = body.first().map(|byte| byte & 1),
            b"auxC" => {
                let name = body.get(4..).unwrap_or_default();
                found.is_alpha = name.starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
                    || name.starts_with(b"urn:mpeg:hevc:2015:auxid:1");
            }
            b"colr" => match body {
                [b'p', b'r', b'o', b'f', icc @ ..] | [b'r', b'I', b'C', b'C', icc @ ..] => {
                    found.profile = Profile::Icc(Cow::Borrowed(icc));
                }
                [b'n', b'c', b'l', b'x', _, primaries, _, transfer, _, matrix, range, ..]
                    if !matches!(found.profile, Profile::Icc(_)) =>
                {
                    found.profile = Profile::Cicp([*primaries, *transfer, *matrix, range >> 7]);
                }
                _ => {}
            },
            _ => {}
        }
    }
    found
}

/// Which properties belong to an item, by their place in the store, counted from one.
fn associations(meta: &[u8], wanted: u32) -> Option<Vec<u16>> {
    let (version, flags, body) = full(dig(meta, &[b"iprp", b"ipma"])?)?;
    let mut cursor = Cursor::new(body);
    let count = cursor.be32()?.min(MAX_ITEMS);
    for _ in 0..count {
        let id = item_id(&mut cursor, version > 0)?;
        let links = cursor.u8()?;
        let mut indices = Vec::with_capacity(usize::from(links));
        for _ in 0..links {
            indices.push(if flags & 1 != 0 {
                cursor.be16()? & 0x7fff
            } else {
                u16::from(cursor.u8()? & 0x7f)
            });
        }
        if id == wanted {
            return Some(indices);
        }
    }
    None
}

/// The bytes of an item, which may lie in pieces.
fn data<'a>(bytes: &'a [u8], meta: &'a [u8], wanted: u32) -> Option<Cow<'a, [u8]>> {
    let (version, _, body) = full(find(meta, b"iloc")?)?;
    let mut cursor = Cursor::new(body);
    let sizes = cursor.be16()?;
    let [offset_size, length_size, base_size, index_size] = [
        sizes >> 12,
        (sizes >> 8) & 15,
        (sizes >> 4) & 15,
        if version > 0 { sizes & 15 } else { 0 },
    ];
    let count = item_id(&mut cursor, version >= 2)?.min(MAX_ITEMS);
    for _ in 0..count {
        let id = item_id(&mut cursor, version >= 2)?;
        let method = if version > 0 { cursor.be16()? & 15 } else { 0 };
        cursor.be16()?;
        let base = sized(&mut cursor, base_size)?;
        let extents = cursor.be16()?;
        if extents > MAX_EXTENTS {
            return None;
        }
        // Method 1 counts from the start of the `idat` box, method 0 from the start of the file.
        let source = match method {
            0 => bytes,
            1 => find(meta, b"idat")?,
            _ => return None,
        };
        let mut pieces = Vec::with_capacity(usize::from(extents));
        for _ in 0..extents {
            sized(&mut cursor, index_size)?;
            let offset = usize::try_from(base.checked_add(sized(&mut cursor, offset_size)?)?).ok()?;
            let length = usize::try_from(sized(&mut cursor, length_size)?).ok()?;
            if id == wanted {
                let end = if length == 0 {
                    source.len()
                } else {
                    offset.checked_add(length)?
                };
                pieces.push(source.get(offset..end)?);
            }
        }
        if id == wanted {
            return match pieces.as_slice() {
                [] => None,
                [only] => Some(Cow::Borrowed(only)),
                // Pieces may overlap, but together they cannot be longer than the file is long.
                many if many.iter().map(|piece| piece.len()).sum::<usize>() <= bytes.len() => {
                    Some(Cow::Owned(many.concat()))
                }
                _ => None,
            };
        }
    }
    None
}

fn sized(cursor: &mut Cursor<'_>, size: u16) -> Option<u64> {
    match size {
        0 => Some(0),
        4 => cursor.be32().map(u64::from),
        8 => cursor.be64(),
        _ => None,
    }
}
