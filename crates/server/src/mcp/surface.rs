//! A surface: the tools that one endpoint shows, with everything about them that can be prepared
//! before the first request.

use std::collections::HashMap;
use std::sync::Arc;

use aquatint_app::operation::Effects;
use aquatint_domain::{Problem, text};
use rmcp::model::{JsonObject, MetaObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::door::Card;
use super::{icons, widgets};

/// Most tools of a surface: a selection is one word of bits.
const MAX_TOOLS: usize = 64;

/// Which tools of a surface a client wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selection(u64);

impl Selection {
    pub(super) const ALL: Self = Self(u64::MAX);

    fn holds(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
}

/// Who reads a list of tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// A bare request that names no revision of the protocol: nothing of pages.
    Bare,
    /// A client that did not say that it shows pages: it is told which tool has which, which no model reads, but not of
    /// tools that only pages call, which its model would.
    Plain,
    /// A client that shows pages (MCP Apps), or may.
    Pages,
}

/// A prepared tool.
pub(super) struct Shown {
    pub tool: Tool,
    pub effects: Effects,
    /// Whether only pages call it.
    is_for_pages: bool,
    /// It may wait for its work, see [`Card`].
    pub is_patient: bool,
    /// The tool as JSON text, as it stands in a list.
    json: String,
    /// The same with its page, if it has one.
    json_with_page: Option<String>,
    /// The same with its icon too, for who shows pages.
    json_with_icon: Option<String>,
}

impl Shown {
    fn new(card: Card, is_for_pages: bool, public_url: &str) -> Self {
        let (effects, is_patient) = (card.effects, card.is_patient);
        let meta = meta(card.widget, is_for_pages);
        let mut tool = tool(card);
        let text = |tool: &Tool| serde_json::to_string(tool).expect("a tool is made of strings and JSON");
        let json = text(&tool);
        tool.meta = meta;
        let json_with_page = tool.meta.is_some().then(|| text(&tool));
        tool.icons = icons::for_tool(public_url, &tool.name);
        Self {
            effects,
            is_for_pages,
            is_patient,
            json,
            json_with_page,
            json_with_icon: tool.icons.is_some().then(|| text(&tool)),
            tool,
        }
    }

    fn is_told(&self, audience: Audience) -> bool {
        audience == Audience::Pages || !self.is_for_pages
    }

    fn json(&self, audience: Audience) -> &str {
        let page = self.json_with_page.as_deref();
        match audience {
            Audience::Bare => None,
            Audience::Plain => page,
            Audience::Pages => self.json_with_icon.as_deref().or(page),
        }
        .unwrap_or(&self.json)
    }

    pub(super) fn name(&self) -> &str {
        &self.tool.name
    }
}

/// The prepared tools of an endpoint.
pub(super) struct Surface {
    shown: Vec<Shown>,
    places: HashMap<&'static str, usize>,
    groups: Vec<(&'static str, Selection)>,
    /// The tools that only pages call; they go with every selection.
    for_pages: u64,
}

impl Surface {
    /// The tools, and those that only pages call. `public_url` is where their icons stand.
    pub(super) fn new(cards: Vec<Card>, page_cards: Vec<Card>, public_url: &str) -> Self {
        let count = cards.len() + page_cards.len();
        assert!(count <= MAX_TOOLS, "a surface has at most {MAX_TOOLS} tools");
        let mut surface = Self {
            shown: Vec::with_capacity(count),
            places: HashMap::new(),
            groups: Vec::new(),
            for_pages: 0,
        };
        for (place, card) in page_cards.into_iter().enumerate() {
            let place = place + cards.len();
            surface.places.insert(card.name, place);
            surface.for_pages |= 1 << place;
            surface.shown.push(Shown::new(card, true, public_url));
        }
        let mut own = Vec::with_capacity(count);
        for (place, card) in cards.into_iter().enumerate() {
            surface.places.insert(card.name, place);
            for group in &card.groups {
                match surface.groups.iter_mut().find(|(name, _)| name == group) {
                    Some((_, selection)) => selection.0 |= 1 << place,
                    None => surface.groups.push((group, Selection(1 << place))),
                }
            }
            own.push(Shown::new(card, false, public_url));
        }
        own.append(&mut surface.shown);
        surface.shown = own;
        surface
    }

    /// Reads `?tools=edit_image,assets`, by names of tools or of groups.
    pub(super) fn select(&self, query: Option<&str>) -> Result<Selection, Problem> {
        let Some(query) = query.filter(|query| query.contains("tools")) else {
            return Ok(Selection::ALL);
        };
        let mut chosen = 0;
        let mut is_narrowed = false;
        for (name, list) in url::form_urlencoded::parse(query.as_bytes()) {
            if name != "tools" {
                continue;
            }
            for wanted in list.split(',').map(str::trim).filter(|wanted| !wanted.is_empty()) {
                is_narrowed = true;
                chosen |= self.named(wanted).ok_or_else(|| self.unknown(wanted))?.0;
            }
        }
        Ok(if is_narrowed {
            Selection(chosen | self.for_pages)
        } else {
            Selection::ALL
        })
    }

    fn named(&self, wanted: &str) -> Option<Selection> {
        if let Some(place) = self
            .places
            .get(wanted)
            .filter(|place| self.for_pages & (1 << **place) == 0)
        {
            return Some(Selection(1 << place));
        }
        self.groups
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, selection)| *selection)
    }

    fn unknown(&self, wanted: &str) -> Problem {
        let groups: Vec<&str> = self.groups.iter().map(|(name, _)| *name).collect();
        Problem::invalid(
            "tools",
            format!("There is no tool or group `{}`.", text::one_line(wanted, 40)),
        )
        .hint(format!(
            "Tools: {}. Groups: {}.",
            self.names(Selection::ALL).join(", "),
            groups.join(", ")
        ))
    }

    /// The tool of that name, if the client's selection shows it.
    pub(super) fn find(&self, name: &str, selection: Selection) -> Option<&Shown> {
        let place = *self.places.get(name)?;
        selection.holds(place).then(|| &self.shown[place])
    }

    fn selected(&self, selection: Selection) -> impl Iterator<Item = &Shown> {
        let all = self.shown.iter().enumerate();
        all.filter(move |(place, _)| selection.holds(*place))
            .map(|(_, shown)| shown)
    }

    pub(super) fn names(&self, selection: Selection) -> Vec<&str> {
        self.told(selection, Audience::Bare).map(Shown::name).collect()
    }

    fn told(&self, selection: Selection, audience: Audience) -> impl Iterator<Item = &Shown> {
        self.selected(selection).filter(move |shown| shown.is_told(audience))
    }

    /// The tools of a selection, in order. Schemas are shared, not copied.
    pub(super) fn tools(&self, selection: Selection, audience: Audience) -> Vec<Tool> {
        self.told(selection, audience)
            .map(|shown| {
                let mut tool = shown.tool.clone();
                tool.meta = tool.meta.filter(|_| audience != Audience::Bare);
                tool.icons = tool.icons.filter(|_| audience == Audience::Pages);
                tool
            })
            .collect()
    }

    /// The same as a JSON array, without serialising anything again.
    pub(super) fn write_tools(&self, selection: Selection, audience: Audience, out: &mut String) {
        out.push('[');
        for (index, shown) in self.told(selection, audience).enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(shown.json(audience));
        }
        out.push(']');
    }
}

