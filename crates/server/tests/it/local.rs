//! `aquatint stdio` as programs start it: embedded and as a bridge, with folders of this machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::pictures::product;
use crate::process::{Process, aquatint};

/// A started `aquatint stdio` and the client's end of its pipes.
struct Local {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    /// What came before the answer that was waited for.
    notes: Vec<Value>,
    next: u64,
}

impl Local {
    fn start(data: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut command = tokio::process::Command::from(aquatint(data));
        command.arg("stdio").args(arguments).envs(environment.iter().copied());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("the binary starts");
        let to = child.stdin.take().expect("piped");
        let from = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self {
            child,
            to,
            from,
            notes: Vec::new(),
            next: 1,
        }
    }

    /// The same after the handshake of a revision that has one.
    async fn start_legacy(data: &Path, environment: &[(&str, &str)], arguments: &[&str]) -> (Self, Value) {
        let mut local = Self::start(data, environment, arguments);
        let client = json!({ "name": "t", "version": "1" });
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        let hello = local.ask("initialize", params).await;
        local
            .say(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
            .await;
        (local, hello)
    }

    async fn say(&mut self, message: Value) {
        self.to
            .write_all(format!("{message}\n").as_bytes())
            .await
            .expect("it reads");
    }

    async fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.say(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
            .await;
        id
    }

    /// The next message; `None` when nothing comes in time.
    async fn hear(&mut self, patience: Duration) -> Option<Value> {
        let line = tokio::time::timeout(patience, self.from.next_line()).await.ok()?;
        let line = line.expect("readable").expect("it goes on");
        // Nothing but messages may stand on standard output.
        Some(serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}")))
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        loop {
            let message = self.hear(Duration::from_secs(60)).await.expect("an answer in time");
            if message["id"] == json!(id) {
                return message;
            }
            self.notes.push(message);
        }
    }

    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self
            .ask("tools/call", json!({ "name": tool, "arguments": arguments }))
            .await;
        assert!(answer["result"].is_object(), "{tool}: {answer}");
        answer["result"].clone()
    }

    async fn good(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone()).await;
        assert_ne!(result["isError"], json!(true), "{tool} {arguments}: {result}");
        result
    }

    async fn refused(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone()).await;
        assert_eq!(result["isError"], json!(true), "{tool} {arguments}: {result}");
        assert!(result["content"][0]["text"].is_string());
        result["structuredContent"].clone()
    }
}

/// A home with an allowed folder, and one that is not.
struct Home {
    folder: tempfile::TempDir,
    allowed: PathBuf,
    cup: String,
    outside: String,
}

