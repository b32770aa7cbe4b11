//! Content credentials by the `c2pa` crate, the reference implementation.

use std::io::Cursor;

use aquatint_domain::{Code, ContentCredentials, CredentialState, MediaType, Problem, Provenance, text};
use bytes::Bytes;
use c2pa::{BoxedSigner, Builder, Context, Manifest, Reader, Settings, SigningAlg, ValidationState, create_signer};
use serde_json::{Value, json};

use super::{Claim, SOURCE_TYPES, WORD_CHARS};

/// Actions, ingredients and problems that are passed on at most.
const ENTRIES_MAX: usize = 20;
/// The ways of signing that certificates are made for, tried in turn.
const ALGORITHMS: [SigningAlg; 7] = [
    SigningAlg::Es256,
    SigningAlg::Es384,
    SigningAlg::Es512,
    SigningAlg::Ed25519,
    SigningAlg::Ps256,
    SigningAlg::Ps384,
    SigningAlg::Ps512,
];

/// A certificate with its private key.
pub struct Credentials {
    /// The signer's certificate first, those above it after.
    chain: String,
    key: String,
    algorithm: SigningAlg,
}

/// What a picture was made from.
#[derive(Clone, Debug)]
pub struct Ingredient {
    pub title: String,
    pub media_type: MediaType,
    pub id: String,
    /// The file, where it carries a manifest of its own that goes along.
    pub file: Option<Bytes>,
}

impl Credentials {
    /// From PEM: the certificates, the signer's first, and its private key in PKCS#8.
    pub fn new(chain: String, key: String) -> Result<Self, Problem> {
        let tiny = crate::encode(
            &crate::Picture::new(image::DynamicImage::new_rgb8(1, 1)),
            &crate::Encoding::of(MediaType::Png),
        )?;
        let claim = Claim {
            title: "a trial".into(),
            tool: "Aquatint".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            source_type: Some("algorithmicMedia"),
            action: "c2pa.created",
            agent: "a trial".into(),
            when: String::new(),
        };
        let mut last = String::new();
        for algorithm in ALGORITHMS {
            let own = Self {
                chain: chain.clone(),
                key: key.clone(),
                algorithm,
            };
            // What was signed must read back as intact; a key of another certificate would not.
            match own.sign(&tiny, MediaType::Png, &claim, &[]) {
                Ok(signed) => {
                    let mut found = Provenance::default();
                    read(&signed, MediaType::Png, Some(&own.chain), &mut found);
                    match found.content_credentials {
                        Some(credentials) if credentials.state != CredentialState::Invalid => return Ok(own),
                        Some(credentials) => last = credentials.problems.join(", "),
                        None => last = "nothing could be read back".into(),
                    }
                }
                Err(problem) => {
                    // An algorithm that the key is not of says less than a flaw found while reading back.
                    if last.is_empty() {
                        last = problem.source.map(|cause| cause.to_string()).unwrap_or_default();
                    }
                }
            }
        }
        Err(Problem::new(
            Code::InvalidArgument,
            format!("This certificate and key cannot sign pictures: {}.", text::one_line(&last, 300)),
        )
        .hint("C2PA wants a certificate chain in PEM, the signer's own certificate first, for e-mail protection or document signing, and its private key in PKCS#8 PEM (EC P-256, P-384, P-521, Ed25519 or RSA)."))
    }

    fn signer(&self) -> c2pa::Result<BoxedSigner> {
        create_signer::from_keys(self.chain.as_bytes(), self.key.as_bytes(), self.algorithm, None)
    }

    /// The certificates, PEM.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// The file with a signed manifest in it. Formats: PNG, JPEG, WebP, AVIF, GIF, TIFF and MP4.
    pub fn sign(
        &self,
        bytes: &[u8],
        media_type: MediaType,
        claim: &Claim,
        ingredients: &[Ingredient],
    ) -> Result<Vec<u8>, Problem> {
        self.signed(bytes, media_type, claim, ingredients).map_err(|error| {
            Problem::new(Code::Internal, "The picture could not be given content credentials.").caused_by(error)
        })
    }

    fn signed(
        &self,
        bytes: &[u8],
        media_type: MediaType,
        claim: &Claim,
        ingredients: &[Ingredient],
    ) -> c2pa::Result<Vec<u8>> {
        let context = Context::new().with_settings(settings(None)?)?;
        let mut builder = Builder::from_context(context).with_definition(definition(claim, media_type, ingredients))?;
        for (place, ingredient) in ingredients.iter().enumerate() {
            if let Some(file) = &ingredient.file {
                builder.add_ingredient_from_stream(
                    named(place, ingredient).to_string(),
                    ingredient.media_type.as_str(),
                    &mut Cursor::new(file),
                )?;
            }
        }
        let mut made = Cursor::new(Vec::new());
        builder.sign(
            self.signer()?.as_ref(),
            media_type.as_str(),
            &mut Cursor::new(bytes),
            &mut made,
        )?;
        Ok(made.into_inner())
    }
}