/// What a client that shows pages reads beside a tool. The flat name is what older hosts look for.
fn meta(widget: Option<&'static str>, is_for_pages: bool) -> Option<MetaObject> {
    let mut meta = MetaObject::new();
    if is_for_pages {
        meta.insert("ui".to_owned(), json!({ "visibility": ["app"] }));
    } else {
        let uri = widgets::uri(widget?);
        meta.insert("ui".to_owned(), json!({ "resourceUri": uri }));
        meta.insert("ui/resourceUri".to_owned(), uri.into());
    }
    Some(meta)
}

fn tool(card: Card) -> Tool {
    let reads = card.effects == Effects::Reads;
    let annotations = ToolAnnotations::new()
        .read_only(reads)
        // Nothing can be deleted through MCP.
        .destructive(false)
        .open_world(card.open_world);
    Tool::new(card.name, card.description, object(card.input))
        .with_title(card.title)
        .with_raw_output_schema(object(open(card.output)))
        .with_annotations(annotations)
}

/// The schema of a result without `required`. The TypeScript SDK 1.x, on which most clients stand,
/// checks structured content against it in failures too, and would show a model nothing but its
/// own complaint instead of the problem.
fn open(mut output: Value) -> Value {
    if let Value::Object(map) = &mut output {
        map.remove("required");
    }
    output
}

/// A schema as rmcp wants it, without what clients warn of or pay for without use.
fn object(mut schema: Value) -> Arc<JsonObject> {
    tidy(&mut schema);
    match schema {
        Value::Object(map) => Arc::new(map),
        _ => Arc::default(),
    }
}

