//! Verbs built from the operations: `aquatint edit upscale photo.jpg --scale 4 -o out/`. A media
//! argument that is a file of this machine is brought in first, a folder stands for its pictures; what is more than one
//! batch becomes several; results are saved with `-o` as they come.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use aquatint_app::Studio;
use aquatint_app::operation::{Effects, Entry};
use aquatint_app::operations::{ALL, find};
use aquatint_domain::{AssetId, Caller};
use clap::{Arg, ArgAction, ArgMatches, Command};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::{as_operator, passing_worker};
use crate::boot::explain;
use crate::config::Config;

/// Groups that a fixed command already has.
const TAKEN: &[&str] = &["models", "workspace", "keys", "payments"];
/// Groups that are a signed-in person's alone.
const PERSONAL: &[&str] = &["me", "admin", "apps", "providers"];
/// The pictures that an edit works on.
const IMAGES: &str = "images";
/// Other arguments that may name a file of this machine.
const MEDIA: &[&str] = &["mask", "background"];
/// Files of a folder that are taken for pictures.
const PICTURES: &[&str] = &["png", "jpg", "jpeg", "webp", "avif", "gif", "bmp", "tif", "tiff"];

/// Whether a command is a group of operations.
pub fn is_group(name: &str) -> bool {
    !TAKEN.contains(&name) && !PERSONAL.contains(&name) && ALL.iter().any(|entry| entry.spec.group() == name)
}

/// A command for each group of operations.
pub fn groups() -> Vec<Command> {
    groups_where(|_| true)
}

/// A command for each group of operations whose name is wanted. Each takes the schemas of its operations.
pub fn groups_where(is_wanted: impl Fn(&str) -> bool) -> Vec<Command> {
    let mut groups: Vec<Command> = Vec::new();
    let is_shown = |entry: &&Entry| is_wanted(entry.spec.group()) && is_group(entry.spec.group());
    for entry in ALL.iter().filter(is_shown) {
        let group = entry.spec.group();
        let place = groups.iter().position(|command| command.get_name() == group);
        let command = match place {
            Some(place) => groups.remove(place),
            None => Command::new(group)
                .about(format!("Operations on {group}"))
                .subcommand_required(true)
                .arg_required_else_help(true),
        };
        groups.insert(place.unwrap_or(groups.len()), command.subcommand(verb(entry)));
    }
    groups
}

fn verb(entry: &'static Entry) -> Command {
    let mut command = Command::new(entry.spec.verb().replace('_', "-")).about(entry.description().to_owned());
    let input = entry.input_schema();
    let required: Vec<&str> = input["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, schema) in input["properties"].as_object().into_iter().flatten() {
        let about = schema["description"].as_str().unwrap_or_default().to_owned();
        let mut arg = Arg::new(name.clone()).help(about);
        if is_usually_on(schema) {
            let about = format!("Do not: {}", schema["description"].as_str().unwrap_or_default());
            arg = arg
                .long(format!("no-{}", name.replace('_', "-")))
                .help(about)
                .action(ArgAction::SetTrue);
        } else if schema["type"] == "boolean" {
            arg = arg.long(name.replace('_', "-")).action(ArgAction::SetTrue);
        } else if name == IMAGES && entry.spec.group() == "edit" {
            arg = arg
                .num_args(1..)
                .required(true)
                .value_name("FILE|FOLDER|ASSET|URL")
                .help("Files and folders of this machine, asset ids or URLs");
        } else {
            let is_list = schema["type"] == "array"
                || schema["type"]
                    .as_array()
                    .is_some_and(|types| types.iter().any(|kind| kind == "array"));
            arg = arg
                .long(name.replace('_', "-"))
                .value_name("VALUE")
                .required(required.contains(&name.as_str()))
                .allow_hyphen_values(true);
            arg = if is_list { arg.action(ArgAction::Append) } else { arg };
        }
        command = command.arg(arg);
    }
    if entry.spec.effects == Effects::Spends {
        command = command.arg(
            Arg::new("out")
                .short('o')
                .long("out")
                .value_name("FOLDER")
                .help("Save the results into this folder")
                .value_parser(clap::value_parser!(PathBuf)),
        );
    }
    command.arg(
        Arg::new("workspace")
            .long("workspace")
            .value_name("ID|NAME")
            .help("The workspace [default: the first]"),
    )
}