fn home() -> Home {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path");
    let allowed = root.join("pictures");
    std::fs::create_dir_all(&allowed).expect("made");
    std::fs::create_dir_all(root.join("private")).expect("made");
    let (cup, outside) = (allowed.join("cup.png"), root.join("private/cup.png"));
    std::fs::write(&cup, product(120, 90)).expect("written");
    std::fs::write(&outside, product(120, 90)).expect("written");
    Home {
        cup: cup.display().to_string(),
        outside: outside.display().to_string(),
        allowed,
        folder,
    }
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = names
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What both kinds must do with paths.
async fn reads_and_writes_only_where_it_may(local: &mut Local, home: &Home) {
    let tools = local.ask("tools/list", json!({})).await["result"]["tools"].clone();
    for tool in tools.as_array().expect("tools") {
        let has = tool["inputSchema"]["properties"]["save_to"].is_object();
        assert_eq!(
            has,
            matches!(
                tool["name"].as_str(),
                Some("edit_image" | "generate_media" | "get_job_status" | "assets" | "upload")
            ),
            "{}",
            tool["name"]
        );
    }

    // A path in, a file out, and the name that was there stays what it was.
    let before = std::fs::read(&home.cup).expect("there");
    let resize = json!({ "action": "resize", "images": home.cup, "width": 40, "sync": true, "save_to": true });
    let made = local.good("edit_image", resize.clone()).await;
    let saved = PathBuf::from(made["structuredContent"]["saved_files"][0].as_str().expect("a path"));
    assert!(saved.starts_with(&home.allowed), "{saved:?}");
    assert_eq!(image::open(&saved).expect("a picture").width(), 40);
    assert_eq!(std::fs::read(&home.cup).expect("there"), before);
    assert!(made["content"].to_string().contains("Saved: "), "{made}");
    let again = local.good("edit_image", resize).await;
    assert_ne!(
        again["structuredContent"]["saved_files"][0],
        json!(saved),
        "nothing is overwritten"
    );
    let named = json!({ "action": "resize", "images": format!("file://{}", home.cup), "width": 20, "sync": true, "save_to": "set/small.jpg" });
    let made = local.good("edit_image", named).await;
    assert_eq!(
        made["structuredContent"]["saved_files"],
        json!([home.allowed.join("set/small.png")]),
        "the ending says what it is"
    );

    // The same file again is the same asset.
    let first = local.good("upload", json!({ "action": "url", "url": home.cup })).await;
    let second = local.good("upload", json!({ "action": "url", "url": home.cup })).await;
    assert!(first["structuredContent"]["asset_id"].is_string(), "{first}");
    assert_eq!(
        first["structuredContent"]["asset_id"],
        second["structuredContent"]["asset_id"]
    );

    // A job that has not ended has nothing to save yet, and says how.
    let args = json!({ "action": "upscale", "images": home.cup, "scale": "4", "wait_seconds": 0, "save_to": true });
    let begun = local.good("edit_image", args).await;
    let job = begun["structuredContent"]["job_id"].clone();
    let mut done = begun.clone();
    for _ in 0..40 {
        if done["structuredContent"]["status"] == "succeeded" {
            break;
        }
        assert!(done["content"].to_string().contains("get_job_status"), "{done}");
        done = local
            .good(
                "get_job_status",
                json!({ "job_id": job, "sync": true, "save_to": "large" }),
            )
            .await;
    }
    let large = PathBuf::from(done["structuredContent"]["saved_files"][0].as_str().expect("a path"));
    assert_eq!(image::open(&large).expect("a picture").width(), 480);

    // Everything else is refused, with what to do, and nothing is written.
    let count = files(&home.allowed).len();
    for (arguments, field) in [
        (
            json!({ "action": "resize", "images": home.outside, "width": 20 }),
            "images",
        ),
        (
            json!({ "action": "resize", "images": [home.cup, "/etc/passwd"], "width": 20 }),
            "images[1]",
        ),
        (
            json!({ "action": "resize", "images": format!("{}/../private/cup.png", home.allowed.display()), "width": 20 }),
            "images",
        ),
        (
            json!({ "action": "erase", "images": home.cup, "mask": home.outside }),
            "mask",
        ),
        (
            json!({ "action": "resize", "images": home.cup, "width": 20, "save_to": home.outside }),
            "save_to",
        ),
        (
            json!({ "action": "resize", "images": home.cup, "width": 20, "save_to": "../private/" }),
            "save_to",
        ),
        (
            json!({ "action": "resize", "images": home.cup, "width": 20, "save_to": 7 }),
            "save_to",
        ),
    ] {
        let problem = local.refused("edit_image", arguments.clone()).await;
        assert_eq!(problem["field"], json!(field), "{arguments}: {problem}");
        assert!(
            problem["message"].as_str().is_some_and(|message| message.len() > 20),
            "{problem}"
        );
    }
    assert_eq!(files(&home.allowed).len(), count);
    assert_eq!(files(&home.folder.path().join("private")), ["cup.png"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_it_reads_and_writes_only_where_it_may() {
    let home = home();
    let data = tempfile::tempdir().expect("a folder");
    let folder = home.allowed.display().to_string();
    let (mut local, hello) = Local::start_legacy(data.path(), &[], &["--folder", &folder, ""]).await;
    let words = hello["result"]["instructions"].as_str().expect("instructions");
    assert!(words.contains(&folder) && words.contains("save_to"), "{words}");
    reads_and_writes_only_where_it_may(&mut local, &home).await;

    // Without a folder there is neither reading nor writing, and no word of it in the list.
    let other = tempfile::tempdir().expect("a folder");
    let (mut bare, _) = Local::start_legacy(other.path(), &[], &[]).await;
    let list = bare.ask("tools/list", json!({})).await;
    assert!(!list.to_string().contains("save_to"));
    let problem = bare
        .refused(
            "edit_image",
            json!({ "action": "resize", "images": home.cup, "width": 20 }),
        )
        .await;
    assert!(
        problem["hint"].as_str().is_some_and(|hint| hint.contains("--folder")),
        "{problem}"
    );

    // The client closes its end, and the process ends.
    drop((bare.to, local.to));
    for child in [&mut bare.child, &mut local.child] {
        let end = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
        assert!(end.expect("in time").expect("ended").success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_bridge_it_does_the_same_and_relays_the_rest() {
    let home = home();
    let data = tempfile::tempdir().expect("a folder");
    let studio = Process::start(data.path());
    let own = tempfile::tempdir().expect("a folder");
    let folder = home.allowed.display().to_string();
    let environment = [("AQUATINT_KEY", studio.key.as_str())];
    let arguments = ["--server", studio.url.as_str(), "--folder", folder.as_str()];
    let (mut local, hello) = Local::start_legacy(own.path(), &environment, &arguments).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "aquatint");
    assert!(
        !own.path().join("aquatint.db").exists(),
        "a bridge has no studio of its own"
    );
    reads_and_writes_only_where_it_may(&mut local, &home).await;

    // Progress comes through, and only with the token that was given.
    let made = studio.call("edit_image", json!({ "action": "resize", "images": crate::pictures::data_uri(&product(700, 700)), "width": 690, "sync": true })).await;
    let params = json!({ "name": "edit_image", "arguments": { "action": "upscale", "images": made["outputs"][0]["asset_id"], "scale": "4", "sync": true }, "_meta": { "progressToken": "p" } });
    local.notes.clear();
    let answer = local.ask("tools/call", params).await;
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    assert!(
        !local.notes.is_empty() && local.notes.iter().all(|note| note["params"]["progressToken"] == "p"),
        "{:?}",
        local.notes
    );

    // Resources, prompts, completion; and the newest revision without any handshake.
    let read = local
        .ask("resources/read", json!({ "uri": "guide://local-files" }))
        .await;
    assert!(
        read["result"]["contents"][0]["text"]
            .as_str()
            .is_some_and(|text| text.contains("save_to")),
        "{read}"
    );
    let prompts = local.ask("prompts/list", json!({})).await;
    assert!(
        prompts["result"]["prompts"]
            .as_array()
            .is_some_and(|prompts| prompts.len() >= 5)
    );
    let missing = local.ask("resources/read", json!({ "uri": "guide://none" })).await;
    assert!(missing["error"]["code"].is_number(), "{missing}");
    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} });
    let mut modern = Local::start(own.path(), &environment, &arguments);
    let found = modern.ask("server/discover", json!({ "_meta": meta })).await;
    assert!(found["result"]["supportedVersions"].is_array(), "{found}");
    let odd = modern
        .ask("resources/read", json!({ "uri": "guide://ünknown", "_meta": meta }))
        .await;
    assert_eq!(odd["error"]["code"], -32602, "{odd}");
    let params = json!({ "name": "edit_image", "arguments": { "action": "resize", "images": home.cup, "width": 33, "sync": true }, "_meta": meta });
    let call = modern.ask("tools/call", params).await;
    assert_eq!(call["result"]["structuredContent"]["outputs"][0]["width"], 33, "{call}");
    let params = json!({ "name": "edit_image", "arguments": { "action": "resize", "images": home.outside, "width": 33 }, "_meta": meta });
    let refused = modern.ask("tools/call", params).await;
    assert_eq!(
        (
            refused["result"]["isError"].as_bool(),
            refused["result"]["resultType"].as_str()
        ),
        (Some(true), Some("complete"))
    );

    // The server goes away in the middle: a failure that a model can read.
    drop(studio);
    let problem = local.refused("account", json!({ "action": "credits" })).await;
    assert_eq!(
        (problem["code"].as_str(), problem["retryable"].as_bool()),
        (Some("unavailable"), Some(true)),
        "{problem}"
    );
    let list = local.ask("resources/list", json!({})).await;
    assert!(
        list["error"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("127.0.0.1")),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_a_wrong_address_are_told_as_such() {
    let data = tempfile::tempdir().expect("a folder");
    let studio = Process::start(data.path());
    let own = tempfile::tempdir().expect("a folder");
    let mut local = Local::start(own.path(), &[], &["--server", &studio.url, "--key", "aqt_key_wrong"]);
    let answer = local.ask("tools/list", json!({})).await;
    assert!(
        answer["error"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("--key")),
        "{answer}"
    );
    for (address, word) in [("http://studio.example.com", "https"), ("studio", "https://")] {
        let output = aquatint(own.path())
            .args(["stdio", "--server", address, "--key", "k"])
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && words.contains(word), "{address}: {words}");
        assert!(output.stdout.is_empty());
    }
    let output = aquatint(own.path())
        .args(["stdio", "--folder", "/nowhere/at/all"])
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("/nowhere/at/all"));
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_saved_once_where_that_was_chosen() {
    let home = home();
    let data = tempfile::tempdir().expect("a folder");
    let folder = home.allowed.display().to_string();
    let (mut local, _) = Local::start_legacy(data.path(), &[("AQUATINT_SAVE", "true")], &["--folder", &folder]).await;
    let args = json!({ "action": "resize", "images": home.cup, "width": 30, "sync": true });
    let made = local.good("edit_image", args).await;
    assert_eq!(
        made["structuredContent"]["saved_files"].as_array().map(Vec::len),
        Some(1),
        "{made}"
    );
    let job = made["structuredContent"]["job_id"].clone();
    let seen = local.good("get_job_status", json!({ "job_id": job })).await;
    assert!(
        seen["structuredContent"].get("saved_files").is_none(),
        "it was saved before: {seen}"
    );
    assert_eq!(files(&home.allowed).len(), 2);
}

/// A cancelled call gets no answer, and what was sent after it does.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_passes() {
    let data = tempfile::tempdir().expect("a folder");
    let studio = Process::start(data.path());
    let own = tempfile::tempdir().expect("a folder");
    let picture = crate::pictures::data_uri(&product(1600, 1600));
    let begin =
        json!({ "model": "video/aquatint/pan-zoom", "images": picture, "prompt": "slow", "duration_seconds": 10 });
    for arguments in [
        vec!["--server", studio.url.as_str(), "--key", studio.key.as_str()],
        vec![],
    ] {
        let (mut local, _) = Local::start_legacy(own.path(), &[], &arguments).await;
        let job = local.good("generate_media", begin.clone()).await["structuredContent"]["job_id"].clone();
        let waiting = json!({ "name": "get_job_status", "arguments": { "job_id": job, "sync": true } });
        let id = local.send("tools/call", waiting).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        local
            .say(json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } }))
            .await;
        let after = local.good("cancel_job", json!({ "job_id": job })).await;
        assert!(after["structuredContent"]["job_id"].is_string());
        // The wait would have ended with the job; its answer never comes.
        let late = local.hear(Duration::from_secs(2)).await;
        assert!(
            late.is_none() && local.notes.iter().all(|note| note["id"] != json!(id)),
            "{late:?}"
        );
    }
}

