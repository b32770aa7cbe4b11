//! Where results came from, said in the files: XMP, and content credentials signed with the operator's certificate or one of
//! our own. And what files say that come from elsewhere.

use std::path::Path;
use std::sync::Arc;

use aquatint_domain::{Asset, AssetSource, CredentialState, MediaType, Problem, Provenance, Recipe, WorkspaceId};
use aquatint_media::provenance::Claim;
use bytes::Bytes;

use crate::settings::ProvenanceSettings;
use crate::studio::Studio;

const TOOL: &str = "Aquatint";
/// Inputs whose own manifests go along into that of a result, and the longest file that is read for it.
const FILES_MAX: usize = 8;
const FILE_MAX_BYTES: u64 = 128 * 1024 * 1024;

/// Signs what is made, where the operator wants it.
pub(crate) struct Notary {
    signing: Option<Arc<Signing>>,
    /// Certificates, PEM, of signers who are trusted.
    anchors: Option<String>,
}

#[cfg(feature = "c2pa")]
type Signing = aquatint_media::provenance::Credentials;
/// Without the feature nothing can be signed.
#[cfg(not(feature = "c2pa"))]
enum Signing {}

impl Notary {
    /// Reads or makes the certificate, and tries it out.
    pub fn open(settings: &ProvenanceSettings, data: &Path) -> Result<Self, Problem> {
        let mut anchors = match &settings.trust {
            Some(path) => read(path, "provenance.trust")?,
            None => String::new(),
        };
        let signing = if settings.sign {
            Some(Arc::new(own::open(settings, data, &mut anchors)?))
        } else {
            None
        };
        Ok(Self {
            signing,
            anchors: (!anchors.is_empty()).then_some(anchors),
        })
    }

    fn kept_as(&self) -> String {
        let anchors = blake3::hash(self.anchors.as_deref().unwrap_or_default().as_bytes());
        format!("provenance-{}.json", &anchors.to_hex()[..16])
    }

    /// The file with what is to be said of it. Where that cannot be done the file stays as it is, and the second part says so.
    pub async fn seal(
        &self,
        studio: &Studio,
        workspace: &WorkspaceId,
        bytes: Vec<u8>,
        media_type: MediaType,
        title: &str,
        recipe: &Recipe,
    ) -> (Bytes, Option<String>) {
        let Some(signing) = self.signing.clone() else {
            return (bytes.into(), None);
        };
        let claim = claim(title, recipe, studio.now().to_string());
        let mut parents = Vec::new();
        for id in &recipe.parents {
            // A parent that was deleted meanwhile is not named.
            if let Ok(Some(parent)) = studio.store().assets().get(workspace, id).await {
                let file = match parents.len() < FILES_MAX {
                    true => studio.credentialed_file(&parent).await,
                    false => None,
                };
                parents.push((parent, file));
            }
        }
        let bytes = Bytes::from(bytes);
        let own = bytes.clone();
        let sealed = tokio::task::spawn_blocking(move || own::seal(&signing, &own, media_type, &claim, &parents)).await;
        match sealed.map_err(Problem::internal).flatten() {
            Ok(sealed) => (sealed.into(), None),
            Err(problem) => {
                tracing::error!(?problem, "a result could not be signed");
                (
                    bytes,
                    Some("It carries no content credentials: signing it failed.".to_owned()),
                )
            }
        }
    }
}

/// What is said of a result, by how it was made.
fn claim(title: &str, recipe: &Recipe, when: String) -> Claim {
    let agent = recipe.model.clone().unwrap_or_else(|| recipe.operation.clone());
    let (action, source_type) = deed(&recipe.operation, &agent);
    Claim {
        title: title.to_owned(),
        tool: TOOL.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        source_type,
        action,
        agent,
        when,
    }
}

/// The C2PA action of an operation, and IPTC's digital source type of its result.
fn deed(operation: &str, agent: &str) -> (&'static str, Option<&'static str>) {
    let enhanced = Some("algorithmicallyEnhanced");
    // An installed model makes up what it fills in or enlarges; what is built in takes it from the picture.
    let invented = Some("compositeWithTrainedAlgorithmicMedia");
    let engine = agent.split('@').next().unwrap_or_default();
    let is_learned = aquatint_engines::find(engine).is_none();
    let invents = is_learned
        && ["inpaint.", "upscale.", "generate."]
            .iter()
            .any(|task| engine.starts_with(task));
    match operation {
        // The procedural previews follow rules; every other model has learned.
        "generate.media" if agent.contains("/aquatint/") => ("c2pa.created", Some("algorithmicMedia")),
        "generate.media" => ("c2pa.created", Some("trainedAlgorithmicMedia")),
        "edit.crop" => ("c2pa.cropped", None),
        "edit.rotate" => ("c2pa.orientation", None),
        "edit.resize" => ("c2pa.resized", None),
        "edit.convert" => ("c2pa.converted", None),
        "edit.upscale" => ("c2pa.resized", if invents { invented } else { enhanced }),
        "edit.adjust" => ("c2pa.color_adjustments", enhanced),
        "edit.compose" | "edit.replace_background" => ("c2pa.edited", Some("composite")),
        _ if invents => ("c2pa.edited", invented),
        _ => ("c2pa.edited", enhanced),
    }
}

