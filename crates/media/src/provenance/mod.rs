//! Where a picture came from, in the file itself: an XMP packet, and content credentials (C2PA 2.2) signed with a certificate.

#[cfg(feature = "c2pa")]
mod credentials;
mod xmp;

use aquatint_domain::{MediaType, Provenance};

#[cfg(feature = "c2pa")]
pub use credentials::{Credentials, Ingredient};
pub use xmp::{with_xmp, xmp_of};

/// IPTC's addresses of digital source types begin so.
pub const SOURCE_TYPES: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/";
/// The longest words of a file that are passed on.
const WORD_CHARS: usize = 120;

/// What is to be said of a file.
#[derive(Clone, Debug)]
pub struct Claim {
    pub title: String,
    /// The program, such as `Aquatint`, and its version.
    pub tool: String,
    pub version: String,
    /// The last part of one of [`SOURCE_TYPES`], such as `algorithmicMedia`.
    pub source_type: Option<&'static str>,
    /// An action of the C2PA specification, such as `c2pa.cropped`.
    pub action: &'static str,
    /// What did it: an engine or a model.
    pub agent: String,
    /// RFC 3339.
    pub when: String,
}

/// The packet that says a claim, for [`with_xmp`].
pub fn packet(claim: &Claim) -> String {
    let source = claim.source_type.map_or_else(String::new, |kind| {
        format!(" Iptc4xmpExt:DigitalSourceType=\"{SOURCE_TYPES}{kind}\"")
    });
    let system = match claim.source_type {
        Some("trainedAlgorithmicMedia" | "compositeWithTrainedAlgorithmicMedia") => {
            format!(" Iptc4xmpExt:AISystemUsed=\"{}\"", escaped(&claim.agent))
        }
        _ => String::new(),
    };
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" \
         xmp:CreatorTool=\"{} {}\" xmp:CreateDate=\"{}\"{source}{system}/>\
         </rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>",
        escaped(&claim.tool),
        escaped(&claim.version),
        escaped(&claim.when),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// What a file says of itself. `anchors` are certificates, PEM, of signers who are trusted. It looks at untrusted bytes: it
/// belongs into a work child. Nothing is fetched from anywhere.
pub fn provenance_of(bytes: &[u8], media_type: MediaType, anchors: Option<&str>) -> Provenance {
    let packet = xmp_of(bytes, media_type).unwrap_or_default();
    #[cfg_attr(not(feature = "c2pa"), allow(unused_mut))]
    let mut found = Provenance {
        digital_source_type: packet.split_once(SOURCE_TYPES).map(|(_, rest)| {
            rest.chars()
                .take_while(char::is_ascii_alphanumeric)
                .take(WORD_CHARS)
                .collect()
        }),
        creator_tool: value_of(&packet, "CreatorTool"),
        content_credentials: None,
    };
    #[cfg(feature = "c2pa")]
    credentials::read(bytes, media_type, anchors, &mut found);
    #[cfg(not(feature = "c2pa"))]
    let _ = anchors;
    found
}

/// A simple property of the packet, written as an attribute or as an element.
fn value_of(packet: &str, name: &str) -> Option<String> {
    let (_, rest) = packet.split_once(&format!(":{name}"))?;
    let rest = rest.trim_start();
    let value = if let Some(rest) = rest.strip_prefix('=') {
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest[1..].split(quote).next()?
    } else {
        rest.strip_prefix('>')?.split('<').next()?
    };
    let plain = value
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&");
    let word = aquatint_domain::text::one_line(&plain, WORD_CHARS);
    (!word.is_empty()).then_some(word)
}
