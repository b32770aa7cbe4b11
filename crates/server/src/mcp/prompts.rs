//! Prompts: jobs that people have again and again, said so that an agent does them well with these tools. People find
//! them in their client's menu, under `/` in most.

use aquatint_domain::{Code, Problem, text};
use rmcp::model::{GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};
use serde_json::Value;

/// Longest argument that goes into a prompt.
const MAX_ARGUMENT_CHARS: usize = 2_000;

/// What an argument can be completed with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Words,
    Asset,
    Collection,
    Model,
    OneOf(&'static [&'static str]),
}

/// One argument; one without `otherwise` must be given.
struct Argument {
    name: &'static str,
    description: &'static str,
    kind: Kind,
    otherwise: Option<&'static str>,
}

const fn needed(name: &'static str, description: &'static str, kind: Kind) -> Argument {
    Argument {
        name,
        description,
        kind,
        otherwise: None,
    }
}

const fn optional(name: &'static str, description: &'static str, kind: Kind, otherwise: &'static str) -> Argument {
    Argument {
        name,
        description,
        kind,
        otherwise: Some(otherwise),
    }
}

/// One prompt; `{name}` in the text is an argument.
struct Recipe {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [Argument],
    text: &'static str,
}

const BACKGROUNDS: Kind = Kind::OneOf(&[
    "#ffffff",
    "#f4f4f2",
    "#ffffff,#d9dde2",
    "light grey studio with soft light",
    "wooden table by a window",
    "concrete wall, hard sunlight",
]);
const PLATFORMS: Kind = Kind::OneOf(&[
    "instagram",
    "facebook",
    "linkedin",
    "x",
    "pinterest",
    "tiktok",
    "youtube",
]);
const MARKETPLACES: Kind = Kind::OneOf(&["amazon", "ebay", "etsy", "shopify", "zalando", "vinted"]);

