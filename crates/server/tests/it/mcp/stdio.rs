//! MCP over a pipe, in both eras.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};

use super::*;

struct Pipe {
    to: WriteHalf<DuplexStream>,
    from: Lines<BufReader<ReadHalf<DuplexStream>>>,
}

impl Pipe {
    fn open(bench: Arc<Bench>) -> (Self, tokio::task::JoinHandle<Result<(), Problem>>) {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let served = tokio::spawn(aquatint::mcp::serve_pipe(bench, caller(&[]), tokio::io::split(theirs)));
        let (from, to) = tokio::io::split(ours);
        let from = BufReader::new(from).lines();
        (Self { to, from }, served)
    }

    async fn say(&mut self, message: Value) {
        self.to
            .write_all(format!("{message}\n").as_bytes())
            .await
            .expect("the server reads");
    }

    async fn hear(&mut self) -> Value {
        let line = tokio::time::timeout(Duration::from_secs(10), self.from.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }

    async fn ask(&mut self, message: Value) -> Value {
        self.say(message).await;
        self.hear().await
    }
}

#[tokio::test]
async fn an_older_client_shakes_hands_over_a_pipe() {
    let bench = Arc::new(Bench::default());
    let (mut pipe, served) = Pipe::open(bench.clone());
    let params =
        json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let hello = pipe
        .ask(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }))
        .await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
    pipe.say(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
        .await;
    let list = pipe
        .ask(json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }))
        .await;
    assert_eq!(list["result"]["tools"].as_array().expect("tools").len(), 6);
    // A scope is a matter of the result here: there is no HTTP to say it in.
    let params = json!({ "name": "guarded", "arguments": {} });
    let call = pipe
        .ask(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params }))
        .await;
    assert_eq!(call["result"]["structuredContent"]["code"], "forbidden");
    bench.go.notify_one();
    let params = json!({ "name": "slow", "_meta": { "progressToken": 5 } });
    pipe.say(json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": params }))
        .await;
    let mut notes = 0;
    loop {
        let message = pipe.hear().await;
        if message["id"] == 3 {
            break;
        }
        assert_eq!(message["method"], "notifications/progress");
        notes += 1;
    }
    assert_eq!(notes, 3);
    drop(pipe);
    served.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn the_newest_client_needs_no_handshake_over_a_pipe() {
    let (mut pipe, served) = Pipe::open(Arc::default());
    let ask = |method, params| serde_json::from_str::<Value>(&modern_body(method, params)).expect("JSON");
    let found = pipe.ask(ask("server/discover", json!({}))).await;
    assert!(found["result"]["supportedVersions"].is_array());
    let call = pipe
        .ask(ask("tools/call", json!({ "name": "echo", "arguments": { "x": 1 } })))
        .await;
    assert_eq!(call["result"]["structuredContent"]["got"]["x"], 1);
    drop(pipe);
    served.await.expect("no panic").expect("a clean end");
}
