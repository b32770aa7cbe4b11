//! A person with a browser that shows nothing: forms, a cookie, and calls as the web app makes them.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use super::process::{Process, aquatint};

pub const PASSWORD: &str = "correct horse battery";

/// A signed-in person.
pub struct Person {
    pub url: String,
    pub cookie: String,
    pub csrf: String,
    pub client: reqwest::Client,
}

/// An answer without redirects followed.
pub struct Answer {
    pub status: u16,
    pub location: String,
    pub cookies: Vec<String>,
    pub body: String,
    pub headers: reqwest::header::HeaderMap,
}

/// Makes an account at the command line; more arguments say where.
pub fn create_user(data: &Path, email: &str, more: &[&str]) {
    let mut child = aquatint(data)
        .args(["user", "create", email, "--password-stdin"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("its input");
    writeln!(input, "{PASSWORD}").expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A form in a request's body.
pub trait Filled {
    fn form(self, fields: &[(&str, &str)]) -> Self;
}

impl Filled for reqwest::RequestBuilder {
    fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    }
}

/// A browser of nobody yet.
pub fn browser() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("an answer");
    let headers = answer.headers().clone();
    let all = |name: &str| -> Vec<String> {
        headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().expect("text").to_owned())
            .collect()
    };
    Answer {
        status: answer.status().as_u16(),
        location: all("location").into_iter().next().unwrap_or_default(),
        cookies: all("set-cookie"),
        headers: headers.clone(),
        body: answer.text().await.expect("a body"),
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

impl Person {
    /// Signs in by the form.
    pub async fn sign_in(studio: &Process, email: &str) -> Self {
        let client = browser();
        let form = [("email", email), ("password", PASSWORD), ("next", "/app/library")];
        let answer = send(client.post(format!("{}/sign-in", studio.url)).form(&form)).await;
        assert_eq!(
            (answer.status, answer.location.as_str()),
            (303, "/app/library"),
            "{}",
            answer.body
        );
        Self::of(studio, &answer).await
    }

    /// The person whom an answer has just signed in.
    pub async fn of(studio: &Process, answer: &Answer) -> Self {
        let cookie = answer
            .cookies
            .first()
            .expect("a cookie")
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        let mut person = Self {
            url: studio.url.clone(),
            cookie,
            csrf: String::new(),
            client: browser(),
        };
        let me = person.get("/me").await;
        person.csrf = me["csrf_token"].as_str().expect("a token").to_owned();
        person
    }

    pub async fn page(&self, path: &str) -> Answer {
        send(
            self.client
                .get(format!("{}{path}", self.url))
                .header("cookie", &self.cookie),
        )
        .await
    }

    pub async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self
            .client
            .post(format!("{}{path}", self.url))
            .header("cookie", &self.cookie);
        send(request.header("origin", &self.url).form(fields)).await
    }

    /// A call as the web app makes it: status and JSON.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self
            .client
            .request(method, format!("{}/api/v1{path}", self.url))
            .header("cookie", &self.cookie)
            .header("origin", &self.url)
            .header("x-csrf-token", &self.csrf);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = send(request).await;
        (answer.status, answer.json())
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn delete(&self, path: &str) -> Value {
        let (status, answer) = self.call("DELETE", path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Brings a picture in and gives its id.
    pub async fn upload(&self, picture: Vec<u8>, name: &str) -> String {
        let link = self.post("/uploads", json!({ "file_name": name })).await;
        let url = link["upload_url"].as_str().expect("a URL");
        let answer = send(self.client.put(url).body(picture)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["asset_id"].as_str().expect("an id").to_owned()
    }
}