fn read(path: &Path, key: &str) -> Result<String, Problem> {
    std::fs::read_to_string(path)
        .map_err(|error| Problem::invalid(key, format!("{} cannot be read: {error}.", path.display())))
}

impl Studio {
    /// The file of an asset that carries a manifest which holds. A work child went through the same bytes before, behind its
    /// walls, so signing meets nothing in them that it cannot get through.
    async fn credentialed_file(&self, asset: &Asset) -> Option<Bytes> {
        if asset.size_bytes > FILE_MAX_BYTES {
            return None;
        }
        let state = self.provenance_of(asset).await?.content_credentials?.state;
        if state == CredentialState::Invalid {
            return None;
        }
        self.bytes_of(asset).await.ok()
    }

    /// What an asset's file says of itself; nothing where it says nothing. A file that cannot be read does not keep an asset
    /// from being shown.
    pub(crate) async fn provenance_of(&self, asset: &Asset) -> Option<Provenance> {
        if matches!(asset.source, AssetSource::Edit | AssetSource::Generate) && self.provenance().signing.is_none() {
            // Our own encoders write nothing of the kind.
            return None;
        }
        if asset.media_type == MediaType::Svg {
            return None;
        }
        // It is kept beside the renditions; with other trusted signers it is read anew.
        let name = self.provenance().kept_as();
        let kept = self.blobs().get_rendition(&asset.blob, &name).await.ok().flatten();
        let known = kept.and_then(|bytes| serde_json::from_slice::<Provenance>(&bytes).ok());
        let found = match known {
            Some(known) => known,
            None => {
                let bytes = self.bytes_of(asset).await.ok()?;
                let read = self.crew().provenance(bytes, self.provenance().anchors.clone()).await;
                let found = read
                    .inspect_err(|problem| tracing::warn!(?problem, asset = %asset.id, "its provenance cannot be read"))
                    .ok()?;
                let bytes = serde_json::to_vec(&found).ok()?;
                if let Err(problem) = self.blobs().put_rendition(&asset.blob, &name, bytes.into()).await {
                    tracing::warn!(?problem, "what was read of a file could not be kept");
                }
                found
            }
        };
        (!found.is_empty()).then_some(found)
    }
}