static RECIPES: [Recipe; 8] = [
    Recipe {
        name: "product_shot",
        title: "Product shot",
        description: "A clean picture of a product on a new background.",
        arguments: &[
            needed("image", "The photograph: asset id, https address or path.", Kind::Asset),
            optional(
                "background",
                "Colour, gradient, or a scene in words.",
                BACKGROUNDS,
                "#ffffff",
            ),
        ],
        text: "Make a product shot of {image} on this background: {background}.\n\
            1. `edit_image` with `action: \"replace_background\"`, `images: \"{image}\"`, `background` as said, `shadow: true`, `preview: true`.\n\
            2. Look at the preview and at `result.confidence`. When the outline is wrong, try `refine_edges` with `remove_background` and say what you changed.\n\
            3. `edit_image` with `action: \"enhance\"` if the photograph is dull or noisy.\n\
            4. Show the result and tell its asset id and what it cost.",
    },
    Recipe {
        name: "batch_cutout",
        title: "Cut out a whole collection",
        description: "Transparent cut-outs of every picture of a collection.",
        arguments: &[
            needed("collection", "The collection, by name or id.", Kind::Collection),
            optional("output_format", "Of the results.", Kind::OneOf(&["png", "webp"]), "png"),
        ],
        text: "Cut the subject out of every picture in the collection {collection}.\n\
            1. `collections` with `action: \"search\"` or `\"get\"` gives the asset ids. Count them.\n\
            2. One call of `edit_image` with `action: \"remove_background\"`, up to 100 ids in `images`, `output_format: \"{output_format}\"` and `dry_run: true`. Tell me the price and wait for my word if it is above 10 credits.\n\
            3. The same without `dry_run` and with an `idempotency_key`; then `get_job_status` with `sync: true` until it ends.\n\
            4. Put the results into a new collection named after the old one with \"cut-outs\" behind it.\n\
            5. Tell how many were done, and each one that failed or has a low confidence, with the reason.",
    },
    Recipe {
        name: "banner_set",
        title: "Banner set",
        description: "One picture and one headline in the usual sizes of advertisements.",
        arguments: &[
            needed("image", "The picture: asset id, https address or path.", Kind::Asset),
            needed("headline", "The words on it.", Kind::Words),
            optional(
                "sizes",
                "Pixels, separated by commas.",
                Kind::OneOf(&[
                    "300x250, 728x90, 160x600, 320x50, 970x250",
                    "1200x628, 1080x1080, 1080x1920",
                ]),
                "300x250, 728x90, 160x600, 970x250",
            ),
        ],
        text: "Make banners of {image} with the headline \"{headline}\" in these sizes: {sizes}.\n\
            1. For each size: `edit_image` with `action: \"expand\"` to its aspect ratio where it is far from the picture's own, else `action: \"crop\"`; then `action: \"resize\"` with `fit: \"cover\"`.\n\
            2. `edit_image` with `action: \"compose\"` and one text layer. The text takes at most 80 % of the width and stands where the picture is calm.\n\
            3. Show the first one with `preview: true` and go on when it is good.\n\
            4. Put all into one collection and list size, asset id and address.",
    },
    Recipe {
        name: "social_pack",
        title: "Social pack",
        description: "One picture in the sizes of the networks you use.",
        arguments: &[
            needed("image", "The picture: asset id, https address or path.", Kind::Asset),
            optional(
                "platforms",
                "Networks, separated by commas.",
                PLATFORMS,
                "instagram, linkedin, x",
            ),
            optional("caption", "Words on the picture, if any.", Kind::Words, "none"),
        ],
        text: "Make a set for {platforms} from {image}. Words on the picture: {caption}.\n\
            Square posts 1080x1080, portrait posts 1080x1350, stories 1080x1920, link pictures 1200x630, headers 1500x500: choose the ones that these networks use.\n\
            1. Keep the subject whole: `edit_image` with `action: \"expand\"` for shapes far from the picture's own, `action: \"crop\"` with `subject: true` for near ones; then `action: \"resize\"`.\n\
            2. With words: `action: \"compose\"`, the same place in every size, clear of the outer 5 %.\n\
            3. Collect the results, share them by `share_links` with `action: \"create\"` and give me the link.",
    },
    Recipe {
        name: "marketplace_listing",
        title: "Marketplace listing",
        description: "Listing pictures by the rules of a marketplace, from raw photographs.",
        arguments: &[
            needed(
                "images",
                "The photographs: asset ids or paths, separated by commas.",
                Kind::Asset,
            ),
            optional("marketplace", "Where it will be sold.", MARKETPLACES, "amazon"),
        ],
        text: "Make listing pictures for {marketplace} from: {images}.\n\
            1. Main picture: `edit_image` with `action: \"remove_background\"`, `background: \"#ffffff\"`, `crop_to_subject: true`, `margin: 7`; nothing else in the frame.\n\
            2. All pictures square and at least 2000 pixels: `action: \"expand\"` with `aspect_ratio: \"1:1\"` on the same white, `action: \"upscale\"` where they are smaller.\n\
            3. `action: \"convert\"` to jpeg, `quality: 90`.\n\
            4. Check against the marketplace's present rules as you know them, and say which rule you could not check.\n\
            5. Put them in order into a collection, the main picture first.",
    },
    Recipe {
        name: "restore_photo",
        title: "Restore an old photograph",
        description: "Scratches out, light and size right.",
        arguments: &[needed(
            "image",
            "The scan: asset id, https address or path.",
            Kind::Asset,
        )],
        text: "Restore the old photograph {image}, and keep it true: faces and text must not change.\n\
            1. `assets` with `action: \"get\"` and `preview: true`. Say what is damaged.\n\
            2. `edit_image` with `action: \"enhance\"`.\n\
            3. Scratches and spots: `action: \"erase\"` with a polygon or boxes as `mask`, a few at a time.\n\
            4. `action: \"upscale\"` with `mode: \"restore\"` if its long side is below 2000 pixels.\n\
            5. Show before and after, and list every step.",
    },
    Recipe {
        name: "remove_object",
        title: "Remove something",
        description: "Take a thing or a person out of a picture.",
        arguments: &[
            needed("image", "The picture: asset id, https address or path.", Kind::Asset),
            needed("object", "What has to go.", Kind::Words),
        ],
        text: "Remove {object} from {image}.\n\
            1. `assets` with `action: \"get\"` and `preview: true`; find it and give its box in pixels of the original, with its shadow and reflection.\n\
            2. `edit_image` with `action: \"erase\"`, that box as `mask`, `grow: 8`, `preview: true`.\n\
            3. If a trace is left, once more with another `seed` or a polygon; after three tries say so.",
    },
    Recipe {
        name: "campaign_pictures",
        title: "Pictures for a campaign",
        description: "Several pictures of one idea, from a model that fits the budget.",
        arguments: &[
            needed("idea", "What they show.", Kind::Words),
            optional("count", "How many.", Kind::OneOf(&["2", "4", "6", "8"]), "4"),
            optional("model", "A model id; else one is chosen.", Kind::Model, "chosen by you"),
            optional("budget_credits", "At most, for all together.", Kind::Words, "20"),
        ],
        text: "Make {count} pictures of one campaign: {idea}. Model: {model}. At most {budget_credits} credits for all.\n\
            1. Without a model: `models` with `action: \"recommend\"`, the idea as `task` and the budget per picture. Say why you took it.\n\
            2. Write one prompt with what all share (light, palette, lens) and {count} variations. Show them to me first.\n\
            3. `generate_media` for each with `max_credits` and an `idempotency_key`; then `get_job_status` with `sync: true`.\n\
            4. Show them together with `display`, and put them into a collection.",
    },
];

/// The prompts as clients list them.
pub(super) fn list() -> Vec<Prompt> {
    RECIPES.iter().map(Recipe::prompt).collect()
}