/// A proxy that knows one server, `studio.lan`; gives its port, and the heads of what it was asked.
async fn proxy(studio: &str) -> (u16, std::sync::Arc<parking_lot::Mutex<Vec<String>>>) {
    use tokio::io::AsyncReadExt;
    let studio = studio.trim_start_matches("http://").to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heads: std::sync::Arc<parking_lot::Mutex<Vec<String>>> = std::sync::Arc::default();
    let heard = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let (studio, heard) = (studio.clone(), heard.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let is_known = head.contains("Proxy-Authorization: Basic YWRhOnNlY3JldA==\r\n");
                heard.lock().push(head);
                if !is_known {
                    return client.write_all(b"HTTP/1.1 407 Who are you\r\n\r\n").await;
                }
                let mut server = tokio::net::TcpStream::connect(studio).await?;
                client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
            });
        }
    });
    (port, heads)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_goes_through_the_proxy_of_its_environment() {
    let data = tempfile::tempdir().expect("a folder");
    let studio = Process::start_with(data.path(), &[("AQUATINT_ALLOWED_HOSTS", "studio.lan")]);
    let own = tempfile::tempdir().expect("a folder");
    let (port, heads) = proxy(&studio.url).await;
    let server = studio.url.replace("127.0.0.1", "studio.lan");
    let place = server.trim_start_matches("http://").to_owned();
    let arguments = ["--server", server.as_str(), "--key", studio.key.as_str()];

    let known = format!("http://ada:secret@127.0.0.1:{port}");
    let (mut local, hello) = Local::start_legacy(own.path(), &[("HTTP_PROXY", &known)], &arguments).await;
    assert_eq!(hello["result"]["serverInfo"]["name"], "aquatint", "{hello}");
    local.good("account", json!({ "action": "credits" })).await;
    let asked = heads.lock().clone();
    assert!(asked.len() >= 2);
    for head in &asked {
        assert!(head.starts_with(&format!("CONNECT {place} HTTP/1.1\r\n")), "{head}");
        assert!(!head.contains(&studio.key), "{head}");
    }

    let stranger = format!("127.0.0.1:{port}");
    let mut local = Local::start(own.path(), &[("http_proxy", &stranger)], &arguments);
    let refused = local.ask("tools/list", json!({})).await;
    let words = refused["error"]["message"].as_str().expect("words");
    assert!(words.contains("proxy") && words.contains("407"), "{words}");

    // Where NO_PROXY names the server, the proxy hears nothing of it.
    let count = heads.lock().len();
    let environment = [("HTTP_PROXY", known.as_str()), ("NO_PROXY", "studio.lan")];
    let mut local = Local::start(own.path(), &environment, &arguments);
    let refused = local.ask("tools/list", json!({})).await;
    assert!(refused["error"].is_object(), "nobody is called studio.lan: {refused}");
    assert_eq!(heads.lock().len(), count);
}
