//! Short texts that agents read when they need them: guides by address, and skills (SEP-2640), which some clients
//! load by themselves when a task fits.

use aquatint_domain::Problem;
use rmcp::model::{Resource, ResourceContents, Skill, SkillFrontmatter, SkillResource, SkillResources};

const MARKDOWN: &str = "text/markdown";

/// One text.
pub(super) struct Guide {
    pub name: &'static str,
    title: &'static str,
    description: &'static str,
    text: &'static str,
}

/// Every guide, as `guide://NAME`.
pub(super) static GUIDES: [Guide; 5] = [
    Guide {
        name: "chaining",
        title: "Chain by asset id",
        description: "How results of one tool go into the next, and how to wait for jobs.",
        text: include_str!("guides/chaining.md"),
    },
    Guide {
        name: "masks",
        title: "Masks",
        description: "How to say which part of a picture changes.",
        text: include_str!("guides/masks.md"),
    },
    Guide {
        name: "pipelines",
        title: "Pipelines",
        description: "How to save steps that are done again and again.",
        text: include_str!("guides/pipelines.md"),
    },
    Guide {
        name: "prices",
        title: "Prices and credits",
        description: "How to know a price before, and to set a limit.",
        text: include_str!("guides/prices.md"),
    },
    Guide {
        name: "local-files",
        title: "Files on this machine",
        description: "How paths go in and results come out, through `aquatint stdio` and without it.",
        text: include_str!("guides/local-files.md"),
    },
];

impl Guide {
    pub(super) fn resource(&self) -> Resource {
        Resource::new(format!("guide://{}", self.name), self.name)
            .with_title(self.title)
            .with_description(self.description)
            .with_mime_type(MARKDOWN)
            .with_size(self.text.len() as u64)
    }

    pub(super) fn contents(&self, uri: &str) -> ResourceContents {
        ResourceContents::text(self.text, uri).with_mime_type(MARKDOWN)
    }
}

/// The files of the skills; each is one `SKILL.md`.
static SKILLS: [(&str, &str); 3] = [
    (
        "skill://product-photos/SKILL.md",
        include_str!("skills/product-photos.md"),
    ),
    (
        "skill://social-images/SKILL.md",
        include_str!("skills/social-images.md"),
    ),
    (
        "skill://batch-editing/SKILL.md",
        include_str!("skills/batch-editing.md"),
    ),
];

/// Every skill with its manifest.
pub(super) fn skills() -> Vec<Skill> {
    SKILLS.iter().filter_map(|(uri, text)| skill(uri, text)).collect()
}

/// The file of a skill.
pub(super) fn skill_file(uri: &str) -> Result<ResourceContents, Problem> {
    let found = SKILLS.iter().find(|(known, _)| *known == uri);
    let (_, text) = found.ok_or_else(|| Problem::not_found("skill", aquatint_domain::text::one_line(uri, 120)))?;
    Ok(ResourceContents::text(*text, uri).with_mime_type(MARKDOWN))
}

/// The manifest says what the file's own first lines say.
fn skill(uri: &str, text: &str) -> Option<Skill> {
    let (head, _) = text.strip_prefix("---\n")?.split_once("\n---\n")?;
    let field = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let frontmatter = SkillFrontmatter::new(field("name")?, field("description")?);
    let files = vec![SkillResource::from_bytes(uri, text.as_bytes())];
    Some(Skill::new(uri, frontmatter, SkillResources::Files(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_skill_is_one_and_fits_its_manifest() {
        let skills = skills();
        assert_eq!(skills.len(), SKILLS.len());
        for skill in skills {
            skill.validate().expect("a skill by the rules");
        }
    }

    /// Agents pay for what they read.
    #[test]
    fn texts_are_short() {
        for text in GUIDES
            .iter()
            .map(|guide| guide.text)
            .chain(SKILLS.map(|(_, text)| text))
        {
            assert!(text.len() < 2_600, "{} bytes: {}", text.len(), &text[..60]);
        }
    }
}
