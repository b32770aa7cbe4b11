//! The words of letters, as plain text and as simple HTML. Names of people and workspaces are their own words: one line, clipped,
//! and escaped in HTML. An address of ours is the only link.

use aquatint_domain::{Problem, Timestamp, text};
use aquatint_providers::mail::Letter;
use askama::Template;

/// Characters of a name within a letter.
const NAME_CHARS: usize = 80;

/// What a letter says.
#[derive(Template)]
#[template(path = "mail/letter.html")]
pub(super) struct Words {
    subject: String,
    paragraphs: Vec<String>,
    action: Option<Action>,
    /// Below the action, in small.
    footnotes: Vec<String>,
    /// The studio's own address.
    home: String,
}

struct Action {
    label: &'static str,
    url: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Plain<'a> {
    words: &'a Words,
}

impl Words {
    pub(super) fn invitation(
        home: &str,
        workspace: &str,
        role: &str,
        from: Option<&str>,
        url: String,
        until: Timestamp,
    ) -> Self {
        let workspace = name(workspace);
        let who = from.map_or_else(
            || "You are invited".to_owned(),
            |from| format!("{} invites you", name(from)),
        );
        Self {
            subject: format!("Invitation to {workspace}"),
            paragraphs: vec![format!("{who} to the workspace “{workspace}” as {role}.")],
            action: Some(Action {
                label: "Join the workspace",
                url,
            }),
            footnotes: vec![
                format!("The link works once, until {}.", day(until)),
                "If you do not expect this, you need not do anything.".into(),
            ],
            home: home.to_owned(),
        }
    }

    pub(super) fn new_password(home: &str, url: String, until: Timestamp) -> Self {
        Self {
            subject: "A new password".into(),
            paragraphs: vec!["Somebody, probably you, asked for a link to set a new password for your account.".into()],
            action: Some(Action {
                label: "Set a new password",
                url,
            }),
            footnotes: vec![
                format!("The link works once, until {}.", moment(until)),
                "If it was not you, you need not do anything: your password stays as it is.".into(),
            ],
            home: home.to_owned(),
        }
    }

    pub(super) fn password_changed(home: &str, at: Timestamp) -> Self {
        Self::notice(
            home,
            "Your password was changed",
            format!("The password of your account was changed on {}.", moment(at)),
        )
    }

    pub(super) fn second_step_off(home: &str, at: Timestamp) -> Self {
        Self::notice(
            home,
            "Your second step was turned off",
            format!(
                "Since {} signing in to your account asks for no code of an authenticator app any more.",
                moment(at)
            ),
        )
    }

    pub(super) fn provider_linked(home: &str, title: &str, at: Timestamp) -> Self {
        let title = name(title);
        Self::notice(
            home,
            "A new way to sign in",
            format!(
                "On {} your account was linked with {title}. You can sign in with it from now on.",
                moment(at)
            ),
        )
    }

    pub(super) fn test(home: &str) -> Self {
        Self {
            subject: "A test letter".into(),
            paragraphs: vec!["This studio can send mail: this letter has arrived.".into()],
            action: None,
            footnotes: Vec::new(),
            home: home.to_owned(),
        }
    }

    fn notice(home: &str, subject: &str, what: String) -> Self {
        Self {
            subject: subject.to_owned(),
            paragraphs: vec![
                what,
                "If it was you, all is well. If not, set a new password at once and ask the operator of the studio for help.".into(),
            ],
            action: Some(Action {
                label: "Open the studio",
                url: format!("{home}/"),
            }),
            footnotes: Vec::new(),
            home: home.to_owned(),
        }
    }

    /// Both forms of it.
    pub(super) fn to_letter<'a>(&'a self, id: &'a str, to: &'a str, at: Timestamp) -> Result<Letter<'a>, Problem> {
        Ok(Letter {
            id,
            at,
            to,
            subject: &self.subject,
            text: Plain { words: self }.render().map_err(Problem::internal)?,
            html: self.render().map_err(Problem::internal)?,
        })
    }
}

fn name(text: &str) -> String {
    text::one_line(text, NAME_CHARS)
}

fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_themselves_stays_on_its_line_and_is_no_markup() {
        let at: Timestamp = "2026-11-21T09:05:00Z".parse().expect("a time");
        let words = Words::invitation(
            "https://studio.example.com",
            "A\r\nBcc: eve@example.com\r\n<script>alert(1)</script>",
            "member",
            Some("Eve \"<b>\u{202e}"),
            "https://studio.example.com/invite/x".into(),
            at,
        );
        let letter = words.to_letter("mal_1", "ada@example.com", at).expect("written");
        assert_eq!(
            letter.subject,
            "Invitation to A Bcc: eve@example.com <script>alert(1)</script>"
        );
        assert!(
            !letter.html.contains("<script") && !letter.html.contains("<b>"),
            "{}",
            letter.html
        );
        assert!(
            letter.html.contains("href=\"https://studio.example.com/invite/x\""),
            "{}",
            letter.html
        );
        assert!(letter.text.contains("Eve \"<b> invites you"), "{}", letter.text);
        assert!(
            letter.text.contains("\nhttps://studio.example.com/invite/x\n"),
            "{}",
            letter.text
        );
        assert!(letter.text.contains("until 21 November 2026."), "{}", letter.text);
        let words = Words::password_changed("https://studio.example.com", at);
        let letter = words.to_letter("mal_2", "ada@example.com", at).expect("written");
        assert!(letter.text.contains("21 November 2026, 09:05 UTC"), "{}", letter.text);
    }
}