/// A switch that is on unless somebody turns it off.
fn is_usually_on(schema: &Value) -> bool {
    schema["type"] == "boolean" && schema["default"] == true
}

pub(super) async fn run(config: &Config, group: &str, matches: &ArgMatches) -> Result<ExitCode> {
    let (verb, matches) = matches.subcommand().context("a verb is needed")?;
    let entry = find(&format!("{group}.{}", verb.replace('-', "_"))).context("that verb is unknown")?;
    let (studio, caller) = as_operator(config, matches.get_one::<String>("workspace").map(String::as_str)).await?;
    let worker = studio.spawn_worker(passing_worker());
    let outcome = perform(&studio, &caller, entry, matches).await;
    worker.stop(Duration::from_secs(config.drain_seconds)).await;
    studio.close().await;
    let values = outcome?;
    let mut failed = false;
    for value in &values {
        println!("{}", serde_json::to_string_pretty(value)?);
        failed |= matches!(value["status"].as_str(), Some("failed" | "cancelled"))
            || value["items"]
                .as_array()
                .is_some_and(|items| items.iter().any(|item| item["status"] == "failed"));
    }
    Ok(if failed && entry.spec.effects == Effects::Spends {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Calls the operation, once for each batch of pictures.
async fn perform(studio: &Studio, caller: &Caller, entry: &'static Entry, matches: &ArgMatches) -> Result<Vec<Value>> {
    let (mut arguments, images) = told(entry, matches);
    if let Some(image) = images.first() {
        let mut whole = arguments.clone();
        whole.insert(IMAGES.to_owned(), json!(image));
        studio.get_ready(entry, Value::Object(whole));
    }

    // Files of this machine are brought in.
    for name in MEDIA {
        let named = match arguments.get_mut(*name) {
            Some(Value::Array(several)) => several.iter_mut().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        for value in named {
            if let Some(text) = value.as_str().map(str::to_owned) {
                *value = json!(bring_in(studio, caller, &text).await?);
            }
        }
    }
    // Pictures that layers name may be files too.
    for layer in arguments
        .get_mut("layers")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(named) = layer["image"].as_str().map(str::to_owned) {
            layer["image"] = json!(bring_in(studio, caller, &named).await?);
        }
    }
    if !matches.try_contains_id(IMAGES).unwrap_or(false) {
        return Ok(vec![
            call(studio, caller, entry, arguments, matches, &ProgressBar::hidden()).await?,
        ]);
    }
    if images.is_empty() {
        anyhow::bail!(
            "there are no pictures in what was named; known endings are {}",
            PICTURES.join(", ")
        );
    }
    let bar = bar(images.len());
    let mut made = Vec::new();
    for part in images.chunks(studio.settings().batch_max) {
        let mut named = Vec::with_capacity(part.len());
        for image in part {
            named.push(bring_in(studio, caller, image).await?);
        }
        let value = if named.len() == 1 {
            json!(named[0])
        } else {
            json!(named)
        };
        arguments.insert(IMAGES.to_owned(), value);
        made.push(call(studio, caller, entry, arguments.clone(), matches, &bar).await?);
    }
    bar.finish_and_clear();
    Ok(made)
}

/// The arguments as they were told, and the pictures to work on; files of this machine are still named by their paths.
fn told(entry: &'static Entry, matches: &ArgMatches) -> (Map<String, Value>, Vec<String>) {
    let mut arguments = Map::new();
    let mut images = Vec::new();
    for (name, schema) in entry.input_schema()["properties"].as_object().into_iter().flatten() {
        if schema["type"] == "boolean" {
            if matches.get_flag(name) {
                arguments.insert(name.clone(), json!(!is_usually_on(schema)));
            }
            continue;
        }
        let Some(values) = matches.get_many::<String>(name) else {
            continue;
        };
        if name == IMAGES {
            images = values.flat_map(|value| pictures_of(value)).collect();
            continue;
        }
        let mut given: Vec<Value> = values
            .map(|value| match serde_json::from_str::<Value>(value) {
                Ok(parsed @ (Value::Array(_) | Value::Object(_))) => parsed,
                _ => json!(value),
            })
            .collect();
        let value = if given.len() == 1 {
            given.remove(0)
        } else {
            Value::Array(given)
        };
        arguments.insert(name.clone(), value);
    }
    (arguments, images)
}

/// One call, followed to its end, its results saved.
async fn call(
    studio: &Studio,
    caller: &Caller,
    entry: &'static Entry,
    arguments: Map<String, Value>,
    matches: &ArgMatches,
    bar: &ProgressBar,
) -> Result<Value> {
    let reply = studio
        .call(caller, entry.spec.name, Value::Object(arguments), None)
        .await
        .map_err(explain)?;
    if entry.spec.effects != Effects::Spends || reply.value["job_id"].is_null() {
        return Ok(reply.value);
    }
    let value = follow(studio, caller, reply.value, bar).await?;
    if let Some(folder) = matches.get_one::<PathBuf>("out") {
        save(studio, &value, folder, bar).await?;
    }
    Ok(value)
}

/// The pictures of a folder in the order of their names; anything else is itself.
fn pictures_of(named: &str) -> Vec<String> {
    if !Path::new(named).is_dir() {
        return vec![named.to_owned()];
    }
    let mut found: Vec<String> = std::fs::read_dir(named)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let ending = path.extension()?.to_str()?.to_lowercase();
            (path.is_file() && PICTURES.contains(&ending.as_str())).then(|| path.display().to_string())
        })
        .collect();
    found.sort();
    found
}

/// A bar on standard error, where that is a terminal.
fn bar(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64 * 100);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta}") {
        bar.set_style(style);
    }
    bar
}

