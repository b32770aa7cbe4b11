//! The trash and share links through the front door.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use serde_json::{Value, json};

use super::person::{Filled, Person, browser, create_user, send};
use super::process::Process;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_comes_back_or_goes_for_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let first = ada.upload(super::pictures::product(64, 48), "bottle.png").await;
    let second = ada.upload(super::pictures::product(48, 64), "vase.png").await;
    let collection = ada
        .post("/collections", json!({ "name": "All", "asset_ids": [first, second] }))
        .await["collection_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let renamed = ada
        .post(
            &format!("/assets/{first}"),
            json!({ "title": "Green bottle", "tags": ["glass", "glass", " "] }),
        )
        .await;
    assert_eq!(
        (&renamed["title"], &renamed["tags"]),
        (&json!("Green bottle"), &json!(["glass"]))
    );
    let found = ada.get("/assets/search?query=glass").await;
    assert_eq!(found["assets"][0]["asset_id"], json!(first));
    assert_eq!(
        ada.get("/assets/facets").await["tags"],
        json!([{ "name": "glass", "count": 1 }])
    );

    let trashed = ada
        .post(
            "/assets/trash",
            json!({ "asset_ids": [first, "ast_00000000000000000000000000"] }),
        )
        .await;
    assert_eq!(trashed["asset_ids"], json!([first]));
    let ids = |list: &Value| -> Vec<String> {
        let assets = list["assets"].as_array().expect("assets");
        assets
            .iter()
            .map(|asset| asset["asset_id"].as_str().expect("an id").to_owned())
            .collect()
    };
    for (path, expected) in [
        ("/assets".to_owned(), vec![second.clone()]),
        ("/assets/search?query=glass".into(), vec![]),
        (format!("/collections/{collection}"), vec![second.clone()]),
        ("/trash".into(), vec![first.clone()]),
    ] {
        assert_eq!(ids(&ada.get(&path).await), expected, "{path}");
    }
    assert_eq!(ada.get(&format!("/collections/{collection}")).await["asset_count"], 1);
    assert_eq!(ada.call("GET", &format!("/assets/{first}"), None).await.0, 404);
    // The picture can still be looked at in the trash.
    let thumbnail = ada.get("/trash").await["assets"][0]["thumbnail_url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    assert_eq!(send(ada.client.get(thumbnail)).await.status, 200);
    // The same file again is a new asset, and the old one keeps its place.
    let again = ada.upload(super::pictures::product(64, 48), "bottle.png").await;
    assert_ne!(again, first);
    ada.post("/assets/restore", json!({ "asset_ids": [first] })).await;
    assert_eq!(ada.get(&format!("/collections/{collection}")).await["asset_count"], 2);
    // What is not in the trash cannot be removed for good.
    assert_eq!(
        ada.post("/assets/purge", json!({ "asset_ids": [first] })).await["count"],
        0
    );
    ada.post("/assets/trash", json!({ "asset_ids": [first] })).await;
    assert_eq!(
        ada.post("/assets/purge", json!({ "asset_ids": [first] })).await["count"],
        1
    );
    assert!(ids(&ada.get("/trash").await).is_empty());
    assert_eq!(
        ada.post("/assets/restore", json!({ "asset_ids": [first] })).await["count"],
        0
    );
    // Collections too.
    let shrunk = ada
        .post(
            &format!("/collections/{collection}/remove"),
            json!({ "asset_ids": [second] }),
        )
        .await;
    assert_eq!(shrunk["asset_count"], 0);
    let named = ada
        .post(
            &format!("/collections/{collection}"),
            json!({ "name": "None", "description": "Empty" }),
        )
        .await;
    assert_eq!(
        (&named["name"], &named["description"]),
        (&json!("None"), &json!("Empty"))
    );
    ada.delete(&format!("/collections/{collection}")).await;
    assert_eq!(
        ada.call("GET", &format!("/collections/{collection}"), None).await.0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_what_it_should_to_whom_it_should() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let first = ada.upload(super::pictures::product(64, 48), "<b>bottle</b>.png").await;
    let second = ada.upload(super::pictures::product(48, 64), "vase.png").await;
    let hidden = ada.upload(super::pictures::product(32, 32), "hidden.png").await;

    // Agents make links as well; assets and collection together are refused.
    let collection = studio
        .call(
            "collections",
            json!({ "action": "create", "name": "C", "asset_ids": [second] }),
        )
        .await;
    let both = studio
        .refused(
            "share_links",
            json!({ "action": "create", "asset_ids": [first], "collection_id": collection["collection_id"] }),
        )
        .await;
    assert_eq!(both["field"], "collection_id");
    studio.refused("share_links", json!({ "action": "create" })).await;
    let link = studio
        .call(
            "share_links",
            json!({ "action": "create", "asset_ids": [second, first], "title": "For <you>" }),
        )
        .await;
    let url = link["url"].as_str().expect("a link").to_owned();
    let id = link["share_id"].as_str().expect("an id").to_owned();
    assert!(url.contains("/s/aqt_shr_"));

    let client = browser();
    let look = async |url: &str| send(client.get(url)).await;
    let page = look(&url).await;
    assert_eq!(page.status, 200);
    for words in ["For &#60;you&#62;", "og:image", "Download all", "noindex"] {
        assert!(page.body.contains(words), "{words} is missing: {}", page.body);
    }
    assert!(!page.body.contains("<script") && !page.body.contains("<b>bottle"));
    assert!(
        page.body.find(&second) < page.body.find(&first),
        "the order is the selection's"
    );
    assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    for (path, status) in [
        (format!("/{first}/256"), 200),
        (format!("/{first}/1024"), 200),
        (format!("/{first}/download"), 200),
        (format!("/{first}/77"), 404),
        (format!("/{hidden}/1024"), 404),
        (format!("/{hidden}/download"), 404),
        ("/zip".into(), 200),
    ] {
        assert_eq!(look(&format!("{url}{path}")).await.status, status, "{path}");
    }
    let archive = client
        .get(format!("{url}/zip"))
        .send()
        .await
        .expect("an answer")
        .bytes()
        .await
        .expect("a body");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(archive)).expect("an archive");
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.expect("a name").into_owned())
        .collect();
    assert_eq!(names, ["0001-vase.png", "0002-b.png"]);
    let mut picture = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_index(1).expect("a file"), &mut picture).expect("read");
    assert_eq!(image::load_from_memory(&picture).expect("a picture").width(), 64);
    let seen = studio
        .call("share_links", json!({ "action": "get", "share_id": id }))
        .await;
    assert_eq!((&seen["view_count"], &seen["url"]), (&json!(1), &json!(url)));
    let contents = studio
        .call("share_links", json!({ "action": "contents", "share_id": id }))
        .await;
    assert_eq!(contents["assets"].as_array().map(Vec::len), Some(2));

    // With a password every route asks for it, and pictures cannot be had around it.
    let change = |body: Value| {
        let mut body = body;
        body["action"] = json!("update");
        body["share_id"] = json!(id);
        studio.call("share_links", body)
    };
    change(json!({ "password": "secret" })).await;
    let locked = look(&url).await;
    assert!(
        locked.body.contains("password is needed") && !locked.body.contains("For ") && !locked.body.contains(&first)
    );
    for path in [format!("/{first}/256"), format!("/{first}/download"), "/zip".into()] {
        assert_eq!(look(&format!("{url}{path}")).await.status, 401, "{path}");
    }
    assert_eq!(send(client.post(&url).form(&[("password", "wrong")])).await.status, 422);
    let opened = send(client.post(&url).form(&[("password", "secret")])).await;
    assert_eq!(opened.status, 303);
    let key = opened.cookies[0].split(';').next().unwrap_or_default().to_owned();
    assert!(opened.cookies[0].contains("HttpOnly"));
    let with_key = async |path: &str| {
        send(client.get(format!("{url}{path}")).header("cookie", &key))
            .await
            .status
    };
    assert_eq!(
        (with_key("").await, with_key(&format!("/{first}/256")).await),
        (200, 200)
    );
    // Another password, and the old key is none.
    change(json!({ "password": "another" })).await;
    assert_eq!(with_key(&format!("/{first}/256")).await, 401);
    change(json!({ "password": "", "allow_downloads": false })).await;
    for (path, status) in [
        ("/zip".to_owned(), 403),
        (format!("/{first}/download"), 403),
        (format!("/{first}/view"), 404),
        (format!("/{first}/1024"), 200),
    ] {
        assert_eq!(look(&format!("{url}{path}")).await.status, status, "{path}");
    }
    // What goes into the trash is not shown; an ended link shows nothing.
    ada.post("/assets/trash", json!({ "asset_ids": [first] })).await;
    assert_eq!(look(&format!("{url}/{first}/1024")).await.status, 404);
    change(json!({ "revoked": true })).await;
    assert_eq!(look(&url).await.status, 404);
    assert_eq!(look(&format!("{url}/{second}/1024")).await.status, 404);
    let back = change(json!({ "revoked": false, "expires_at": "2999-01-01T00:00:00Z" })).await;
    assert_eq!((&back["state"], look(&url).await.status), (&json!("live"), 200));
    let past = studio
        .refused(
            "share_links",
            json!({ "action": "update", "share_id": id, "expires_at": "2000-01-01T00:00:00Z" }),
        )
        .await;
    assert_eq!(past["field"], "expires_at");
    assert_eq!(studio.rest("DELETE", &format!("/share_links/{id}"), None).await.0, 403);
    ada.delete(&format!("/share_links/{id}")).await;
    assert_eq!(look(&url).await.status, 404);
    for nonsense in [
        "/s/x",
        "/s/aqt_shr_",
        &url.replace("aqt_shr_", "aqt_key_")[url.find("/s/").unwrap_or(0)..],
    ] {
        assert_eq!(
            look(&format!("{}{nonsense}", studio.url)).await.status,
            404,
            "{nonsense}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_is_shown_as_it_is_when_somebody_looks() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    let first = ada.upload(super::pictures::product(64, 48), "bottle.png").await;
    let second = ada.upload(super::pictures::product(48, 64), "vase.png").await;
    let collection = ada
        .post("/collections", json!({ "name": "C", "asset_ids": [first] }))
        .await;
    let id = collection["collection_id"].as_str().expect("an id").to_owned();
    let link = ada.post("/share_links", json!({ "collection_id": id })).await;
    let url = link["url"].as_str().expect("a link").to_owned();
    assert_eq!((&link["kind"], &link["asset_count"]), (&json!("collection"), &json!(1)));
    ada.post(&format!("/collections/{id}/assets"), json!({ "asset_ids": [second] }))
        .await;
    let page = send(ada.client.get(&url)).await;
    assert!(page.body.contains(&first) && page.body.contains(&second));
    ada.delete(&format!("/collections/{id}")).await;
    assert_eq!(send(ada.client.get(&url)).await.status, 404);
}
