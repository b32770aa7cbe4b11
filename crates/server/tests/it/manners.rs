//! How the program fails: in words that name the cause and the way out, and without losing anything.

use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::pictures::{data_uri, product};
use crate::process::{Process, aquatint, nap, run};

/// A command that must fail; gives what it said, and checks that it did not panic.
fn failing(data: &Path, args: &[&str], environment: &[(&str, &str)]) -> String {
    let mut child = aquatint(data)
        .args(args)
        .envs(environment.iter().copied())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while child.try_wait().expect("it can be asked").is_none() {
        if Instant::now() > deadline {
            // It may end in this very moment; either way the test fails below.
            let _ = child.kill();
        }
        nap();
    }
    let Output { status, stderr, .. } = child.wait_with_output().expect("it has ended");
    let text = String::from_utf8(stderr).expect("UTF-8");
    assert!(!status.success(), "{args:?} should have failed: {text}");
    assert_ne!(status.code(), None, "{args:?} was killed: {text}");
    assert_ne!(status.code(), Some(101), "{args:?} panicked: {text}");
    text
}

#[test]
fn a_wrong_setting_is_named_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let file = folder.path().join("studio.toml");
    let path = file.to_str().expect("UTF-8");
    for (text, words) in [
        (
            "# a comment\nlisten = \"127.0.0.1:0\"\nlisen = 1\n",
            ["lisen", "line 3", "listen"],
        ),
        ("listen = \"here\"\n", ["listen", "line 1", "127.0.0.1:8787"]),
        ("\n\nlisten = \n", ["line 3", "studio.toml", ""]),
        ("[plans.gold]\nprise = 3\n", ["prise", "line 2", ""]),
    ] {
        std::fs::write(&file, text).expect("written");
        let said = failing(&data, &["--config", path, "serve"], &[]);
        for word in words {
            assert!(said.contains(word), "`{word}` is missing for {text:?}: {said}");
        }
    }
    let said = failing(&data, &["serve"], &[("AQUATINT_LISTEN", "nowhere")]);
    assert!(said.contains("AQUATINT_LISTEN"), "{said}");
    let said = failing(&data, &["serve"], &[("AQUATINT_LISTN", "127.0.0.1:0")]);
    assert!(
        said.contains("AQUATINT_LISTN") && said.contains("AQUATINT_LISTEN"),
        "{said}"
    );
    let said = failing(&data, &["--set", "no.such=1", "serve"], &[]);
    assert!(said.contains("no.such"), "{said}");
    let said = failing(&data, &["--config", "/no/such/file.toml", "serve"], &[]);
    assert!(said.contains("/no/such/file.toml"), "{said}");
}

#[test]
fn a_taken_port_is_said_and_the_next_free_one_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let said = failing(folder.path(), &["serve", "--listen", &address], &[]);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a-file");
    std::fs::write(&file, b"not a folder").expect("written");
    let said = failing(&file.join("data"), &["serve"], &[]);
    assert!(said.contains("a-file") && said.contains("--data"), "{said}");
    let said = failing(Path::new("/proc/aquatint"), &["serve"], &[]);
    assert!(said.contains("/proc/aquatint") && said.contains("--data"), "{said}");
}

#[test]
fn a_damaged_database_is_left_alone_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    run(folder.path(), &["key", "create", "first"]);
    let database = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|extension| extension == "db"))
        .expect("a database");
    let mut bytes = std::fs::read(&database).expect("readable");
    bytes[..200].fill(b'#');
    std::fs::write(&database, &bytes).expect("written");
    for command in [&["serve"][..], &["doctor"], &["key", "list"]] {
        let mut child = aquatint(folder.path());
        let output = child.args(command).output().expect("the binary starts");
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!output.status.success(), "{command:?}: {said}");
        assert!(
            said.contains("damaged") && said.contains("backup"),
            "{command:?}: {said}"
        );
    }
    assert_eq!(std::fs::read(&database).expect("readable"), bytes);
}