fn definition(claim: &Claim, media_type: MediaType, ingredients: &[Ingredient]) -> Value {
    let labels: Vec<String> = (0..ingredients.len()).map(label).collect();
    let mut action = json!({
        "action": claim.action,
        "softwareAgent": { "name": claim.agent },
    });
    if let Some(kind) = claim.source_type {
        action["digitalSourceType"] = json!(format!("{SOURCE_TYPES}{kind}"));
    }
    if !claim.when.is_empty() {
        action["when"] = json!(claim.when);
    }
    let mut actions = Vec::new();
    if let Some(first) = labels.first() {
        // An edit begins with opening what is edited; other pictures are placed into it.
        actions.push(json!({ "action": "c2pa.opened", "parameters": { "ingredientIds": [first] } }));
        for other in &labels[1..] {
            actions.push(json!({ "action": "c2pa.placed", "parameters": { "ingredientIds": [other] } }));
        }
    }
    actions.push(action);
    json!({
        "title": claim.title,
        "format": media_type.as_str(),
        "claim_generator_info": [{ "name": claim.tool, "version": claim.version }],
        "ingredients": ingredients
            .iter()
            .enumerate()
            .filter(|(_, ingredient)| ingredient.file.is_none())
            .map(|(place, ingredient)| named(place, ingredient))
            .collect::<Vec<_>>(),
        "assertions": [{ "label": "c2pa.actions", "data": { "actions": actions } }],
    })
}

fn label(place: usize) -> String {
    format!("input-{}", place + 1)
}

/// The first is what was edited; the others are parts of it.
fn named(place: usize, ingredient: &Ingredient) -> Value {
    json!({
        "title": ingredient.title,
        "format": ingredient.media_type.as_str(),
        "instance_id": ingredient.id,
        "relationship": if place == 0 { "parentOf" } else { "componentOf" },
        "label": label(place),
    })
}

/// Nothing is asked of other servers: neither manifests, nor revocations, nor times.
fn settings(anchors: Option<&str>) -> c2pa::Result<Settings> {
    let settings = Settings::new()
        .with_value("verify.remote_manifest_fetch", false)?
        .with_value("verify.ocsp_fetch", false)?
        .with_value("builder.thumbnail.enabled", false)?;
    match anchors {
        Some(anchors) => settings.with_value("trust.user_anchors", anchors.to_owned()),
        None => Ok(settings),
    }
}

/// The file's content credentials, where it has some.
pub(super) fn read(bytes: &[u8], media_type: MediaType, anchors: Option<&str>, found: &mut Provenance) {
    let reader = settings(anchors)
        .and_then(|settings| Context::new().with_settings(settings))
        .and_then(|context| Reader::from_context(context).with_stream(media_type.as_str(), Cursor::new(bytes)));
    let reader = match reader {
        Ok(reader) => reader,
        Err(c2pa::Error::JumbfNotFound | c2pa::Error::UnsupportedType) => return,
        Err(error) => {
            found.content_credentials = Some(broken(&error.to_string()));
            return;
        }
    };
    let Some(manifest) = reader.active_manifest() else {
        return;
    };
    let word = |text: &str| text::one_line(text, WORD_CHARS);
    let mut actions = Vec::new();
    for assertion in manifest.assertions() {
        if !assertion.label().starts_with("c2pa.actions") {
            continue;
        }
        let listed = assertion.value().ok().and_then(|value| value["actions"].as_array());
        for action in listed.into_iter().flatten().take(ENTRIES_MAX) {
            actions.extend(action["action"].as_str().map(word));
            if let Some((_, kind)) = action["digitalSourceType"]
                .as_str()
                .and_then(|kind| kind.rsplit_once('/'))
            {
                // What is signed counts more than what anybody can write.
                found.digital_source_type = Some(word(kind));
            }
        }
    }
    let signer = |manifest: &Manifest| {
        let info = manifest.signature_info()?;
        let names = [info.common_name.as_deref(), info.issuer.as_deref()];
        let names: Vec<_> = names.into_iter().flatten().map(word).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    found.content_credentials = Some(ContentCredentials {
        state: match reader.validation_state() {
            ValidationState::Trusted => CredentialState::Trusted,
            ValidationState::Valid => CredentialState::Valid,
            ValidationState::Invalid => CredentialState::Invalid,
        },
        signed_by: signer(manifest),
        made_with: manifest
            .claim_generator()
            .map(word)
            .filter(|name| !name.is_empty())
            .or_else(|| {
                let info = manifest.claim_generator_info.as_ref()?.first()?;
                Some(word(&format!(
                    "{} {}",
                    info.name,
                    info.version.as_deref().unwrap_or_default()
                )))
            }),
        actions,
        ingredients: manifest
            .ingredients()
            .iter()
            .take(ENTRIES_MAX)
            .filter_map(|ingredient| {
                let title = word(ingredient.title()?);
                let own = ingredient
                    .active_manifest()
                    .and_then(|label| reader.get_manifest(label));
                Some(match own.and_then(signer) {
                    Some(names) => format!("{title} (signed by {names})"),
                    None => title,
                })
            })
            .collect(),
        problems: reader
            .validation_status()
            .unwrap_or_default()
            .iter()
            .take(ENTRIES_MAX)
            .map(|status| word(status.code()))
            .collect(),
    });
}

fn broken(cause: &str) -> ContentCredentials {
    ContentCredentials {
        state: CredentialState::Invalid,
        signed_by: None,
        made_with: None,
        actions: Vec::new(),
        ingredients: Vec::new(),
        problems: vec![text::one_line(cause, WORD_CHARS)],
    }
}