#[cfg(feature = "c2pa")]
mod own {
    use aquatint_domain::Code;
    use aquatint_media::provenance::{Credentials, Ingredient, packet, with_xmp};
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    };

    use super::*;

    /// The folder in the data folder for what is made here.
    const FOLDER: &str = "provenance";

    pub(super) fn open(
        settings: &ProvenanceSettings,
        data: &Path,
        anchors: &mut String,
    ) -> Result<Credentials, Problem> {
        let (chain, key) = match (&settings.certificate, &settings.key) {
            (Some(chain), Some(key)) => (read(chain, "provenance.certificate")?, read(key, "provenance.key")?),
            (None, None) => {
                let folder = data.join(FOLDER);
                made_once(&folder)?
            }
            (Some(_), None) => {
                return Err(Problem::invalid(
                    "provenance.key",
                    "`provenance.certificate` is set without its key; set `provenance.key` too.",
                ));
            }
            (None, Some(_)) => {
                return Err(Problem::invalid(
                    "provenance.certificate",
                    "`provenance.key` is set without its certificate; set `provenance.certificate` too.",
                ));
            }
        };
        let credentials = Credentials::new(chain, key).map_err(|problem| problem.at("provenance.certificate"))?;
        // What we signed ourselves is trusted here.
        anchors.push('\n');
        anchors.push_str(credentials.chain());
        Ok(credentials)
    }

    /// The certificate and key of this studio, made at the first need.
    fn made_once(folder: &Path) -> Result<(String, String), Problem> {
        let file = folder.join("own.pem");
        if !file.exists() {
            let unusable = |error: std::io::Error| {
                Problem::new(
                    Code::Unavailable,
                    format!("{} cannot be written: {error}.", folder.display()),
                )
            };
            std::fs::create_dir_all(folder).map_err(unusable)?;
            let (own_chain, own_key) = make().map_err(Problem::internal)?;
            match crate::signer::write_private(&file, &format!("{own_key}{own_chain}")) {
                // Another process that started at the same moment made it first.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                other => other.map_err(unusable)?,
            }
        }
        let text = read(&file, "provenance.certificate")?;
        let place = text.find("-----BEGIN CERTIFICATE").unwrap_or(text.len());
        Ok((text[place..].to_owned(), text[..place].to_owned()))
    }

    /// An authority that signs one certificate and is thrown away, and that certificate, for twenty years.
    fn make() -> Result<(String, String), rcgen::Error> {
        let named = |name: &str| -> Result<CertificateParams, rcgen::Error> {
            let mut params = CertificateParams::new(Vec::new())?;
            params.distinguished_name.push(DnType::CommonName, name);
            params.distinguished_name.push(DnType::OrganizationName, TOOL);
            params.not_before = rcgen::date_time_ymd(2025, 1, 1);
            params.not_after = rcgen::date_time_ymd(2045, 1, 1);
            Ok(params)
        };
        let mut above = named("Aquatint's own authority")?;
        above.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        above.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let above_key = KeyPair::generate()?;
        let above_certificate = above.self_signed(&above_key)?;
        let issuer = Issuer::new(above, above_key);
        let mut own = named("An Aquatint studio")?;
        own.is_ca = IsCa::ExplicitNoCa;
        own.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        own.use_authority_key_identifier_extension = true;
        let own_key = KeyPair::generate()?;
        let own_certificate = own.signed_by(&own_key, &issuer)?;
        Ok((
            format!("{}{}", own_certificate.pem(), above_certificate.pem()),
            own_key.serialize_pem(),
        ))
    }

    pub(super) fn seal(
        credentials: &Credentials,
        bytes: &[u8],
        media_type: MediaType,
        claim: &Claim,
        parents: &[(Asset, Option<Bytes>)],
    ) -> Result<Vec<u8>, Problem> {
        let told = with_xmp(bytes, media_type, &packet(claim));
        let bytes = told.as_deref().unwrap_or(bytes);
        let mut ingredients: Vec<Ingredient> = parents
            .iter()
            .map(|(parent, file)| Ingredient {
                title: parent.title.clone(),
                media_type: parent.media_type,
                id: parent.id.to_string(),
                file: file.clone(),
            })
            .collect();
        credentials
            .sign(bytes, media_type, claim, &ingredients)
            .or_else(|problem| {
                // An input's manifest that cannot be taken along must not keep the result from being signed.
                if ingredients.iter().all(|ingredient| ingredient.file.is_none()) {
                    return Err(problem);
                }
                tracing::warn!(?problem, "the manifests of the inputs are left out");
                for ingredient in &mut ingredients {
                    ingredient.file = None;
                }
                credentials.sign(bytes, media_type, claim, &ingredients)
            })
    }
}

#[cfg(not(feature = "c2pa"))]
mod own {
    use super::*;

    pub(super) fn open(_: &ProvenanceSettings, _: &Path, _: &mut String) -> Result<Signing, Problem> {
        Err(Problem::invalid(
            "provenance.sign",
            "This program was built without content credentials; build it with the feature `c2pa`, or set `provenance.sign` to false.",
        ))
    }

    pub(super) fn seal(
        signing: &Signing,
        _: &[u8],
        _: MediaType,
        _: &Claim,
        _: &[(Asset, Option<Bytes>)],
    ) -> Result<Vec<u8>, Problem> {
        match *signing {}
    }
}

#[cfg(test)]
mod tests {
    use super::deed;

    #[test]
    fn what_a_model_makes_up_is_said_and_what_is_built_in_is_not_called_learned() {
        let source = |operation: &str, agent: &str| deed(operation, agent).1;
        let invented = Some("compositeWithTrainedAlgorithmicMedia");
        assert_eq!(source("edit.upscale", "upscale.realesrgan-x4v3@0123"), invented);
        assert_eq!(
            source("edit.upscale", "upscale.auto@1"),
            Some("algorithmicallyEnhanced")
        );
        assert_eq!(source("edit.expand", "inpaint.lama@0123"), invented);
        assert_eq!(source("edit.erase", "generate.sd-turbo@0123"), invented);
        assert_eq!(source("edit.erase", "inpaint.fill@1"), Some("algorithmicallyEnhanced"));
        assert_eq!(
            source("edit.remove_background", "cutout.u2netp@0123"),
            Some("algorithmicallyEnhanced")
        );
        assert_eq!(
            source("generate.media", "image/aquatint/scene-preview@1"),
            Some("algorithmicMedia")
        );
        assert_eq!(
            source("generate.media", "image/local/sd-turbo@0123"),
            Some("trainedAlgorithmicMedia")
        );
    }
}