/// A file of this machine becomes an asset; anything else stays as it is.
async fn bring_in(studio: &Studio, caller: &Caller, named: &str) -> Result<String> {
    let path = Path::new(named);
    if !path.is_file() {
        return Ok(named.to_owned());
    }
    let bytes = tokio::fs::read(path)
        .await
        .with_context(|| format!("{named} cannot be read"))?;
    let asset = studio
        .upload_local(caller, bytes.into(), named)
        .await
        .map_err(explain)
        .with_context(|| named.to_owned())?;
    Ok(asset.asset_id.to_string())
}

/// Waits for the end of a job and moves the bar.
async fn follow(studio: &Studio, caller: &Caller, mut value: Value, bar: &ProgressBar) -> Result<Value> {
    let before = bar.position();
    let count = value["items"].as_array().map_or(1, Vec::len) as f64;
    while matches!(value["status"].as_str(), Some("queued" | "running")) {
        value = studio
            .call(
                caller,
                "jobs.get",
                json!({ "job_id": value["job_id"], "wait_seconds": 1 }),
                None,
            )
            .await
            .map_err(explain)?
            .value;
        bar.set_position(before + (value["progress"].as_f64().unwrap_or(0.0) * count * 100.0) as u64);
        bar.set_message(value["stage"].as_str().unwrap_or_default().to_owned());
    }
    bar.set_position(before + (count * 100.0) as u64);
    Ok(value)
}

async fn save(studio: &Studio, value: &Value, folder: &Path, bar: &ProgressBar) -> Result<()> {
    tokio::fs::create_dir_all(folder)
        .await
        .with_context(|| format!("{} cannot be made", folder.display()))?;
    for output in value["outputs"].as_array().into_iter().flatten() {
        let id: AssetId = output["asset_id"]
            .as_str()
            .unwrap_or_default()
            .parse()
            .map_err(explain)?;
        let url = url::Url::parse(output["url"].as_str().unwrap_or_default())?;
        let served = studio
            .serve_media(url.path(), url.query().unwrap_or_default())
            .await
            .map_err(explain)?;
        // Titles repeat; the end of the id makes the name its own.
        let (stem, extension) = served.file_name.rsplit_once('.').unwrap_or((&served.file_name, "bin"));
        let path = folder.join(format!("{stem}-{}.{extension}", &id.as_str()[id.as_str().len() - 6..]));
        tokio::fs::write(&path, &served.bytes)
            .await
            .with_context(|| format!("{} cannot be written", path.display()))?;
        bar.suspend(|| eprintln!("{}", path.display()));
    }
    Ok(())
}
