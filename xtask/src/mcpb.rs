//! `cargo xtask mcpb`: a bundle that Claude Desktop and others install with one click, for the platform of a given
//! program. The official tool checks and packs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{repository, running};

/// The official tool, as `npm ci` in tests/clients puts it there.
const TOOL: &str = "node_modules/@anthropic-ai/mcpb/dist/cli/cli.js";
const ICON: &str = "packaging/mcpb/icon.png";

/// Packs `program` and prints the bundle's path and SHA-256.
pub fn run(program: &Path, out: Option<&Path>) -> Result<()> {
    if !program.is_file() {
        bail!(
            "there is no program {}; build one with `cargo build --release`",
            program.display()
        );
    }
    let version = version()?;
    let platform = Platform::of(program)?;
    let folder = tempfile::tempdir()?;
    let inside = folder.path().join("server");
    std::fs::create_dir(&inside)?;
    let name = platform.program_name();
    let packed = inside.join(name);
    std::fs::copy(program, &packed).context("the program cannot be copied")?;
    #[cfg(unix)]
    std::fs::set_permissions(&packed, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    std::fs::copy(repository::root().join(ICON), folder.path().join("icon.png")).context(ICON)?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        std::fs::copy(repository::root().join(licence), folder.path().join(licence)).context(licence)?;
    }
    let manifest = serde_json::to_string_pretty(&manifest(&version, platform))?;
    std::fs::write(folder.path().join("manifest.json"), format!("{manifest}\n"))?;

    let out = match out {
        Some(out) => std::path::absolute(out)?,
        None => repository::target()?.join(format!("aquatint-{version}-{}.mcpb", platform.words())),
    };
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let (node, tool) = tool()?;
    let mcpb = |what: &str, arguments: &[&Path]| {
        let mut command = Command::new(&node);
        command.arg(&tool).arg(what).args(arguments);
        running::quietly(&format!("mcpb {what}"), &mut command)
    };
    mcpb("validate", &[&folder.path().join("manifest.json")])?;
    mcpb("pack", &[folder.path(), &out])?;
    println!("{}", out.display());
    println!("sha256 {}", sha256(&node, &out)?);
    Ok(())
}

/// What a program runs on, read from its first bytes: a bundle holds what it was given, not what packs it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Platform {
    /// As manifests name it.
    system: &'static str,
    processor: &'static str,
}

impl Platform {
    fn of(program: &Path) -> Result<Self> {
        use std::io::Read;
        let mut head = Vec::new();
        std::fs::File::open(program)?.take(4_096).read_to_end(&mut head)?;
        Self::read(&head).with_context(|| format!("{} is not a program of a known platform", program.display()))
    }

    fn read(head: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?));
        let long = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let (system, processor) = if head.starts_with(b"\x7fELF") {
            (
                "linux",
                match word(18)? {
                    62 => "x64",
                    183 => "arm64",
                    _ => return None,
                },
            )
        } else if head.starts_with(b"\xcf\xfa\xed\xfe") {
            (
                "darwin",
                match long(4)? {
                    0x0100_0007 => "x64",
                    0x0100_000c => "arm64",
                    _ => return None,
                },
            )
        } else if head.starts_with(b"MZ") {
            let at = usize::try_from(long(0x3c)?).ok()?;
            (
                "win32",
                match word(at + 4)? {
                    0x8664 => "x64",
                    0xaa64 => "arm64",
                    _ => return None,
                },
            )
        } else {
            return None;
        };
        Some(Self { system, processor })
    }

    fn words(self) -> String {
        format!("{}-{}", self.system, self.processor)
    }

    fn program_name(self) -> &'static str {
        match self.system {
            "win32" => "aquatint.exe",
            _ => "aquatint",
        }
    }
}