/// A prompt with its arguments filled in.
pub(super) fn get(name: &str, given: &JsonObject) -> Result<GetPromptResult, Problem> {
    let recipe = RECIPES.iter().find(|recipe| recipe.name == name).ok_or_else(|| {
        let names: Vec<&str> = RECIPES.iter().map(|recipe| recipe.name).collect();
        Problem::not_found("prompt", text::one_line(name, 60)).hint(format!("There are: {}.", names.join(", ")))
    })?;
    let message = PromptMessage::new_text(Role::User, recipe.fill(given)?);
    Ok(GetPromptResult::new(vec![message]).with_description(recipe.description))
}

/// What an argument of a prompt can be completed with.
pub(super) fn kind_of(name: &str, argument: &str) -> Option<Kind> {
    let recipe = RECIPES.iter().find(|recipe| recipe.name == name)?;
    let argument = recipe.arguments.iter().find(|known| known.name == argument)?;
    Some(argument.kind)
}

impl Recipe {
    fn prompt(&self) -> Prompt {
        let arguments = self.arguments.iter().map(|argument| {
            PromptArgument::new(argument.name)
                .with_description(argument.description)
                .with_required(argument.otherwise.is_none())
        });
        Prompt::new(self.name, Some(self.description), Some(arguments.collect())).with_title(self.title)
    }

    fn fill(&self, given: &JsonObject) -> Result<String, Problem> {
        if let Some(unknown) = given
            .keys()
            .find(|key| self.arguments.iter().all(|known| known.name != **key))
        {
            let names: Vec<&str> = self.arguments.iter().map(|argument| argument.name).collect();
            let message = format!("`{}` has no argument `{}`.", self.name, text::one_line(unknown, 40));
            return Err(
                Problem::invalid(text::one_line(unknown, 40), message).hint(format!("It has: {}.", names.join(", ")))
            );
        }
        let mut values = Vec::with_capacity(self.arguments.len());
        for argument in self.arguments {
            let value = match given.get(argument.name) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(words)) => words.trim().to_owned(),
                Some(Value::Number(number)) => number.to_string(),
                Some(_) => {
                    let message = format!("`{}` must be text.", argument.name);
                    return Err(Problem::invalid(argument.name, message));
                }
            };
            if value.chars().count() > MAX_ARGUMENT_CHARS {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!("`{}` is longer than {MAX_ARGUMENT_CHARS} characters.", argument.name),
                )
                .at(argument.name));
            }
            let value = match argument.otherwise {
                Some(otherwise) if value.is_empty() => otherwise.to_owned(),
                None if value.is_empty() => {
                    let message = format!("`{}` is required: {}", argument.name, argument.description);
                    return Err(Problem::invalid(argument.name, message));
                }
                _ => text::one_line(&value, MAX_ARGUMENT_CHARS),
            };
            values.push((argument.name, value));
        }
        Ok(fill(self.text, &values))
    }
}

/// Puts the values into the text in one pass, so that braces in a value mean nothing.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(template.len() + 200);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let value = after.split_once('}').and_then(|(name, after)| {
            let value = values.iter().find(|(known, _)| *known == name)?;
            Some((&value.1, after))
        });
        match value {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(value: Value) -> JsonObject {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn every_placeholder_is_an_argument_and_every_argument_is_used() {
        for recipe in &RECIPES {
            let all: Vec<(&str, String)> = recipe
                .arguments
                .iter()
                .map(|a| (a.name, format!("<{}>", a.name)))
                .collect();
            let filled = fill(recipe.text, &all);
            assert!(!filled.contains('{'), "{}: {filled}", recipe.name);
            for argument in recipe.arguments {
                assert!(
                    filled.contains(&format!("<{}>", argument.name)),
                    "{} {}",
                    recipe.name,
                    argument.name
                );
            }
            // Tools and actions that are named exist.
            for quoted in filled.split("action: \"").skip(1) {
                let action = quoted.split('"').next().unwrap_or_default();
                let known = aquatint_app::toolset::NATIVE
                    .iter()
                    .any(|tool| tool.actions.iter().any(|a| a.name == action));
                assert!(known, "{}: {action}", recipe.name);
            }
        }
    }

    #[test]
    fn what_is_missing_or_unknown_is_said_and_values_stay_values() {
        let missing = get("product_shot", &arguments(json!({}))).expect_err("no image");
        assert_eq!(missing.field.as_deref(), Some("image"));
        let unknown = get("product_shot", &arguments(json!({ "image": "a", "colour": "b" }))).expect_err("unknown");
        assert!(unknown.hint.expect("a hint").contains("background"));
        assert_eq!(
            get("nothing", &JsonObject::new()).expect_err("unknown").code,
            Code::NotFound
        );
        let odd = arguments(json!({ "image": "{background}\n\nIgnore this" }));
        let filled = RECIPES[0].fill(&odd).expect("filled");
        assert!(
            filled.contains("{background} Ignore this on this background: #ffffff"),
            "{filled}"
        );
    }
}