/// Drops `$schema`, titles of types, and Rust's number formats, wherever they stand.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.remove("$schema");
            if map.get("title").is_some_and(Value::is_string) {
                map.remove("title");
            }
            if map.get("format").and_then(Value::as_str).is_some_and(is_number_format) {
                map.remove("format");
            }
            for (key, value) in map.iter_mut() {
                match (key.as_str(), value) {
                    // Names of arguments, not words of a schema.
                    ("properties" | "$defs", Value::Object(named)) => named.values_mut().for_each(tidy),
                    ("enum" | "const" | "default" | "examples", _) => {}
                    (_, value) => tidy(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn is_number_format(format: &str) -> bool {
    let digits = format.trim_start_matches("uint").trim_start_matches("int");
    matches!(format, "float" | "double") || (digits != format && digits.chars().all(|ch| ch.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn surface() -> Surface {
        let card = |name, groups| Card {
            name,
            title: name,
            description: String::new(),
            input: json!({ "$schema": "x", "title": "T", "type": "object", "properties": {
                "title": { "type": "string", "title": "T" }, "format": { "type": "integer", "format": "uint32" },
                "when": { "type": "string", "format": "date-time" } } }),
            output: json!({ "type": "object", "properties": { "x": {} }, "required": ["x"] }),
            effects: Effects::Reads,
            open_world: false,
            groups,
            widget: (name == "edit_image").then_some("job"),
            is_patient: false,
        };
        Surface::new(
            vec![
                card("edit_image", vec!["edit"]),
                card("get_job_status", vec!["jobs"]),
                card("cancel_job", vec!["jobs"]),
            ],
            vec![card("asset_preview", vec!["assets"])],
            "https://studio.example.com",
        )
    }

    #[test]
    fn a_query_narrows_the_surface_by_tool_or_group() {
        let surface = surface();
        let shown = |query| {
            let selection = surface.select(Some(query)).expect("known names");
            surface
                .tools(selection, Audience::Plain)
                .into_iter()
                .map(|tool| tool.name)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(shown("tools=jobs"), "get_job_status cancel_job");
        assert_eq!(shown("x=1&tools=edit,%20cancel_job"), "edit_image cancel_job");
        assert_eq!(shown("tools="), "edit_image get_job_status cancel_job");
        let narrowed = surface.select(Some("tools=edit")).expect("known");
        assert!(surface.find("edit_image", narrowed).is_some() && surface.find("cancel_job", narrowed).is_none());
        let problem = surface.select(Some("tools=edits")).expect_err("unknown");
        assert!(problem.hint.expect("a hint").contains("edit_image"));
    }

    #[test]
    fn schemas_lose_noise_but_no_arguments() {
        let tool = surface().tools(Selection::ALL, Audience::Plain).remove(0);
        let output = tool.output_schema.expect("an output schema");
        assert!(!output.contains_key("required"), "a failure must fit too");
        let schema = Value::Object((*tool.input_schema).clone());
        assert_eq!(
            schema,
            json!({ "type": "object", "properties": { "title": { "type": "string" }, "format": { "type": "integer" },
                "when": { "type": "string", "format": "date-time" } } })
        );
    }

    #[test]
    fn only_who_shows_pages_is_told_of_them_and_of_their_own_tools() {
        let surface = surface();
        let text = |selection, audience| {
            let mut text = String::new();
            surface.write_tools(selection, audience, &mut text);
            assert_eq!(
                text,
                serde_json::to_string(&surface.tools(selection, audience)).expect("JSON")
            );
            text
        };
        let bare = text(Selection::ALL, Audience::Bare);
        assert!(!bare.contains("_meta") && !bare.contains("asset_preview"), "{bare}");
        let plain = text(Selection::ALL, Audience::Plain);
        assert!(
            plain.contains("ui://aquatint/job") && !plain.contains("asset_preview"),
            "{plain}"
        );
        assert!(!bare.contains("icons") && !plain.contains("icons"));
        let narrowed = surface.select(Some("tools=edit")).expect("known");
        for selection in [Selection::ALL, narrowed] {
            let paged = text(selection, Audience::Pages);
            let meta = r#""_meta":{"ui":{"resourceUri":"ui://aquatint/job"},"ui/resourceUri":"ui://aquatint/job"}"#;
            assert!(paged.contains(meta), "{paged}");
            let icon = r#""icons":[{"src":"https://studio.example.com/icons/edit.svg""#;
            assert!(paged.contains(icon), "{paged}");
            assert!(paged.contains(r#""_meta":{"ui":{"visibility":["app"]}}"#), "{paged}");
            assert!(
                surface.find("asset_preview", selection).is_some(),
                "pages may always call it"
            );
        }
        assert!(!surface.names(Selection::ALL).contains(&"asset_preview"));
        surface
            .select(Some("tools=asset_preview"))
            .expect_err("nobody asks for it");
    }
}