fn manifest(version: &str, platform: Platform) -> Value {
    let program = format!("server/{}", platform.program_name());
    json!({
        "manifest_version": "0.3",
        "name": "aquatint",
        "display_name": "Aquatint",
        "version": version,
        "description": "A creative studio for images and video: edit, generate, organise and share.",
        "long_description": "Removes backgrounds, upscales, expands, erases, composes and generates images and short films. Works by \
            itself on this machine, or as a bridge to a studio elsewhere. Reads and writes only the folders that you choose.",
        "author": { "name": "The Aquatint contributors" },
        "license": "Apache-2.0 OR MIT",
        "icon": "icon.png",
        "keywords": ["images", "video", "background removal", "upscaling", "design"],
        "server": {
            "type": "binary",
            "entry_point": program,
            "mcp_config": {
                "command": format!("${{__dirname}}/{program}"),
                "args": ["stdio", "--folder", "${user_config.folders}"],
                "env": {
                    "AQUATINT_SERVER": "${user_config.server}",
                    "AQUATINT_KEY": "${user_config.key}",
                    "AQUATINT_SAVE": "${user_config.save}"
                }
            }
        },
        "tools_generated": true,
        "prompts_generated": true,
        "user_config": {
            "folders": {
                "type": "directory",
                "title": "Folders",
                "description": "Pictures and videos in these folders may be read, and results written there. Nothing else is touched.",
                "multiple": true,
                "required": false,
                "default": []
            },
            "save": {
                "type": "boolean",
                "title": "Save every result",
                "description": "Write each result to the first folder without being asked.",
                "required": false,
                "default": false
            },
            "server": {
                "type": "string",
                "title": "Server",
                "description": "The address of a studio, such as https://studio.example.com. Empty: everything stays on this machine.",
                "required": false,
                "default": ""
            },
            "key": {
                "type": "string",
                "title": "API key of that server",
                "description": "Empty: a browser opens to sign in.",
                "sensitive": true,
                "required": false,
                "default": ""
            }
        },
        "compatibility": { "platforms": [platform.system] }
    })
}

fn version() -> Result<String> {
    let metadata = repository::metadata()?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let own = packages.iter().find(|package| package["name"] == "aquatint");
    let version = own.and_then(|package| package["version"].as_str());
    version
        .map(str::to_owned)
        .context("cargo metadata does not know our version")
}

/// Node and the official tool.
fn tool() -> Result<(PathBuf, PathBuf)> {
    let clients = repository::root().join("tests/clients");
    let tool = clients.join(TOOL);
    if !tool.is_file() {
        bail!("the official tool is missing; run `npm ci` in tests/clients");
    }
    let own = clients.join("node_modules/node/bin/node");
    let node = if own.is_file() { own } else { PathBuf::from("node") };
    Ok((node, tool))
}

/// By node, which is here already: this crate stays small.
fn sha256(node: &Path, file: &Path) -> Result<String> {
    let script = "const{createHash}=require('crypto');\
        process.stdout.write(createHash('sha256').update(require('fs').readFileSync(process.argv[1])).digest('hex'))";
    running::output(Command::new(node).args(["-e", script]).arg(file)).map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_say_what_they_run_on() {
        let own = std::env::current_exe().expect("this test is a program");
        let platform = Platform::of(&own).expect("a known platform");
        let expected = match std::env::consts::OS {
            "macos" => "darwin",
            "windows" => "win32",
            other => other,
        };
        assert_eq!(platform.system, expected);
        let mut windows = vec![0_u8; 256];
        windows[..2].copy_from_slice(b"MZ");
        windows[0x3c] = 0x80;
        windows[0x80..0x86].copy_from_slice(&[b'P', b'E', 0, 0, 0x64, 0x86]);
        assert_eq!(Platform::read(&windows).expect("known").words(), "win32-x64");
        let mac = [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1];
        assert_eq!(Platform::read(&mac).expect("known").words(), "darwin-arm64");
        assert_eq!(Platform::read(b"#!/bin/sh"), None);
    }
}