#[test]
fn doctor_finds_a_new_studio_well_and_an_odd_one_wanting() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run(folder.path(), &["doctor"]);
    for part in ["configuration", "data folder", "database", "ledger", "blobs", "engine"] {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
    assert!(!said.contains("PROBLEM"), "{said}");
    let output = aquatint(folder.path())
        .arg("doctor")
        .env("AQUATINT_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !output.status.success() && said.contains("PROBLEM  storage") && said.contains("server runs"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_revoked_while_the_studio_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let secret = run(folder.path(), &["key", "create", "reader", "--scopes", "assets:read"]);
    let ask = async |path: &str| {
        let request = studio.client.get(format!("{}/api/v1{path}", studio.url));
        let answer = request.bearer_auth(&secret).send().await.expect("an answer");
        (answer.status().as_u16(), answer.headers().clone())
    };
    assert_eq!(ask("/assets").await.0, 200);
    assert_eq!(ask("/account/credits").await.0, 403);
    let listed = run(folder.path(), &["key", "list"]);
    assert!(listed.contains("reader") && !listed.contains(&secret), "{listed}");
    let id = listed
        .lines()
        .find(|line| line.contains("reader"))
        .and_then(|line| line.split_whitespace().find(|word| word.starts_with("key_")))
        .expect("an id");
    run(folder.path(), &["key", "revoke", id]);
    // Other processes hear of it within seconds.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (status, headers) = ask("/assets").await;
        if status == 401 {
            assert!(headers.contains_key("www-authenticate"));
            break;
        }
        assert!(Instant::now() < deadline, "a revoked key still works");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let again = failing(folder.path(), &["key", "revoke", id], &[]);
    assert!(again.contains(id), "{again}");
}

/// A small file system of its own, where this machine lets us mount one.
#[cfg(target_os = "linux")]
struct Small {
    folder: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl Small {
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let options = format!("size={megabytes}m");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self { folder }),
            _ => {
                println!("SKIPPED: a full disk, because this machine does not let us mount a small file system");
                None
            }
        }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Small {
    fn drop(&mut self) {
        // Lazily, because the studio may be ending still.
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.folder.path())
            .status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_the_work_gives_the_credits_back_and_keeps_the_books() {
    let Some(small) = Small::mount(12) else { return };
    let data = small.folder.path().join("data");
    let studio = Process::start(&data);
    let edit = async |size: u32| {
        let picture = data_uri(&product(size, size));
        studio
            .tool(
                "edit_image",
                json!({ "action": "resize", "width": size + 1, "images": picture, "wait_seconds": 25 }),
            )
            .await
    };
    assert_ne!(edit(60).await["isError"], json!(true));
    let filling = data.join("filling");
    let mut filled = Vec::new();
    // To the last byte, leaving a little for the database.
    for size in [1 << 20, 1 << 16, 1 << 12] {
        while std::fs::write(data.join(format!("filling-{}", filled.len())), vec![1u8; size]).is_ok() {
            filled.push(data.join(format!("filling-{}", filled.len())));
        }
    }
    std::fs::write(&filling, b"").ok();
    let refused = edit(80).await;
    assert_eq!(refused["isError"], json!(true), "{refused}");
    let problem = &refused["structuredContent"];
    assert_eq!(problem["code"], "storage_full", "{problem}");
    assert!(
        problem["message"].as_str().is_some_and(|text| text.contains("disk")),
        "{problem}"
    );
    // With room again everything goes on, without a restart.
    for number in 0..=filled.len() {
        // The last one was not written whole.
        let _ = std::fs::remove_file(data.join(format!("filling-{number}")));
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let result = edit(100).await;
        if result["isError"] != json!(true) {
            break;
        }
        assert!(Instant::now() < deadline, "{result}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(studio);
    assert!(run(&data, &["ledger", "check"]).contains("the books are right"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_uploads_that_are_too_large_are_refused_before_they_fill_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start_with(
        folder.path(),
        &[
            ("AQUATINT_LIMITS_UPLOAD_MAX_BYTES", "50000"),
            ("AQUATINT_MAX_BODY_BYTES", "1000000"),
        ],
    );
    let offer = studio.call("upload", json!({ "action": "upload_url" })).await;
    let url = offer["upload_url"].as_str().expect("a URL").to_owned();
    let answer = studio
        .client
        .put(&url)
        .body(vec![0u8; 60_000])
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 413);
    let problem: Value = answer.json().await.expect("JSON");
    assert!(
        problem["detail"]
            .as_str()
            .or(problem["message"].as_str())
            .is_some_and(|text| text.contains("50")),
        "{problem}"
    );
    // The URL is still good for a smaller file.
    let answer = studio
        .client
        .put(&url)
        .body(product(60, 60))
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let huge = vec![b' '; 2_000_000];
    let answer = studio
        .client
        .post(format!("{}/api/v1/edit/upscale", studio.url))
        .bearer_auth(&studio.key)
        .body(huge)
        .send()
        .await;
    // Either the answer arrives, or the connection is cut while the body is still being sent.
    if let Ok(answer) = answer {
        assert_eq!(answer.status(), 413);
    }
}
