//! Share links: how a link is made, and the one door through which every visitor comes, whatever they ask for.
//! The secret in a link is derived from the share's id, so that it can be shown again and is stored
//! only as its hash.

use aquatint_domain::{Asset, AssetId, Code, MediaKind, Problem, ShareId, WorkspaceId};
use aquatint_store::{Page, Share};

use crate::library::Served;
use crate::people::{Throttle, passwords};
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

/// Assets in one archive.
const ARCHIVE_MAX: usize = 1_000;
/// How a visitor asks for the file itself.
pub const DOWNLOAD: &str = "download";

/// What stands behind a link.
pub enum ShareDoor {
    /// Come in.
    Open(Box<Visit>),
    /// A password is asked for first. The title is not told.
    Locked,
}

/// A visitor inside a share.
pub struct Visit {
    pub share: Share,
}

impl Visit {
    fn check_download(&self) -> Result<(), Problem> {
        if self.share.allow_downloads {
            return Ok(());
        }
        Err(Problem::new(
            Code::Forbidden,
            "Downloads are not allowed behind this link.",
        ))
    }
}

impl Studio {
    pub(crate) fn share_secret(&self, id: &ShareId) -> Token {
        Token::from_bytes(
            TokenKind::Share,
            &self.signer().derived("share", id.as_str().as_bytes()),
        )
    }

    /// The link of a share, as long as the secret that made it is among the server's.
    pub(crate) fn share_url(&self, share: &Share) -> Option<String> {
        let secrets = self.signer().all_derived("share", share.id.as_str().as_bytes());
        let token = secrets
            .iter()
            .map(|bytes| Token::from_bytes(TokenKind::Share, bytes))
            .find(|token| hex(&token.hash()) == share.hash)?;
        Some(format!("{}/s/{}", self.public_url(), token.reveal()))
    }

    /// The only way into a share: the link must live, and the password must have been given. `key` is what
    /// [`Studio::unlock_share`] gave.
    pub async fn visit_share(&self, secret: &str, key: Option<&str>) -> Result<ShareDoor, Problem> {
        let gone = || {
            Problem::new(Code::NotFound, "This link leads nowhere.")
                .hint("It may have been withdrawn, or be past its time. Ask the person who sent it.")
        };
        let hash = recognise(TokenKind::Share, secret).map_err(|_| gone())?;
        let share = self.store().shares().by_hash(&hash).await?.ok_or_else(gone)?;
        let is_over = share.expires_at.is_some_and(|expires_at| expires_at <= self.now());
        if share.revoked_at.is_some() || is_over {
            return Err(gone());
        }
        let is_unlocked = match &share.password_hash {
            None => true,
            Some(hash) => key.is_some_and(|key| key == self.share_key(&share.id, hash)),
        };
        Ok(if is_unlocked {
            ShareDoor::Open(Box::new(Visit { share }))
        } else {
            ShareDoor::Locked
        })
    }

    /// Takes the password of a share; gives the key that a browser keeps. It ends with the password.
    pub async fn unlock_share(&self, secret: &str, password: &str, address: &str) -> Result<String, Problem> {
        let hash = recognise(TokenKind::Share, secret)?;
        let share = self.store().shares().by_hash(&hash).await?;
        let Some(share) = share else {
            return Err(Problem::new(Code::NotFound, "This link leads nowhere."));
        };
        let Some(wanted) = &share.password_hash else {
            return Ok(String::new());
        };
        let limits = Throttle::on_account(&format!("share {}", share.id), address);
        self.throttle().check(&limits, self.now())?;
        if !passwords::verify(password, Some(wanted)).await? {
            self.throttle().count(&limits, self.now());
            return Err(Problem::invalid("password", "That is not the password."));
        }
        Ok(self.share_key(&share.id, wanted))
    }

    fn share_key(&self, id: &ShareId, password_hash: &str) -> String {
        hex(&self
            .signer()
            .derived("share key", format!("{id} {password_hash}").as_bytes()))
    }

    /// A page of what the visitor sees.
    pub async fn share_contents(
        &self,
        visit: &Visit,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Asset>, Problem> {
        self.store().shares().contents(&visit.share, cursor, limit).await
    }

    /// One picture or film of the share: a rendition (`256`, `1024`), a film to `view`, or a `download` where that is allowed.
    pub async fn share_media(&self, visit: &Visit, asset: &AssetId, how: &str) -> Result<Served, Problem> {
        let found = self.store().shares().asset(&visit.share, asset).await?;
        let found = found.ok_or_else(|| Problem::new(Code::NotFound, "There is no such picture behind this link."))?;
        let variant = match how {
            "view" if matches!(found.media_type.kind(), MediaKind::Video | MediaKind::Audio) => "full",
            DOWNLOAD => {
                visit.check_download()?;
                "full"
            }
            size => size,
        };
        self.serve_variant(&found, variant).await
    }

    /// Everything that an archive of the share holds, in the order of the page.
    pub async fn share_archive(&self, visit: &Visit) -> Result<Vec<Asset>, Problem> {
        visit.check_download()?;
        let (mut assets, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.share_contents(visit, cursor.as_deref(), 100).await?;
            assets.extend(page.items);
            cursor = page.next_cursor;
            if cursor.is_none() || assets.len() >= ARCHIVE_MAX {
                assets.truncate(ARCHIVE_MAX);
                return Ok(assets);
            }
        }
    }

    /// Notes that somebody looked.
    pub async fn count_view(&self, visit: &Visit) {
        if let Err(problem) = self.store().shares().count_view(&visit.share.id, self.now()).await {
            tracing::warn!(?problem, "a view could not be counted");
        }
    }

    /// A share of this workspace, or a clear refusal.
    pub(crate) async fn share(&self, workspace: &WorkspaceId, id: &ShareId) -> Result<Share, Problem> {
        self.store().shares().get(workspace, id).await?.ok_or_else(|| {
            Problem::not_found("share link", id)
                .at("share_id")
                .hint("List them with `share_links` `list`.")
        })
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
